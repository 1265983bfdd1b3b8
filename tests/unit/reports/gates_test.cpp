// Gates on the whole run. The tables hold one way each to break a healthy run.
#include "reports/gates.hpp"

#include "tests/unit/reports/sample_record.hpp"

#include <cmath>
#include <functional>

#include <gtest/gtest.h>

namespace reports {
namespace {

using samples::coverage;
using samples::gate;
using samples::healthy;
using samples::judge_one;
using samples::ratio_gate;

struct Case {
    const char* that;
    const char* key;
    const char* limit;
    std::function<void(Record&)> change;
    Verdict verdict;
    const char* says;  // in the detail
};

std::ostream& operator<<(std::ostream& out, const Case& each) {
    return out << each.that;
}

class WholeRunGate : public testing::TestWithParam<Case> {};

TEST_P(WholeRunGate, IsJudged) {
    const auto& each = GetParam();
    auto record = healthy();
    each.change(record);
    const auto result = judge_one(gate(each.key, each.limit), record);
    EXPECT_EQ(name_of(result.verdict), std::string{name_of(each.verdict)}) << result.detail;
    EXPECT_NE(result.detail.find(each.says), std::string::npos) << result.detail;
    if (each.verdict == Verdict::inconclusive) {
        EXPECT_FALSE(result.detail.empty());
    }
}

void nothing(Record&) {}

void without_phase(Record& record, PhaseName name) {
    std::erase_if(record.phases, [&](const Phase& phase) { return phase.name == name; });
}

const auto wait_of = [](double ms) { return [ms](Record& r) { r.locks.max_wait_ms = ms; }; };
const auto lost = [](PhaseName phase, std::uint64_t n) {
    return [=](Record& r) { coverage(r, phase).lost_samples = n; };
};
const auto cut_off = [](PhaseName phase) {
    return [=](Record& r) { coverage(r, phase).connection_losses = 1; };
};
const auto gap = [](double ms) {
    return [ms](Record& r) { coverage(r, PhaseName::during).longest_gap_ms = ms; };
};
const auto blocked = [](std::uint32_t n) { return [n](Record& r) { r.locks.max_blocked = n; }; };

INSTANTIATE_TEST_SUITE_P(
    LockWait, WholeRunGate,
    testing::Values(
        Case{"within", "lock_wait.max", "300ms", nothing, Verdict::pass, "sampled every 20.0 ms"},
        Case{"at the limit", "lock_wait.max", "300ms", wait_of(300), Verdict::pass, ""},
        Case{"at a strict limit", "lock_wait.max", "< 300ms", wait_of(300), Verdict::fail, ""},
        Case{"over", "lock_wait.max", "300ms", wait_of(300.01), Verdict::fail, "longest gap"},
        Case{"not a number", "lock_wait.max", "300ms", wait_of(NAN), Verdict::inconclusive,
             "not measured"},
        Case{"infinite", "lock_wait.max", "300ms", wait_of(INFINITY), Verdict::inconclusive,
             "not measured"},
        Case{"negative", "lock_wait.max", "300ms", wait_of(-1), Verdict::inconclusive,
             "not measured"},
        Case{"no sample", "lock_wait.max", "300ms", [](Record& r) { r.locks.samples = 0; },
             Verdict::inconclusive, "no sample"},
        Case{"one sample in a hundred lost", "lock_wait.max", "300ms", lost(PhaseName::during, 5),
             Verdict::pass, ""},
        Case{"more than one sample in a hundred lost", "lock_wait.max", "300ms",
             lost(PhaseName::during, 6), Verdict::inconclusive,
             "lost 6 samples of 506 in `during`"},
        Case{"two samples of a short migration lost", "lock_wait.max", "300ms",
             [](Record& r) {
                 r.phases[2].end_s = 15.5;
                 coverage(r, PhaseName::during) = {
                     .samples = 23, .lost_samples = 2, .longest_gap_ms = 60};
             },
             Verdict::pass, ""},
        Case{"three samples of a short migration lost", "lock_wait.max", "300ms",
             [](Record& r) {
                 r.phases[2].end_s = 15.5;
                 coverage(r, PhaseName::during) = {
                     .samples = 22, .lost_samples = 3, .longest_gap_ms = 80};
             },
             Verdict::inconclusive, "lost 3 samples of 25 in `during`"},
        Case{"samples lost before the migration", "lock_wait.max", "300ms",
             [](Record& r) {
                 lost(PhaseName::warmup, 200)(r);
                 lost(PhaseName::before, 400)(r);
             },
             Verdict::pass, ""},
        Case{"over in spite of lost samples", "lock_wait.max", "300ms",
             [](Record& r) {
                 lost(PhaseName::during, 400)(r);
                 r.locks.max_wait_ms = 301;
             },
             Verdict::fail, ""},
        Case{"a lost connection", "lock_wait.max", "300ms", cut_off(PhaseName::after),
             Verdict::inconclusive, "lost its connection 1 time in `after`"},
        Case{"a connection lost in the warm-up", "lock_wait.max", "300ms",
             cut_off(PhaseName::warmup), Verdict::pass, ""},
        Case{"a gap longer than the limit", "lock_wait.max", "300ms", gap(300.5),
             Verdict::inconclusive, "could have come and gone unseen"},
        Case{"a gap as long as the limit", "lock_wait.max", "300ms", gap(300), Verdict::pass, ""},
        Case{"a gap that is not a number", "lock_wait.max", "300ms", gap(NAN),
             Verdict::inconclusive, "gap"},
        Case{"a gap never measured", "lock_wait.max", "300ms", gap(0), Verdict::inconclusive,
             "unknown"},
        Case{"an observer that died early", "lock_wait.max", "300ms",
             [](Record& r) { coverage(r, PhaseName::during).samples = 300; }, Verdict::inconclusive,
             "took only 300 samples in `during`"},
        Case{"a gap in the warm-up", "lock_wait.max", "300ms",
             [](Record& r) {
                 coverage(r, PhaseName::warmup).longest_gap_ms = 900;
                 r.locks.longest_gap_ms = 900;
             },
             Verdict::pass, "longest gap 24.0 ms"},
        Case{"a gap after the migration", "lock_wait.max", "300ms",
             [](Record& r) { coverage(r, PhaseName::after).longest_gap_ms = 900; },
             Verdict::inconclusive, "could have come and gone unseen"},
        Case{"no during phase", "lock_wait.max", "300ms",
             [](Record& r) { without_phase(r, PhaseName::during); }, Verdict::inconclusive,
             "no `during` phase"},
        Case{"no after phase", "lock_wait.max", "300ms",
             [](Record& r) { without_phase(r, PhaseName::after); }, Verdict::inconclusive,
             "did not go on"},
        Case{"an after phase of no length", "lock_wait.max", "300ms",
             [](Record& r) { r.phases[3].end_s = r.phases[3].start_s; }, Verdict::inconclusive,
             "did not go on"},
        Case{"phases that are not numbers", "lock_wait.max", "300ms",
             [](Record& r) { r.phases[2].end_s = NAN; }, Verdict::inconclusive, "during"},
        Case{"nobody there to wait", "lock_wait.max", "300ms",
             [](Record& r) { r.operations.clear(); }, Verdict::inconclusive,
             "No operation was due"}));

INSTANTIATE_TEST_SUITE_P(
    Blocked, WholeRunGate,
    testing::Values(Case{"within", "blocked.max", "3", nothing, Verdict::pass, "sampled every"},
                    Case{"strict", "blocked.max", "< 3", nothing, Verdict::fail, ""},
                    Case{"over", "blocked.max", "20", blocked(21), Verdict::fail, ""},
                    Case{"no sample", "blocked.max", "20", [](Record& r) { r.locks.samples = 0; },
                         Verdict::inconclusive, "no sample"},
                    Case{"lost samples", "blocked.max", "20", lost(PhaseName::after, 40),
                         Verdict::inconclusive, "lost 40 samples"},
                    Case{"a gap of 200 ms", "blocked.max", "20", gap(200), Verdict::pass, ""},
                    Case{"a gap of more than a second", "blocked.max", "20", gap(1'001),
                         Verdict::inconclusive, "Nobody looked for 1.00 s"}));

INSTANTIATE_TEST_SUITE_P(
    Deadlocks, WholeRunGate,
    testing::Values(
        Case{"none", "deadlocks", "0", nothing, Verdict::pass, ""},
        Case{"one", "deadlocks", "0", [](Record& r) { r.locks.deadlocks = 1; }, Verdict::fail, ""},
        Case{"not observed", "deadlocks", "0", [](Record& r) { r.locks.samples = 0; },
             Verdict::inconclusive, "not connected"},
        Case{"connection lost", "deadlocks", "0", cut_off(PhaseName::during), Verdict::inconclusive,
             "not connected"},
        Case{"no during", "deadlocks", "0", [](Record& r) { without_phase(r, PhaseName::during); },
             Verdict::inconclusive, "during"}));

INSTANTIATE_TEST_SUITE_P(
    Duration, WholeRunGate,
    testing::Values(
        Case{"within", "duration", "10s", nothing, Verdict::pass, "first step's start"},
        Case{"over", "duration", "9.9s", nothing, Verdict::fail, ""},
        Case{"no step", "duration", "10s", [](Record& r) { r.steps.clear(); },
             Verdict::inconclusive, "No step"},
        Case{"only skipped steps", "duration", "10s",
             [](Record& r) { r.steps[0].outcome = "skipped"; }, Verdict::inconclusive, "No step"},
        Case{"failed early", "duration", "10s", [](Record& r) { r.steps[0].outcome = "failed"; },
             Verdict::inconclusive, "did not finish"},
        Case{"failed late", "duration", "5s", [](Record& r) { r.steps[0].outcome = "failed"; },
             Verdict::fail, ""},
        Case{"no outcome", "duration", "10s", [](Record& r) { r.steps[0].outcome = ""; },
             Verdict::inconclusive, "without an outcome"},
        Case{"skipped step at second zero is no part of it", "duration", "10s",
             [](Record& r) {
                 Step skipped;
                 skipped.name = "later";
                 skipped.outcome = "skipped";
                 r.steps.push_back(skipped);
             },
             Verdict::inconclusive, "\"later\" is skipped"},
        Case{"times that are not numbers", "duration", "10s",
             [](Record& r) { r.steps[0].start_s = r.steps[0].end_s = NAN; }, Verdict::inconclusive,
             "No step"}));

INSTANTIATE_TEST_SUITE_P(
    ReplicaLag, WholeRunGate,
    testing::Values(Case{"not measured", "replica_lag", "1s", nothing, Verdict::inconclusive,
                         "No replica was measured"},
                    Case{"within", "replica_lag", "1s",
                         [](Record& r) { r.replication = {.measured = true, .max_lag_s = 0.5}; },
                         Verdict::pass, ""},
                    Case{"over", "replica_lag", "1s",
                         [](Record& r) { r.replication = {.measured = true, .max_lag_s = 1.5}; },
                         Verdict::fail, ""},
                    Case{"not a number", "replica_lag", "1s",
                         [](Record& r) { r.replication = {.measured = true, .max_lag_s = NAN}; },
                         Verdict::inconclusive, "not measured"}));

TEST(Gate, WithoutANumberIsNeverAPass) {
    for (const double bad : {NAN, INFINITY}) {
        Gate broken = gate("errors", "0");
        broken.limit = bad;
        EXPECT_EQ(judge_one(broken, healthy()).verdict, Verdict::inconclusive);
        Gate ratio = ratio_gate("response.p99", "1.25");
        ratio.ratio = bad;
        EXPECT_EQ(judge_one(ratio, healthy()).verdict, Verdict::inconclusive);
        Gate floor = ratio_gate("response.p99", "1.25");
        floor.floor_ms = bad;
        EXPECT_EQ(judge_one(floor, healthy()).verdict, Verdict::inconclusive);
    }
    Gate empty;
    EXPECT_EQ(judge_one(empty, healthy()).verdict, Verdict::inconclusive);
    Gate ratio_of_errors;
    ratio_of_errors.ratio = 1.5;
    EXPECT_EQ(judge_one(ratio_of_errors, healthy()).verdict, Verdict::inconclusive);
}

TEST(Gate, OfAnUnknownStatisticIsNeverAPass) {
    Gate odd = gate("response.p99", "1s");
    odd.statistic = "p42";
    EXPECT_EQ(judge_one(odd, healthy()).verdict, Verdict::inconclusive);
}

TEST(Gate, OnAnEmptyRecordIsNeverAPass) {
    const Record empty;
    for (const char* key : {"lock_wait.max", "stall.max", "duration", "replica_lag", "response.p50",
                            "service.max", "read.stall.max"}) {
        EXPECT_EQ(judge_one(gate(key, "1h"), empty).verdict, Verdict::inconclusive) << key;
    }
    for (const char* key : {"errors", "deadlocks", "blocked.max", "read.errors"}) {
        EXPECT_EQ(judge_one(gate(key, "1000"), empty).verdict, Verdict::inconclusive) << key;
    }
    EXPECT_EQ(judge_one(ratio_gate("response.p50", "100"), empty).verdict, Verdict::inconclusive);
}

TEST(Gate, ShowsItsLimitAndWhatWasObserved) {
    auto record = healthy();
    const auto result = judge_one(gate("lock_wait.max", "< 1.5s"), record);
    EXPECT_EQ(result.name, "lock_wait.max");
    EXPECT_EQ(result.limit, "< 1.50 s");
    EXPECT_EQ(result.observed, "12.0 ms");
    EXPECT_EQ(result.limit_value, 1'500);
    EXPECT_EQ(result.observed_value, 12);
    record.locks.max_wait_ms = 300.04;
    EXPECT_EQ(judge_one(gate("lock_wait.max", "300ms"), record).observed, "300.040 ms")
        << "300 ms over a limit of 300 ms would say nothing";
    EXPECT_EQ(judge_one(ratio_gate("response.p99", "1.25", "5ms"), record).limit,
              "<= 1.25 x before (or 5.00 ms more)");
}

}  // namespace
}  // namespace reports
