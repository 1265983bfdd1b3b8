#include "reports/read_json.hpp"

#include "reports/json.hpp"
#include "reports/packed_text.hpp"
#include "reports/terminal.hpp"
#include "reports/verdict.hpp"
#include "tests/unit/reports/sample_record.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace reports {
namespace {

void expect_in(const std::string& part, const std::string& text) {
    EXPECT_NE(text.find(part), std::string::npos) << "\"" << part << "\" in: " << text;
}

Record read(const std::string& text) {
    auto result = read_json(text);
    if (const auto* wrong = std::get_if<std::string>(&result)) {
        throw std::runtime_error{*wrong};
    }
    return std::get<Record>(std::move(result));
}

std::string refusal(const std::string& text) {
    const auto result = read_json(text);
    const auto* wrong = std::get_if<std::string>(&result);
    return wrong == nullptr ? "" : *wrong;
}

Verification full_proof() {
    TableProof table;
    table.name = "orders";
    table.rows_before = 5;
    table.verdict = Proof::fail;
    table.problems = {"a problem"};
    table.mismatches = {{.kind = "changed",
                         .key = "id=5",
                         .columns = {"a"},
                         .by = "read",
                         .rows = RowValues{.before = "id=5", .after = "id=6"}},
                        {.kind = "lost", .key = "id=7"}};
    table.lost = 1;
    table.left_extra = 2;
    table.left_changed = 3;
    table.followed = true;
    table.workload = {1, 2, 3};
    table.given = {{"region", 9}};
    table.schema_changes = {{"index", "i", "is INVALID", "valid", "", true}};
    Verification proof;
    proof.tables = {table};
    proof.ledger.emplace();
    proof.ledger->transactions = 5;
    proof.ledger->spilled_bytes = 7;
    proof.ledger->catch_up_s = 0.5;
    proof.invariants = {{.name = "i",
                         .expected = "equals 0",
                         .before = "0",
                         .after = "1",
                         .looks = 3,
                         .violations = 1,
                         .first_violation_s = 1.5,
                         .first_violation = "1",
                         .verdict = Proof::fail,
                         .detail = "d"}};
    proof.lost_writes = {{"orders", "region", 12, {"place"}}};
    proof.seconds = 2.5;
    return proof;
}

// Something in every part of it.
Record full() {
    Record record = samples::naive();
    record.run.started_at_epoch_s = 1'767'225'600.25;
    record.run.overridden = {"workload.rate"};
    record.operations[0].sent_by = SentBy::old_version;
    record.operations[1].by_app[1][2] = samples::calls_of(30, 12.3456);
    record.operations[1].by_app[1][2].errors = {{"57014", 3}, {"connection_lost", 1}};
    record.operations[1].by_app[1][2].failed_response.record_us(4'000'000'000, 4);
    record.operations[1].by_app[0][0] = samples::calls_of(7, 1);
    record.error_meanings = {{"57014", "canceled"}};
    record.steps[0].attempts.push_back(
        {.start_s = 1, .end_s = 2, .outcome = "55P03", .error = "too long", .statement = 2});
    record.steps[0].throttled_s = 1.5;
    record.steps[0].file = "shop.yaml";
    record.steps[0].line = 12;
    record.steps[0].throttle_reasons = "p99";
    record.adversaries = {{"report", 1, 2, "failed", "no table"}};
    record.locks.episodes[0].queued = record.locks.episodes[0].blocker;
    record.locks.episodes[0].queued->pid = 7;
    record.locks.episodes[0].queued_mode = "RowExclusiveLock";
    record.locks.episodes_dropped = 3;
    record.replication = {.measured = true, .max_lag_s = 1.5, .max_lag_bytes = 100};
    record.warnings = {"a warning"};
    record.harness_faults = {"a fault"};
    record.migration_error = "it failed";
    samples::spread_over_seconds(record);

    record.steps[0].locks[0].start_s = 15.5;
    record.steps[0].progress = {{.at_s = 16, .rows = 7, .throttled_s = 0.5, .throttled_by = "p99"}};
    record.locks.waits = {{.episode = 0,
                           .pid = 7,
                           .behind = 4711,
                           .kind = "operation",
                           .name = "read",
                           .relation = "orders",
                           .mode = "AccessShareLock",
                           .start_s = 15.2,
                           .end_s = 16.25}};
    record.locks.waits_dropped = 4;
    record.server.samples = {{.at_s = 1,
                              .log_bytes = 5,
                              .checkpoints = 1,
                              .cache_hits = 2,
                              .cache_misses = 3,
                              .updates = 4,
                              .hot_updates = 5,
                              .replica_lag_s = 0.25}};
    record.server.tables = {{"orders", 1, 2, 3, 4, 5, 6}};

    record.verification = full_proof();
    return record;
}

TEST(ReadJson, ARecordComesBackWhole) {
    auto record = full();
    auto back = full();
    back.is_rollback = true;
    back.run = record.run;
    record.rollback = std::make_shared<Record>(back);
    decide(record, std::vector{samples::gate("errors", "0"),
                               samples::ratio_gate("read.response.p99", "1.25", "5ms")});
    const auto text = to_json(record);
    const auto again = read(text);
    EXPECT_EQ(to_json(again), text);
    EXPECT_EQ(terminal_summary(again, {}), terminal_summary(record, {}));
}

TEST(ReadJson, ItIsJudgedAgainAsItWas) {
    auto record = full();
    const std::vector gates{samples::gate("lock_wait.max", "300ms"), samples::gate("errors", "0"),
                            samples::gate("response.p99_9", "10s"),
                            samples::ratio_gate("response.p50", "1.1")};
    decide(record, gates);
    auto again = read(to_json(record));
    decide(again, gates);
    EXPECT_EQ(to_json(again), to_json(record));
}

TEST(ReadJson, ARefusalNamesThePlace) {
    const auto broken = [](auto&& change) {
        auto json = nlohmann::json::parse(to_json(full()));
        change(json);
        return refusal(json.dump());
    };
    expect_in("no JSON", refusal(""));
    expect_in("the file: an object was expected, not array", refusal("[]"));
    const auto text = to_json(full());
    expect_in("cut off", refusal(text.substr(0, text.size() / 2)));
    expect_in("schema: this program reads rehearse.result/1, not rehearse.result/2",
              broken([](auto& json) { json["schema"] = "rehearse.result/2"; }));
    expect_in("steps[0].start_s: a number was expected, not string",
              broken([](auto& json) { json["steps"][0]["start_s"] = "soon"; }));
    expect_in("steps[0]: `kind` is missing",
              broken([](auto& json) { json["steps"][0].erase("kind"); }));
    expect_in("verdict: \"fine\" is not known here",
              broken([](auto& json) { json["verdict"] = "fine"; }));
    expect_in("operations[0].measured[0].count: a whole number",
              broken([](auto& json) { json["operations"][0]["measured"][0]["count"] = -1; }));
    expect_in("no histogram", broken([](auto& json) {
                  json["operations"][0]["measured"][0]["response"]["hdr"] = "AAAA";
              }));
    expect_in("broken", broken([](auto& json) { json["latencies"] = "AAAA"; }));
    expect_in("does not hold the calls that were counted of the operation \"read\"",
              broken([](auto& json) { json["latencies"] = base64(deflated("")); }));
    expect_in("two have the same name",
              broken([](auto& json) { json["operations"][1]["name"] = "read"; }));
    expect_in("not those of its buckets", broken([](auto& json) {
                  json["operations"][0]["measured"][0]["response"]["max_us"] = 0;
              }));
    expect_in("phases[1]: it does not end after its start",
              broken([](auto& json) { json["phases"][1]["start_s"] = nullptr; }));
    expect_in("not one after the other",
              broken([](auto& json) { json["phases"][1]["name"] = "during"; }));
    expect_in("too large", broken([](auto& json) { json["locks"]["max_blocked"] = 1ULL << 32; }));
    expect_in("an operation that the run does not have",
              broken([](auto& json) { json["operations"].erase(1); }));
}

TEST(ReadJson, NoTruncationNorChangedByteBreaksIt) {
    const auto text = to_json(full());
    for (std::size_t at = 0; at < text.size(); at += 37) {
        static_cast<void>(read_json(text.substr(0, at)));
        auto changed = text;
        changed[at] = changed[at] == '9' ? '[' : '9';
        static_cast<void>(read_json(changed));
    }
}

TEST(PackedText, ComesBackWhateverItHolds) {
    std::string bytes;
    for (int i = 0; i < 700; ++i) {
        EXPECT_EQ(from_base64(base64(bytes)), bytes);
        EXPECT_EQ(inflated(deflated(bytes), bytes.size()), bytes);
        bytes += static_cast<char>(i * 7);
    }
}

TEST(PackedText, WhatIsBrokenOrTooLargeIsRefused) {
    EXPECT_EQ(from_base64("abc"), std::nullopt);
    EXPECT_EQ(from_base64("ab=c"), std::nullopt);
    EXPECT_EQ(from_base64("ab c"), std::nullopt);
    const auto packed = deflated(std::string(1'000, 'x'));
    EXPECT_EQ(inflated(packed, 999), std::nullopt);
    EXPECT_EQ(inflated(packed.substr(0, packed.size() - 1), 1'000), std::nullopt);
    EXPECT_EQ(inflated(packed + "x", 1'000), std::nullopt);
}

}  // namespace
}  // namespace reports
