#include "reports/verdict.hpp"

#include "tests/unit/reports/sample_record.hpp"

#include <csignal>
#include <functional>
#include <memory>

#include <gtest/gtest.h>

namespace reports {
namespace {

using samples::calls;
using samples::coverage;
using samples::gate;
using samples::healthy;
using samples::ratio_gate;
using samples::schedule;

using Reasons = std::vector<std::string>;

std::vector<Gate> usual_gates() {
    return {gate("errors", "0"), gate("lock_wait.max", "300ms"), gate("stall.max", "500ms"),
            ratio_gate("response.p50", "1.25", "5ms")};
}

Record decided(Record record, const std::vector<Gate>& gates = usual_gates(), int signal = 0) {
    samples::spread_over_seconds(record);
    decide(record, gates, signal);
    return record;
}

std::string all_reasons(const Record& record) {
    std::string all;
    for (const auto& reason : record.reasons) {
        all += reason + "\n";
    }
    return all;
}

TEST(Verdict, IsPassWhenEverythingWasMeasuredAndHeld) {
    const auto record = decided(healthy());
    EXPECT_EQ(record.verdict, Verdict::pass) << all_reasons(record);
    EXPECT_EQ(record.exit_code, 0);
    ASSERT_EQ(record.reasons.size(), 1U);
    EXPECT_EQ(record.reasons[0],
              "All 4 gates held over 80,000 calls during and after the migration.");
    EXPECT_EQ(record.gates.size(), 4U);
}

struct Case {
    const char* that;
    std::function<void(Record&)> change;
    Verdict verdict;
    int exit_code;
    const char* says;  // in the first reason
};

std::ostream& operator<<(std::ostream& out, const Case& each) {
    return out << each.that;
}

class VerdictOf : public testing::TestWithParam<Case> {};

TEST_P(VerdictOf, OneBrokenThing) {
    const auto& each = GetParam();
    auto record = healthy();
    samples::spread_over_seconds(record);
    each.change(record);
    decide(record, usual_gates());
    EXPECT_EQ(name_of(record.verdict), std::string{name_of(each.verdict)}) << all_reasons(record);
    EXPECT_EQ(record.exit_code, each.exit_code);
    ASSERT_FALSE(record.reasons.empty());
    EXPECT_NE(record.reasons[0].find(each.says), std::string::npos) << all_reasons(record);
}

void add_step(Record& record, const char* outcome, const char* error = "") {
    Step step;
    step.name = "second";
    step.outcome = outcome;
    step.error = error;
    step.start_s = step.end_s = 25;
    record.steps.push_back(step);
}

void empty_phase(Record& record, PhaseName phase) {
    for (std::size_t i = 0; i < record.operations.size(); ++i) {
        calls(record, i, phase) = {};
    }
}

// `times` of the phase's 40,000 operations came 6 ms late.
auto late(PhaseName phase, std::uint64_t times) {
    return [=](Record& r) {
        auto& lag = schedule(r, phase).lag;
        lag.clear();
        lag.record_us(100, 40'000 - times);
        lag.record_us(6'000, times);
    };
}

constexpr auto unclear = Verdict::inconclusive;

INSTANTIATE_TEST_SUITE_P(
    Doubts, VerdictOf,
    testing::Values(
        Case{"generator late", late(PhaseName::during, 401), unclear, 3,
             "The load generator itself was late: its scheduling lag was 6.00 ms at p99 in "
             "`during`, and at most 5.00 ms"},
        Case{"generator late in several phases",
             [](Record& r) {
                 late(PhaseName::before, 600)(r);
                 late(PhaseName::after, 600)(r);
             },
             unclear, 3, "6.00 ms at p99 in `before` and 6.00 ms at p99 in `after`"},
        Case{"generator late now and then", late(PhaseName::during, 400), Verdict::pass, 0, "All"},
        Case{"generator late in the warm-up",
             [](Record& r) {
                 schedule(r, PhaseName::warmup).due = 1'000;
                 schedule(r, PhaseName::warmup).unsent = 100;
                 schedule(r, PhaseName::warmup).lag.record_us(2'000'000, 900);
             },
             Verdict::pass, 0, "All"},
        Case{"generator late all through a migration of half a second",
             [](Record& r) {
                 schedule(r, PhaseName::during) = {.lag = {}, .due = 20, .unsent = 0};
                 schedule(r, PhaseName::during).lag.record_us(6'000, 20);
             },
             unclear, 3, "at p99 in `during`"},
        Case{"one late operation of a short migration",
             [](Record& r) {
                 schedule(r, PhaseName::during) = {.lag = {}, .due = 20, .unsent = 0};
                 schedule(r, PhaseName::during).lag.record_us(100, 19);
                 schedule(r, PhaseName::during).lag.record_us(6'000, 1);
             },
             Verdict::pass, 0, "All"},
        Case{"unsent", [](Record& r) { schedule(r, PhaseName::after).unsent = 401; }, unclear, 3,
             "left 401 due operations unsent for its own reasons in `after`, out of 40,000"},
        Case{"a few unsent", [](Record& r) { schedule(r, PhaseName::after).unsent = 400; },
             Verdict::pass, 0, "All"},
        Case{"nothing due", [](Record& r) { r.generator = {}; }, unclear, 3,
             "No operation was ever due"},
        Case{"unsent, though nothing was due",
             [](Record& r) {
                 r.generator = {};
                 schedule(r, PhaseName::during).unsent = 1;
             },
             unclear, 3, "unsent"},
        Case{"lag never measured", [](Record& r) { schedule(r, PhaseName::during).lag.clear(); },
             unclear, 3, "never measured in `during`"},
        Case{"lag needs no measuring in a closed loop",
             [](Record& r) {
                 r.generator = {};
                 r.open_loop = false;
             },
             Verdict::pass, 0, "All"},
        Case{"lost samples", [](Record& r) { coverage(r, PhaseName::before).lost_samples = 100; },
             unclear, 3, "lost 100 samples of 6,100 in `before`"},
        Case{"a schedule that was not recorded",
             [](Record& r) { schedule(r, PhaseName::during) = {}; }, unclear, 3,
             "kept its schedule was not recorded"},
        Case{"no samples", [](Record& r) { r.locks.samples = 0; }, unclear, 3, "no sample"},
        Case{"observer cut off",
             [](Record& r) { coverage(r, PhaseName::during).connection_losses = 3; }, unclear, 3,
             "lost its connection 3 times in `during`"},
        Case{"a fault", [](Record& r) { r.harness_faults = {"The log was lost."}; }, unclear, 3,
             "The log was lost."},
        Case{"a warning decides nothing", [](Record& r) { r.warnings = {"Small table."}; },
             Verdict::pass, 0, "All"},
        Case{"no step", [](Record& r) { r.steps.clear(); }, unclear, 3, "No step"},
        Case{"a skipped step", [](Record& r) { add_step(r, "skipped"); }, unclear, 3,
             "\"second\" was not carried out: skipped"},
        Case{"a step without an outcome", [](Record& r) { add_step(r, ""); }, unclear, 3,
             "not carried out"},
        Case{"an operation never due",
             [](Record& r) {
                 r.operations.push_back({});
                 r.operations.back().name = "refund";
             },
             unclear, 3, "refund was never due"},
        Case{"an operation due in the warm-up only",
             [](Record& r) {
                 r.operations.push_back({});
                 r.operations.back().name = "refund";
                 calls(r, 2, PhaseName::warmup) = samples::healthy_calls(100);
             },
             unclear, 3, "refund was never due"},
        Case{"no operation", [](Record& r) { r.operations.clear(); }, unclear, 3,
             "The workload had no operation"},
        Case{"an adversary that never ran",
             [](Record& r) {
                 r.adversaries = {{.name = "report", .outcome = "never ran", .error = ""}};
             },
             unclear, 3, "The adversary \"report\" never ran."},
        Case{"an adversary that failed",
             [](Record& r) {
                 r.adversaries = {
                     {.name = "report", .outcome = "failed", .error = "no such table"}};
             },
             unclear, 3, "failed: no such table"},
        Case{"an adversary without an outcome",
             [](Record& r) { r.adversaries = {{.name = "report", .outcome = "", .error = ""}}; },
             unclear, 3, "never ran"},
        Case{"an adversary that did its part",
             [](Record& r) { r.adversaries = {{.name = "report", .outcome = "ok", .error = ""}}; },
             Verdict::pass, 0, "All"},
        Case{"an empty before", [](Record& r) { empty_phase(r, PhaseName::before); }, unclear, 3,
             "The gate response.p50 could not be judged"},
        Case{"an empty during", [](Record& r) { empty_phase(r, PhaseName::during); }, unclear, 3,
             "never due in `during`"},
        Case{"an empty after", [](Record& r) { empty_phase(r, PhaseName::after); }, unclear, 3,
             "never due in `after`"},
        Case{"no phases", [](Record& r) { r.phases.clear(); }, unclear, 3, "could not be judged"}));

INSTANTIATE_TEST_SUITE_P(
    Failures, VerdictOf,
    testing::Values(
        Case{
            "a gate", [](Record& r) { r.locks.max_wait_ms = 8'432; }, Verdict::fail, 1,
            "The application waited up to 8.43 s for a lock (gate lock_wait.max, limit <= 300 ms)"},
        Case{"errors", [](Record& r) { calls(r, 0, PhaseName::during).errors["55P03"] = 12; },
             Verdict::fail, 1, "12 calls failed during and after the migration (gate errors"},
        Case{"a gate, and a doubt besides",
             [](Record& r) {
                 r.locks.max_wait_ms = 8'432;
                 coverage(r, PhaseName::during).lost_samples = 100;
             },
             Verdict::fail, 1, "8.43 s"},
        Case{"the migration",
             [](Record& r) {
                 add_step(r, "failed", "lock timeout (SQLSTATE 55P03)");
                 r.migration_error = "lock timeout (SQLSTATE 55P03)";
             },
             Verdict::fail, 5,
             "The migration failed at step \"second\": lock timeout (SQLSTATE 55P03)"},
        Case{"a failed step that nobody told of", [](Record& r) { add_step(r, "failed"); },
             Verdict::fail, 5, "failed at step \"second\""},
        Case{"a migration error without its step", [](Record& r) { r.migration_error = "gone"; },
             Verdict::fail, 5, "The migration failed: gone"},
        Case{"the migration and a gate",
             [](Record& r) {
                 add_step(r, "failed", "no");
                 r.locks.max_wait_ms = 8'432;
             },
             Verdict::fail, 5, "The migration failed"},
        Case{"the harness",
             [](Record& r) {
                 r.harness_error = "connection refused";
                 r.migration_error = "connection refused";
                 r.locks.max_wait_ms = 8'432;
             },
             unclear, 6, "The harness could not do its work: connection refused"},
        Case{"interrupted",
             [](Record& r) {
                 r.interrupted = true;
                 r.harness_error = "x";
                 r.migration_error = "y";
             },
             unclear, 130, "interrupted before it was over"}));

// Gates that look at locks alone would hold: an application that fails at once waits for nobody.
TEST(Verdict, OfAnOperationThatOnlyFailedIsNeverAPass) {
    auto record = healthy();
    const std::vector<Gate> gates{samples::gate("lock_wait.max", "300ms")};
    calls(record, 0, PhaseName::during).errors["22012"] = 7;
    decide(record, gates);
    EXPECT_EQ(record.verdict, Verdict::pass) << all_reasons(record);

    for (const auto phase : {PhaseName::during, PhaseName::after}) {
        calls(record, 0, phase) = {};
        calls(record, 0, phase).errors["22012"] = 20'000;
    }
    decide(record, gates);
    EXPECT_EQ(record.verdict, Verdict::inconclusive);
    EXPECT_EQ(record.exit_code, 3);
    EXPECT_EQ(record.reasons,
              std::vector<std::string>{"No call of read got through during or after the migration, "
                                       "although 40,000 were due."});
}

TEST(Verdict, WithoutAGateIsInconclusive) {
    const auto record = decided(healthy(), {});
    EXPECT_EQ(record.verdict, Verdict::inconclusive);
    EXPECT_EQ(record.exit_code, 3);
    EXPECT_NE(all_reasons(record).find("No gate was given"), std::string::npos);
}

TEST(Verdict, OfAnEmptyRecordIsInconclusive) {
    EXPECT_EQ(decided({}).exit_code, 3);
    EXPECT_EQ(decided({}, default_gates()).exit_code, 3);
}

TEST(Verdict, TellsTheSignalByItsExitCodeAndIsNeverAPass) {
    for (const auto& [signal, code] : {std::pair{SIGINT, 130}, std::pair{SIGTERM, 143}}) {
        const auto record = decided(healthy(), usual_gates(), signal);
        EXPECT_TRUE(record.interrupted);
        EXPECT_EQ(record.verdict, Verdict::inconclusive);
        EXPECT_EQ(record.exit_code, code);
    }
}

TEST(Verdict, OfAnInterruptedRunStillTellsWhichGatesFailed) {
    auto record = healthy();
    record.locks.max_wait_ms = 9'000;
    record = decided(record, usual_gates(), SIGINT);
    EXPECT_EQ(record.exit_code, 130);
    EXPECT_NE(all_reasons(record).find("waited up to 9.00 s for a lock"), std::string::npos);
}

TEST(Verdict, OfARunThatWasCutOffSaysTheCauseAndHowManyGatesWereNotJudged) {
    auto record = healthy();
    record.phases.resize(2);
    record.steps.clear();
    record.operations.pop_back();
    for (std::size_t i = 0; i < record.operations.size(); ++i) {
        empty_phase(record, PhaseName::during);
        empty_phase(record, PhaseName::after);
    }
    const auto interrupted = decided(record, usual_gates(), SIGINT);
    EXPECT_EQ(interrupted.reasons, (Reasons{"The rehearsal was interrupted before it was over.",
                                            "4 gates were not judged."}));

    record.harness_error = "connection refused";
    const auto broken = decided(record, {gate("errors", "0")});
    EXPECT_EQ(broken.reasons, (Reasons{"The harness could not do its work: connection refused",
                                       "1 gate was not judged."}));
}

TEST(Verdict, OfARunThatWasCutOffStillTellsWhatElseWasLost) {
    auto record = healthy();
    record.harness_faults = {"The run directory lost lines: disk full."};
    const auto interrupted = decided(record, usual_gates(), SIGTERM);
    EXPECT_EQ(interrupted.reasons, (Reasons{"The rehearsal was terminated before it was over.",
                                            "The run directory lost lines: disk full."}));
}

TEST(Verdict, SaysOnceWhatSeveralGatesLack) {
    auto record = healthy();
    record.phases.pop_back();
    record.locks.samples = 1'750;
    record = decided(record, {gate("errors", "0"), gate("deadlocks", "0")});
    EXPECT_NE(
        all_reasons(record).find("The gates errors, deadlocks could not be judged: The load did "
                                 "not go on after the migration."),
        std::string::npos)
        << all_reasons(record);
}

TEST(Verdict, ForgetsAnEarlierJudgement) {
    auto record = healthy();
    samples::spread_over_seconds(record);
    record.locks.max_wait_ms = 9'000;
    decide(record, usual_gates());
    record.locks.max_wait_ms = 9;
    decide(record, usual_gates());
    EXPECT_EQ(record.verdict, Verdict::pass);
    EXPECT_EQ(record.reasons.size(), 1U);
    EXPECT_EQ(record.gates.size(), 4U);
}

TEST(Verdict, HasASentenceForEveryKindOfGate) {
    auto record = samples::naive();
    record.locks.deadlocks = 2;
    record.replication = {.measured = true, .max_lag_s = 9};
    calls(record, 0, PhaseName::after).errors["40P01"] = 2;
    std::vector<Gate> gates{gate("lock_wait.max", "1ms"),
                            gate("stall.max", "1ms"),
                            gate("errors", "0"),
                            gate("deadlocks", "0"),
                            gate("blocked.max", "0"),
                            gate("duration", "1s"),
                            gate("replica_lag", "1s"),
                            gate("read.response.p99", "1ms"),
                            gate("write.service.mean", "1ms")};
    record = decided(record, gates);
    ASSERT_GE(record.reasons.size(), gates.size());
    for (std::size_t i = 0; i < gates.size(); ++i) {
        EXPECT_NE(record.reasons[i].find("gate " + gates[i].name), std::string::npos)
            << record.reasons[i];
        EXPECT_EQ(record.reasons[i].back(), '.');
    }
}

// ----------------------------------------------------------------------------------- the way back

Record with_rollback(Record there, Record back) {
    back.is_rollback = true;
    there.rollback = std::make_shared<Record>(std::move(back));
    const std::vector<Gate> gates{gate("errors", "0")};
    decide(there, gates);
    return there;
}

Record failed_migration() {
    auto record = healthy();
    record.migration_error = "no such column";
    return record;
}

Record with_errors() {
    auto record = healthy();
    calls(record, 0, PhaseName::after).errors["40P01"] = 2;
    return record;
}

TEST(VerdictOfARollback, PassesOnlyWithTheMigration) {
    const auto record = with_rollback(healthy(), healthy());
    EXPECT_EQ(record.verdict, Verdict::pass);
    ASSERT_EQ(record.reasons.size(), 2U);
    EXPECT_TRUE(record.reasons[1].starts_with("Rollback: The gate held")) << record.reasons[1];
}

TEST(VerdictOfARollback, IsTheRunsWhereItIsWorse) {
    const auto record = with_rollback(healthy(), with_errors());
    EXPECT_EQ(record.exit_code, exit_codes::gate_failed);
    EXPECT_EQ(record.verdict, Verdict::fail);
    ASSERT_EQ(record.reasons.size(), 1U) << "what held on the way there is not why";
    EXPECT_TRUE(record.reasons[0].starts_with("Rollback: 2 calls failed")) << record.reasons[0];
}

TEST(VerdictOfARollback, ComesBehindAMigrationThatIsWorse) {
    const auto record = with_rollback(failed_migration(), with_errors());
    EXPECT_EQ(record.exit_code, exit_codes::migration_failed);
    EXPECT_TRUE(record.reasons.front().starts_with("The migration failed")) << record.reasons[0];
    EXPECT_TRUE(record.reasons.back().starts_with("Rollback: ")) << record.reasons.back();
}

TEST(VerdictOfARollback, DoesNotSayWhatHeldWhereTheMigrationDidNotPass) {
    const auto record = with_rollback(with_errors(), healthy());
    EXPECT_EQ(record.exit_code, exit_codes::gate_failed);
    EXPECT_EQ(record.reasons.size(), 1U);
}

TEST(VerdictOfARollback, ThatFailedSaysWhatFailed) {
    const auto record = with_rollback(healthy(), failed_migration());
    EXPECT_EQ(record.exit_code, exit_codes::migration_failed);
    EXPECT_TRUE(record.reasons.front().starts_with("Rollback: The way back failed"))
        << record.reasons.front();
}

TEST(VerdictOfARollback, ThatWasOmittedIsInconclusive) {
    auto record = healthy();
    record.rollback_omitted = "nobody knows the way";
    const std::vector<Gate> gates{gate("errors", "0")};
    decide(record, gates);
    EXPECT_EQ(record.exit_code, exit_codes::inconclusive);
    EXPECT_EQ(record.reasons.front(), "The way back was not rehearsed: nobody knows the way.");
}

TEST(Unkept, APassWhoseFilesCannotBeWrittenIsNoneAndAFailureStaysOne) {
    auto record = samples::healthy();
    decide(record, default_gates());
    decide_unkept(record, "out/junit.xml: cannot be written");
    EXPECT_EQ(record.verdict, Verdict::inconclusive);
    EXPECT_EQ(record.exit_code, 6);
    EXPECT_NE(record.reasons.front().find("out/junit.xml"), std::string::npos);

    record = samples::naive();
    decide(record, default_gates());
    decide_unkept(record, "x");
    EXPECT_EQ(record.verdict, Verdict::fail);
    EXPECT_EQ(record.exit_code, 6);

    decide(record, default_gates(), 2);
    decide_unkept(record, "x");
    EXPECT_EQ(record.exit_code, 130) << "whoever interrupted it knows why it is not whole";
}

}  // namespace
}  // namespace reports
