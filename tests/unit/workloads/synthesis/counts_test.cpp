#include "workloads/synthesis/counts.hpp"

#include <gtest/gtest.h>

namespace workloads::synthesis {
namespace {

constexpr std::int64_t second = 1'000'000;

StatementCount counted(const char* id, std::int64_t calls, double time_ms, std::int64_t rows) {
    StatementCount count;
    count.id = count.text = id;
    count.calls = calls;
    count.time_ms = time_ms;
    count.rows = rows;
    return count;
}

Reading reading(std::int64_t at_s, std::vector<StatementCount> statements) {
    Reading made;
    made.statements = std::move(statements);
    made.at_us = at_s * second;
    made.reset_us = 5 * second;
    made.evictions = 0;
    return made;
}

TEST(Counts, GivesWhatCameBetweenTwoReadings) {
    const auto window = std::get<Window>(between(
        reading(10, {counted("a", 100, 50, 200), counted("idle", 7, 1, 1)}),
        reading(70,
                {counted("a", 160, 80, 260), counted("idle", 7, 1, 1), counted("new", 3, 2, 1)})));
    EXPECT_EQ(window.seconds, 60);
    ASSERT_EQ(window.entries.size(), 2U);
    EXPECT_EQ(window.entries[0].counted.calls, 60);
    EXPECT_EQ(window.entries[0].counted.time_ms, 30);
    EXPECT_EQ(window.entries[0].counted.rows, 60);
    EXPECT_EQ(window.entries[1].counted.id, "new");
    EXPECT_EQ(window.entries[1].counted.calls, 3);
}

TEST(Counts, TakesAStatementThatWasThrownOutMeanwhileAsCountedFromNought) {
    auto first = reading(10, {counted("a", 100, 50, 200)});
    auto second_one = reading(20, {counted("a", 4, 2, 8)});
    second_one.evictions = 3;
    const auto window = std::get<Window>(between(first, second_one));
    ASSERT_EQ(window.entries.size(), 1U);
    EXPECT_EQ(window.entries[0].counted.calls, 4);
    EXPECT_EQ(window.entries[0].counted.time_ms, 2);
    EXPECT_EQ(window.evictions, 3);
}

TEST(Counts, RefusesReadingsThatDoNotBelongTogether) {
    auto later = reading(20, {});
    later.reset_us = 15 * second;
    EXPECT_NE(std::get<std::string>(between(reading(10, {}), later)).find("reset"),
              std::string::npos);
    EXPECT_NE(std::get<std::string>(between(reading(10, {}), reading(10, {}))).find("clock"),
              std::string::npos);
}

TEST(Counts, CountsEachStatementSinceItAppeared) {
    auto young = counted("young", 10, 1, 1);
    young.since_us = 55 * second;
    auto newborn = counted("newborn", 1, 1, 1);
    newborn.since_us = 65 * second;
    const auto window =
        std::get<Window>(since_reset(reading(65, {counted("old", 60, 1, 1), young, newborn})));
    ASSERT_EQ(window.entries.size(), 3U);
    EXPECT_EQ(window.entries[0].seconds, 60);
    EXPECT_EQ(window.entries[1].seconds, 10);
    EXPECT_EQ(window.entries[2].seconds, 1);
    EXPECT_TRUE(window.since_reset);
}

TEST(Counts, NeedsToKnowSinceWhenItCounts) {
    auto old = reading(65, {});
    old.reset_us.reset();
    EXPECT_NE(std::get<std::string>(since_reset(old)).find("--window 60s"), std::string::npos);
    EXPECT_NE(std::get<std::string>(since_reset(reading(5, {}))).find("--window 60s"),
              std::string::npos);
}

}  // namespace
}  // namespace workloads::synthesis
