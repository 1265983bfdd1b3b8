#include "workloads/synthesis/synthesis.hpp"

#include "sample_catalog.hpp"

#include <gtest/gtest.h>

namespace workloads::synthesis {
namespace {

const std::vector<std::string> path{"public"};

Window::Entry entry(const std::string& text, std::int64_t calls, double time_ms = 1,
                    std::optional<bool> top_level = {}) {
    StatementCount counted;
    counted.id = counted.text = text;
    counted.calls = calls;
    counted.time_ms = time_ms;
    counted.rows = calls;
    counted.top_level = top_level;
    return {counted, 10};
}

SynthesizedWorkload synthesized(std::vector<Window::Entry> entries, const Options& options = {}) {
    Window window;
    window.entries = std::move(entries);
    window.seconds = 10;
    const Draft draft{window, options};
    std::vector<Description> descriptions;
    for (const auto& statement : draft.statements()) {
        descriptions.emplace_back(std::vector(
            static_cast<std::size_t>(read_statement(statement).parameters), TypeClass::integer));
    }
    return draft.finish(shop_catalog(), path, descriptions);
}

TEST(Synthesis, MakesAnOperationOfEachStatementWithItsShareOfTheRate) {
    Options options;
    options.scale = 0.5;
    const auto workload = synthesized({entry("SELECT * FROM orders WHERE id = $1", 100),
                                       entry("SELECT * FROM customers WHERE id = $1", 300),
                                       entry("UPDATE orders SET total = $1 WHERE id = $2", 100)},
                                      options);
    ASSERT_EQ(workload.operations.size(), 3U);
    EXPECT_EQ(workload.operations[0].name, "select_customers_by_id");
    EXPECT_EQ(workload.operations[0].sql, "SELECT * FROM customers WHERE id = :id");
    EXPECT_EQ(workload.operations[0].share.calls_per_s, 30);
    EXPECT_EQ(workload.operations[1].name, "select_orders_by_id");
    EXPECT_EQ(workload.operations[2].name, "update_orders_by_id");
    EXPECT_EQ(workload.operations[2].sql, "UPDATE orders SET total = :total WHERE id = :id");
    EXPECT_EQ(workload.rate_per_s, 25);
    EXPECT_EQ(workload.coverage_of_calls(), 1);
}

TEST(Synthesis, CountsWhatItLeavesOut) {
    const auto workload = synthesized(
        {entry("SELECT * FROM orders WHERE id = $1", 60, 20), entry("SELECT pg_sleep($1)", 10, 50),
         entry("COPY orders TO STDOUT", 10, 10), entry("<insufficient privilege>", 10, 10),
         entry("SELEKT", 5, 5), entry("SELECT * FROM pg_class WHERE oid = $1", 5, 5),
         entry("BEGIN", 500), entry("SELECT $1 FROM customers", 700, 1, false),
         entry("/* rehearse */ SELECT 1", 20), entry("SELECT * FROM rehearse.guard", 10)});
    ASSERT_EQ(workload.operations.size(), 1U);
    EXPECT_DOUBLE_EQ(workload.all.calls_per_s, 10);
    EXPECT_DOUBLE_EQ(workload.coverage_of_calls(), 0.6);
    EXPECT_DOUBLE_EQ(workload.coverage_of_time(), 0.2);
    EXPECT_DOUBLE_EQ(workload.session_control.calls_per_s, 50);
    EXPECT_DOUBLE_EQ(workload.nested.calls_per_s, 70);
    EXPECT_DOUBLE_EQ(workload.own.calls_per_s, 3);
    ASSERT_EQ(workload.omissions.size(), 5U);
    double left_out = 0;
    for (const auto& omission : workload.omissions) {
        left_out += omission.share.calls_per_s;
    }
    EXPECT_DOUBLE_EQ(left_out + workload.covered.calls_per_s, workload.all.calls_per_s);
}

TEST(Synthesis, CountsWhatStaysBeyondTheTop) {
    Options options;
    options.top = 1;
    const auto workload = synthesized({entry("SELECT * FROM orders WHERE id = $1", 10, 1),
                                       entry("SELECT * FROM customers WHERE id = $1", 90, 9)},
                                      options);
    ASSERT_EQ(workload.operations.size(), 1U);
    EXPECT_EQ(workload.operations[0].name, "select_customers_by_id");
    ASSERT_EQ(workload.omissions.size(), 1U);
    EXPECT_EQ(workload.omissions[0].reason, "rare statements beyond the top 1");
    EXPECT_DOUBLE_EQ(workload.coverage_of_calls(), 0.9);
}

TEST(Synthesis, TakesStatementsThatDifferInCommentsAndUsersAsOne) {
    const auto workload = synthesized({entry("SELECT * FROM orders WHERE id = $1", 10),
                                       entry("/* a */ SELECT * FROM orders WHERE id = $1", 30)});
    ASSERT_EQ(workload.operations.size(), 1U);
    EXPECT_EQ(workload.operations[0].share.calls_per_s, 4);
}

TEST(Synthesis, GivesEveryOperationANameOfItsOwn) {
    const auto workload =
        synthesized({entry("SELECT id FROM orders WHERE id = $1", 3),
                     entry("SELECT status FROM orders WHERE id = $1", 2),
                     entry("SELECT line FROM archive.\"Order Lines\" WHERE line = $1", 1)});
    ASSERT_EQ(workload.operations.size(), 3U);
    EXPECT_EQ(workload.operations[0].name, "select_orders_by_id");
    EXPECT_EQ(workload.operations[1].name, "select_orders_by_id_2");
    EXPECT_EQ(workload.operations[2].name, "select_Order_Lines_by_line");
}

TEST(Synthesis, LooksTablesUpWhereMostOfItIsSent) {
    auto shop = entry("SELECT * FROM orders WHERE id = $1", 90),
         other = entry("SELECT * FROM customers WHERE id = $1", 10);
    shop.counted.search_path = "shop, public";
    const auto workload = synthesized({shop, other});
    EXPECT_EQ(workload.search_path, "shop, public");
    ASSERT_EQ(workload.operations.size(), 1U);
    ASSERT_EQ(workload.omissions.size(), 1U);
    EXPECT_NE(workload.omissions[0].reason.find("search_path"), std::string::npos);
}

TEST(Synthesis, SaysWhatTheSourceRefuses) {
    Window window;
    window.entries = {entry("SELECT * FROM orders WHERE id = $1", 10)};
    const Draft draft{window, {}};
    const auto workload = draft.finish(shop_catalog(), path, {Description{"no such column"}});
    EXPECT_TRUE(workload.operations.empty());
    EXPECT_EQ(workload.coverage_of_calls(), 0);
    EXPECT_NE(workload.omissions.at(0).reason.find("no such column"), std::string::npos);
}

TEST(Synthesis, GivesAnOpenLoopRoomForWhatRunsAtOneInstant) {
    SynthesizedWorkload workload;
    workload.covered.ms_per_s = 30'000;  // thirty sessions always busy
    EXPECT_EQ(connections_for(workload, 4, 1), 60);
    EXPECT_EQ(connections_for(workload, 50, 1), 100);
    EXPECT_EQ(connections_for(workload, 4, 0.01), 8);
    EXPECT_EQ(connections_for(workload, 4, 1e6), 1'000);
}

}  // namespace
}  // namespace workloads::synthesis
