// Gates on operations: every way to look well that is not.
#include "reports/comparisons.hpp"
#include "reports/gates.hpp"
#include "tests/unit/reports/sample_record.hpp"

#include <cmath>
#include <functional>

#include <gtest/gtest.h>

namespace reports {
namespace {

using samples::calls;
using samples::calls_of;
using samples::gate;
using samples::healthy;
using samples::judge_one;
using samples::ratio_gate;
using samples::schedule;
using enum PhaseName;

struct Case {
    const char* that;
    Gate gate;
    std::function<void(Record&)> change;
    Verdict verdict;
    const char* says;  // in the detail
};

std::ostream& operator<<(std::ostream& out, const Case& each) {
    return out << each.that;
}

class OperationGate : public testing::TestWithParam<Case> {};

TEST_P(OperationGate, IsJudged) {
    const auto& each = GetParam();
    auto record = healthy();
    each.change(record);
    const auto result = judge_one(each.gate, record);
    EXPECT_EQ(name_of(result.verdict), std::string{name_of(each.verdict)}) << result.detail;
    EXPECT_NE(result.detail.find(each.says), std::string::npos) << result.detail;
    if (each.verdict == Verdict::inconclusive) {
        EXPECT_FALSE(result.detail.empty());
    }
}

void nothing(Record&) {}

// Replaces what operation 0 did in during and after by `total` calls in all.
auto judged(std::uint64_t total, double ms, std::uint64_t failures = 0) {
    return [=](Record& record) {
        calls(record, 0, during) = calls_of(total - failures, ms);
        calls(record, 0, during).errors["55P03"] = failures;
        calls(record, 0, after) = {};
        // The rule that a silent phase is suspicious is tested on its own.
        calls(record, 0, before) = {};
    };
}

auto baseline(std::uint64_t count, double ms, std::uint64_t failures = 0) {
    return [=](Record& record) {
        calls(record, 0, before) = calls_of(count - failures, ms);
        calls(record, 0, before).errors["57014"] = failures;
    };
}

auto judged_against(std::uint64_t count_before, double ms_before, std::uint64_t count, double ms,
                    std::uint64_t failures = 0) {
    return [=](Record& record) {
        judged(count, ms, failures)(record);
        baseline(count_before, ms_before)(record);
        calls(record, 0, after) = calls_of(1, ms);  // so that the phase is not silent
    };
}

void late_generator(Record& record) {
    schedule(record, PhaseName::during).lag.record_us(600'000, 5'000);
}

void without_phase(Record& record, PhaseName name) {
    std::erase_if(record.phases, [&](const Phase& phase) { return phase.name == name; });
}

auto stalled(double start_s, double end_s) {
    return [=](Record& r) { r.operations[1].longest_stall_of_migration = {start_s, end_s}; };
}

void deploy(Record& record) {
    Step step;
    step.name = "deploy";
    step.kind = "deploy";
    step.outcome = "ok";
    record.steps.push_back(step);
}

INSTANTIATE_TEST_SUITE_P(
    Stall, OperationGate,
    testing::Values(Case{"within", gate("stall.max", "20.5ms"), nothing, Verdict::pass, "worst:"},
                    Case{"over", gate("stall.max", "500ms"), stalled(16, 17), Verdict::fail,
                         "write from 16.0 s to 17.0 s"},
                    Case{"over, of another operation", gate("read.stall.max", "500ms"),
                         stalled(16, 17), Verdict::pass, ""},
                    Case{"not a number", gate("stall.max", "500ms"), stalled(16, NAN),
                         Verdict::inconclusive, "not measured"},
                    Case{"backwards", gate("stall.max", "500ms"), stalled(17, 16),
                         Verdict::inconclusive, "not measured"},
                    Case{"nothing got through, yet no stall was noted", gate("stall.max", "500ms"),
                         judged(50, 1, 50), Verdict::inconclusive,
                         "No call of read got through at all"},
                    Case{"an operation that never ran", gate("stall.max", "500ms"), judged(0, 1),
                         Verdict::inconclusive, "read was never due during or after"},
                    Case{"one operation stands, another never ran", gate("stall.max", "500ms"),
                         [](Record& r) {
                             judged(0, 1)(r);
                             stalled(16, 17)(r);
                         },
                         Verdict::fail, "write"},
                    Case{"an unknown operation", gate("raed.stall.max", "500ms"), nothing,
                         Verdict::inconclusive, "no operation \"raed\""},
                    Case{"no during phase", gate("stall.max", "500ms"),
                         [](Record& r) { without_phase(r, during); }, Verdict::inconclusive,
                         "during"},
                    Case{"over by less than the generator's lag", gate("stall.max", "500ms"),
                         [](Record& r) {
                             stalled(16, 17)(r);
                             late_generator(r);
                         },
                         Verdict::inconclusive, "may have been the generator"},
                    Case{"over by more than the generator's lag", gate("stall.max", "500ms"),
                         [](Record& r) {
                             stalled(16, 18)(r);
                             late_generator(r);
                         },
                         Verdict::fail, ""}));

INSTANTIATE_TEST_SUITE_P(
    Errors, OperationGate,
    testing::Values(
        Case{"none", gate("errors", "0"), nothing, Verdict::pass, ""},
        Case{"one", gate("errors", "0"), [](Record& r) { calls(r, 1, after).errors["40P01"] = 1; },
             Verdict::fail, "40P01: 1"},
        Case{"of the new application", gate("errors", "0"),
             [](Record& r) { calls(r, 1, during, 1).errors["42703"] = 7; }, Verdict::fail,
             "42703: 7"},
        Case{"of another operation", gate("read.errors", "0"),
             [](Record& r) { calls(r, 1, after).errors["40P01"] = 1; }, Verdict::pass, ""},
        Case{"within", gate("errors", "12"),
             [](Record& r) {
                 calls(r, 0, during).errors["40P01"] = 10;
                 calls(r, 1, after).errors["unfinished"] = 2;
             },
             Verdict::pass, "40P01: 10, unfinished: 2"},
        Case{"only before the migration", gate("errors", "0"),
             [](Record& r) { calls(r, 0, before).errors["40P01"] = 3; }, Verdict::pass,
             "3 more before the migration began"},
        Case{"an operation that never ran", gate("errors", "0"), judged(0, 1),
             Verdict::inconclusive, "never due"},
        Case{"no operation at all", gate("errors", "0"), [](Record& r) { r.operations.clear(); },
             Verdict::inconclusive, "No operation"},
        Case{"no after phase", gate("errors", "0"), [](Record& r) { without_phase(r, after); },
             Verdict::inconclusive, "did not go on"},
        Case{"retries are no errors", gate("errors", "0"),
             [](Record& r) { calls(r, 0, during).retries = 99; }, Verdict::pass, ""}));

INSTANTIATE_TEST_SUITE_P(
    AbsoluteLimit, OperationGate,
    testing::Values(
        Case{"within", gate("read.response.p99", "50ms"), nothing, Verdict::pass, "40,000 calls"},
        Case{"the worst operation counts", gate("response.p99", "50ms"),
             [](Record& r) { calls(r, 1, during).merge(calls_of(2'000, 80)); }, Verdict::fail,
             "write"},
        Case{"the other operation is well", gate("read.response.p99", "50ms"),
             [](Record& r) { calls(r, 1, during).merge(calls_of(2'000, 80)); }, Verdict::pass, ""},
        Case{"over", gate("read.response.p50", "1ms"), nothing, Verdict::fail, "read"},
        Case{"p99 of 99 calls", gate("read.response.p99", "50ms"), judged(99, 1),
             Verdict::inconclusive, "rests on 99 calls and needs 100"},
        Case{"p99 of 100 calls", gate("read.response.p99", "50ms"), judged(100, 1), Verdict::pass,
             ""},
        Case{"p99 of 3 calls over", gate("read.response.p99", "50ms"), judged(3, 60), Verdict::fail,
             ""},
        Case{"p99.9 of 999 calls", gate("read.response.p99.9", "50ms"), judged(999, 1),
             Verdict::inconclusive, "needs 1,000"},
        Case{"p99.9 of 1,000 calls", gate("read.response.p99.9", "50ms"), judged(1'000, 1),
             Verdict::pass, ""},
        Case{"p50 of 19 calls", gate("read.response.p50", "50ms"), judged(19, 1),
             Verdict::inconclusive, "needs 20"},
        Case{"p95 of 20 calls", gate("read.response.p95", "50ms"), judged(20, 1), Verdict::pass,
             ""},
        Case{"max of one call", gate("read.response.max", "50ms"), judged(1, 1), Verdict::pass, ""},
        Case{"mean of 19 calls", gate("read.response.mean", "50ms"), judged(19, 1),
             Verdict::inconclusive, "needs 20"},
        Case{"no call", gate("read.response.max", "50ms"), judged(0, 1), Verdict::inconclusive,
             "never due"},
        Case{"all calls fail", gate("read.response.p99", "50ms"), judged(5'000, 1, 5'000),
             Verdict::fail, "5,000 calls of 5,000 failed"},
        Case{"all service times are of failed calls", gate("read.service.p50", "50ms"),
             judged(5'000, 1, 5'000), Verdict::fail, "failed"},
        Case{"all calls fail, mean", gate("read.response.mean", "50ms"), judged(50, 1, 50),
             Verdict::fail, "failed"},
        Case{"1 % fail, p99", gate("read.response.p99", "50ms"), judged(1'000, 1, 10),
             Verdict::pass, ""},
        Case{"more than 1 % fail, p99", gate("read.response.p99", "50ms"), judged(1'000, 1, 11),
             Verdict::fail, "11 calls of 1,000 failed"},
        Case{"more than 1 % fail, p95", gate("read.response.p95", "50ms"), judged(1'000, 1, 11),
             Verdict::pass, ""},
        Case{"one call fails, max", gate("read.response.max", "50ms"), judged(1'000, 1, 1),
             Verdict::fail, "1 call of 1,000 failed"},
        Case{"more than 1 % fail, mean", gate("read.response.mean", "50ms"), judged(1'000, 1, 11),
             Verdict::inconclusive, "leaves out 11 failed calls"},
        Case{"1 % fail, mean", gate("read.response.mean", "50ms"), judged(1'000, 1, 10),
             Verdict::pass, ""},
        Case{"a saturated value over a limit", gate("read.response.max", "1s"),
             [](Record& r) {
                 calls(r, 0, during).count += 1;
                 calls(r, 0, during).response.record_us(5'000'000'000);
             },
             Verdict::fail, ""},
        Case{"saturated values under a limit past the end", gate("read.response.p50", "2h"),
             judged(100, 5'000'000), Verdict::inconclusive, "past the histogram's end"},
        Case{"times of some calls are missing", gate("read.response.p99", "50ms"),
             [](Record& r) { calls(r, 0, during).count += 500; }, Verdict::inconclusive, "missing"},
        Case{"silent during", gate("read.response.p99", "50ms"),
             [](Record& r) { calls(r, 0, during) = {}; }, Verdict::inconclusive,
             "read was never due in `during`, where some 20,000 calls were to be expected"},
        Case{"silent after", gate("read.response.p99", "50ms"),
             [](Record& r) { calls(r, 0, after) = {}; }, Verdict::inconclusive, "in `after`"},
        Case{"silent in a migration of 4 ms", gate("read.response.p99", "50ms"),
             [](Record& r) {
                 r.phases[2].end_s = r.phases[2].start_s + 0.004;
                 calls(r, 0, during) = {};
             },
             Verdict::pass, ""},
        Case{"unsent operations", gate("read.response.p99", "50ms"),
             [](Record& r) { schedule(r, PhaseName::during).unsent = 401; }, Verdict::inconclusive,
             "never sent"},
        Case{"over by less than the generator's lag", gate("read.response.p50", "1ms"),
             late_generator, Verdict::inconclusive, "may have been the generator"},
        Case{"no after phase", gate("read.response.p99", "50ms"),
             [](Record& r) { without_phase(r, after); }, Verdict::inconclusive, "did not go on"},
        Case{"closed loop is told", gate("read.response.p99", "50ms"),
             [](Record& r) { r.open_loop = false; }, Verdict::pass, "closed loop"}));

INSTANTIATE_TEST_SUITE_P(
    Ratio, OperationGate,
    testing::Values(
        Case{"the same as before", ratio_gate("response.p90", "1.25", "5ms"), nothing,
             Verdict::pass, "1.00x"},
        Case{"slower", ratio_gate("read.response.p99", "1.25"),
             judged_against(2'000, 10, 2'000, 13), Verdict::fail, " its p99 before"},
        Case{"slower within the ratio", ratio_gate("read.response.p99", "1.25"),
             judged_against(2'000, 10, 2'000, 12), Verdict::pass, ""},
        Case{"slower by less than the floor", ratio_gate("read.response.p99", "1.25", "5ms"),
             judged_against(2'000, 10, 2'000, 14), Verdict::pass, ""},
        Case{"slower by more than the floor", ratio_gate("read.response.p99", "1.25", "5ms"),
             judged_against(2'000, 10, 2'000, 16), Verdict::fail, ""},
        Case{"too few before", ratio_gate("read.response.p99", "1.25"),
             judged_against(999, 10, 2'000, 10), Verdict::inconclusive, "999 calls"},
        Case{"too few during and after", ratio_gate("read.response.p99", "1.25"),
             judged_against(2'000, 10, 998, 10), Verdict::inconclusive, "999 calls"},
        Case{"too few, however much slower", ratio_gate("read.response.p99", "1.25"),
             judged_against(2'000, 10, 500, 900), Verdict::inconclusive, "needs 1,000"},
        Case{"no baseline", ratio_gate("read.response.p99", "1.25"), baseline(0, 1),
             Verdict::inconclusive, "has no baseline"},
        Case{"never ran afterwards", ratio_gate("read.response.p99", "1.25"),
             [](Record& r) {
                 calls(r, 0, during) = {};
                 calls(r, 0, after) = {};
             },
             Verdict::inconclusive, "never due during or after"},
        Case{"failed calls before", ratio_gate("read.response.p99", "1.25"),
             baseline(20'000, 10, 400), Verdict::inconclusive, "falls on failed calls"},
        Case{"failed calls afterwards", ratio_gate("read.response.p99", "1.25"),
             judged_against(2'000, 10, 2'000, 10, 40), Verdict::fail, "40 calls"},
        Case{"all failed, though few", ratio_gate("read.response.p99", "1.25"),
             [](Record& r) {
                 calls(r, 0, during) = {};
                 calls(r, 0, during).errors["42P01"] = 30;
                 calls(r, 0, after) = {};
             },
             Verdict::inconclusive, "30 calls"},
        Case{"a late generator", ratio_gate("read.response.p99", "1.25"), late_generator,
             Verdict::inconclusive, "generator itself was late"},
        Case{"a saturated baseline", ratio_gate("read.response.p50", "1.25"),
             judged_against(100, 5'000'000, 100, 5'000'000), Verdict::inconclusive,
             "falls on failed calls"},
        Case{"missing times", ratio_gate("read.response.p99", "1.25"),
             [](Record& r) { calls(r, 0, before).count += 1; }, Verdict::inconclusive, "missing"},
        Case{"the worst operation counts", ratio_gate("response.p99", "1.25"),
             [](Record& r) {
                 calls(r, 1, during).merge(calls_of(2'000, 80));
                 calls(r, 0, during).merge(calls_of(2'000, 40));
             },
             Verdict::fail, "(and 1 operation more)"},
        Case{"one operation could not be judged", ratio_gate("response.p99", "1.25"),
             judged_against(10, 10, 10, 10), Verdict::inconclusive, "read"}));

Gate ratio_and_limit(const char* limit) {
    auto both = ratio_gate("read.response.p90", "1.25");
    both.limit = gate("read.response.p90", limit).limit;
    return both;
}

auto sent_by(SentBy app) {
    return [app](Record& r) {
        deploy(r);
        r.operations[0].sent_by = app;
        auto& [old_calls, new_calls] = r.operations[0].by_app;
        if (app == SentBy::new_version) {
            std::swap(old_calls, new_calls);
            new_calls[static_cast<std::size_t>(before)] = {};
        } else {
            old_calls[static_cast<std::size_t>(during)] = {};
            old_calls[static_cast<std::size_t>(after)] = {};
        }
    };
}

INSTANTIATE_TEST_SUITE_P(
    BothAndDeploys, OperationGate,
    testing::Values(Case{"ratio holds, limit does not", ratio_and_limit("1ms"), nothing,
                         Verdict::fail, "read"},
                    Case{"limit holds, ratio does not", ratio_and_limit("1s"),
                         judged_against(2'000, 10, 2'000, 20), Verdict::fail, "2.0"},
                    Case{"limit holds, ratio is unknown", ratio_and_limit("1s"), baseline(10, 1),
                         Verdict::inconclusive, "needs 100"},
                    Case{"limit does not hold, ratio is unknown", ratio_and_limit("1ms"),
                         baseline(10, 1), Verdict::fail, ""},
                    Case{"both hold", ratio_and_limit("1s"), nothing, Verdict::pass, ""},
                    Case{"retired by the deploy", gate("errors", "0"), sent_by(SentBy::old_version),
                         Verdict::pass, "read was retired by the deploy"},
                    Case{"retired by the deploy, but asked for", gate("read.errors", "0"),
                         sent_by(SentBy::old_version), Verdict::inconclusive, "never due"},
                    Case{"absent although both versions send it", gate("errors", "0"),
                         sent_by(SentBy::both), Verdict::inconclusive, "never due"},
                    Case{"absent without a deploy", gate("errors", "0"),
                         [](Record& r) {
                             sent_by(SentBy::old_version)(r);
                             r.steps.pop_back();
                         },
                         Verdict::inconclusive, "never due"},
                    Case{"absent after a deploy that failed", gate("errors", "0"),
                         [](Record& r) {
                             sent_by(SentBy::old_version)(r);
                             r.steps.back().outcome = "failed";
                         },
                         Verdict::inconclusive, "never due"},
                    Case{"retired, and nothing else there", gate("errors", "0"),
                         [](Record& r) {
                             sent_by(SentBy::old_version)(r);
                             r.operations.pop_back();
                         },
                         Verdict::inconclusive, "No operation was left"},
                    Case{"new, without a limit of its own", ratio_gate("response.p90", "1.25"),
                         sent_by(SentBy::new_version), Verdict::inconclusive, "has no baseline"},
                    Case{"new, under an absolute limit", gate("response.p99", "50ms"),
                         sent_by(SentBy::new_version), Verdict::pass, ""}));

TEST(OperationGate, LeavesANewOperationToItsOwnLimit) {
    auto record = healthy();
    sent_by(SentBy::new_version)(record);
    const std::vector<Gate> gates{ratio_gate("response.p50", "1.25"),
                                  gate("read.response.p99", "50ms")};
    samples::spread_over_seconds(record);
    record.comparisons = compare_operations(record, gates);
    const auto results = judge(gates, record);
    EXPECT_EQ(results.at(0).verdict, Verdict::pass) << results.at(0).detail;
    EXPECT_NE(results.at(0).detail.find("judged by its own limit"), std::string::npos);
    EXPECT_EQ(results.at(1).verdict, Verdict::pass);
}

TEST(OperationGate, LeavesAnOperationToItsOwnRatio) {
    auto record = healthy();
    judged_against(2'000, 10, 2'000, 13)(record);
    samples::spread_over_seconds(record);
    const std::vector<Gate> gates{ratio_gate("response.p50", "1.25"),
                                  ratio_gate("read.response.p50", "1.5")};
    record.comparisons = compare_operations(record, gates);
    for (const auto& result : judge(gates, record)) {
        EXPECT_EQ(result.verdict, Verdict::pass) << result.name << ": " << result.detail;
    }
}

// Sent by the old version only, which a deploy retires early in the migration.
Record retired_early(double ms) {
    auto record = healthy();
    deploy(record);
    record.operations[0].sent_by = SentBy::old_version;
    calls(record, 0, before) = calls_of(20'000, 10);
    calls(record, 0, during) = calls_of(60, ms);
    calls(record, 0, after) = {};
    record.phases[2].end_s = record.phases[2].start_s + 2;  // too short for ten blocks
    record.phases[3] = {after, record.phases[2].end_s, record.phases[2].end_s + 2};
    samples::spread_over_seconds(record);
    return record;
}

GateResult judged_alone(Record record) {
    const std::vector<Gate> gates{ratio_gate("response.p50", "1.25")};
    record.comparisons = compare_operations(record, gates);
    return judge(gates, record).at(0);
}

TEST(OperationGate, LeavesOutWhatWasRetiredTooSoonAndWasNoSlower) {
    const auto result = judged_alone(retired_early(10));
    EXPECT_NE(result.detail.find("read was retired by the deploy too soon to be compared"),
              std::string::npos)
        << result.detail;
}

TEST(OperationGate, StaysUnclearOfWhatWasSlowerBeforeItWasRetired) {
    const auto result = judged_alone(retired_early(100));
    EXPECT_EQ(result.verdict, Verdict::inconclusive);
    EXPECT_EQ(result.detail.find("too soon"), std::string::npos) << result.detail;
}

}  // namespace
}  // namespace reports
