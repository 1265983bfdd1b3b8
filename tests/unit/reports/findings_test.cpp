#include "reports/findings.hpp"

#include "tests/unit/reports/sample_record.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace reports {
namespace {

using samples::calls;
using samples::healthy;
using samples::naive;

std::string text_of(const Record& record, const std::string& label) {
    for (const auto& finding : findings(record)) {
        if (finding.label == label) {
            return finding.text;
        }
    }
    return "(not found)";
}

TEST(Findings, NameTheWorstWaitItsStatementLockAndVictims) {
    const auto record = naive();
    EXPECT_EQ(text_of(record, "Longest wait"), "8.43 s, read, behind step \"add the column\"");
    EXPECT_EQ(text_of(record, "Lock"),
              "AccessExclusiveLock on orders, waits from 15.10 s to 23.50 s of the run");
    EXPECT_EQ(text_of(record, "Statement"),
              "ALTER TABLE orders ADD COLUMN region uuid NOT NULL DEFAULT gen_random_uuid()");
    EXPECT_EQ(text_of(record, "Behind it"), "31 sessions at once, 240.0 victim-seconds");
}

TEST(Findings, TellWhatTheApplicationFelt) {
    const auto record = naive();
    EXPECT_EQ(text_of(record, "Response p99"), "2.01 ms before, 8.40 s during, 2.01 ms after");
    EXPECT_EQ(text_of(record, "Throughput"),
              "4,000/s before, 0/s in the worst second, 8 seconds with nothing done");
    EXPECT_EQ(text_of(record, "Longest stall"), "8.40 s, read from 15.10 s to 23.50 s of the run");
    EXPECT_EQ(text_of(record, "Recovery"),
              "4.00 s after the last step; backlog up to 16,020 operations");
    EXPECT_EQ(text_of(record, "Errors"), "none");
    EXPECT_EQ(text_of(record, "Migration"), "10.0 s in 1 step; rewrote orders; 381 MB of WAL");
}

TEST(Findings, SayThatNobodyWaitedOnlyIfSomebodyLooked) {
    auto record = healthy();
    EXPECT_EQ(text_of(record, "Longest wait"),
              "none: no session was seen waiting for a lock during or after the migration");
    record.locks.samples = 0;
    EXPECT_EQ(text_of(record, "Longest wait"), "unknown: the lock observer took no sample");
}

TEST(Findings, NameBothWhoHeldAndWhoMadeTheQueue) {
    auto record = naive();
    auto& episode = record.locks.episodes[0];
    episode.queued = episode.blocker;
    episode.queued_mode = "AccessExclusiveLock";
    episode.blocker = {.pid = 99,
                       .kind = "adversary",
                       .step = "report",
                       .operation = "",
                       .query = "SELECT count(*)",
                       .state = "idle in transaction"};
    episode.mode = "AccessShareLock";
    EXPECT_EQ(text_of(record, "Longest wait"), "8.43 s, read, behind step \"add the column\"");
    EXPECT_EQ(text_of(record, "Lock"),
              "AccessExclusiveLock on orders, itself waiting behind adversary \"report\" (idle in "
              "transaction) (AccessShareLock) and making the others queue, waits from 15.10 s to "
              "23.50 s of the run");
    EXPECT_NE(text_of(record, "Statement").find("ALTER TABLE"), std::string::npos);
}

TEST(Findings, LeaveAnEpisodeFromBeforeTheMigrationAside) {
    auto record = naive();
    record.locks.episodes[0].start_s = 6;
    record.locks.episodes[0].end_s = 9;
    EXPECT_FALSE(culprit_of(record).has_value());
    EXPECT_EQ(worst_episodes(record, 5).size(), 1U);
}

TEST(Findings, OrderEpisodesByVictimSeconds) {
    auto record = naive();
    auto small = record.locks.episodes[0];
    small.victim_seconds = 1;
    small.longest_wait_ms = 9'999;
    record.locks.episodes.insert(record.locks.episodes.begin(), small);
    EXPECT_EQ(culprit_of(record)->episode.victim_seconds, 240);
    const auto worst = worst_episodes(record, 1);
    ASSERT_EQ(worst.size(), 1U);
    EXPECT_EQ(worst[0]->victim_seconds, 240);
    record.locks.max_wait_ms = 9'999;
    EXPECT_NE(text_of(record, "Longest wait").find("the longest single wait of all: 10.0 s"),
              std::string::npos);
}

TEST(Findings, NameEveryKindOfSession) {
    const auto named = [](const char* kind, const char* state = "active") {
        return name_of(Blocker{
            .pid = 7, .kind = kind, .step = "s", .operation = "o", .query = "", .state = state});
    };
    EXPECT_EQ(named("step"), "step \"s\"");
    EXPECT_EQ(named("adversary"), "adversary \"s\"");
    EXPECT_EQ(named("operation", "idle in transaction"), "operation o (idle in transaction)");
    EXPECT_EQ(named("harness"), "the harness itself");
    EXPECT_EQ(named("prepared_transaction", ""), "a prepared transaction");
    EXPECT_EQ(named("other"), "session 7");
}

TEST(KeyFigures, CountFailedCallsAsSlowerThanAny) {
    auto record = healthy();
    calls(record, 0, PhaseName::during).errors["55P03"] = 5'000;
    const auto key = key_figures(record);
    EXPECT_TRUE(std::isinf(*key.p99_during_ms));
    EXPECT_EQ(response_text(key.p99_during_ms), "failed calls");
    EXPECT_EQ(key.failures, 5'000U);
    EXPECT_EQ(text_of(record, "Errors"), "5,000: 55P03 x 5,000");
}

TEST(KeyFigures, SayWhenNothingWasDue) {
    auto record = healthy();
    record.operations.clear();
    EXPECT_FALSE(key_figures(record).p99_before_ms.has_value());
    EXPECT_EQ(response_text({}), "no call");
}

TEST(ErrorsText, ListsTheMostFrequentFirst) {
    EXPECT_EQ(errors_text({}), "none");
    EXPECT_EQ(errors_text({{"40001", 0}}), "none");
    EXPECT_EQ(errors_text({{"a", 1}, {"b", 2}, {"c", 3}, {"d", 4}, {"e", 5}}),
              "15: e x 5, d x 4, c x 3, b x 2 and 1 more");
}

TEST(RecoveryText, TellsAnUnfinishedRecovery) {
    Record record;
    EXPECT_EQ(recovery_text(record), "not before the run ended");
    record.recovery.recovered_after_s = 0;
    EXPECT_EQ(recovery_text(record), "at once");
}

TEST(CommandToRepeat, IsQuotedForAShell) {
    Record record;
    record.run.seed = 42;
    EXPECT_EQ(command_to_repeat(record), "");
    record.run.scenario_file = "dir/shop.yaml";
    EXPECT_EQ(command_to_repeat(record), "rehearse run dir/shop.yaml --seed 42");
    record.run.scenario_file = "it's $(here).yaml";
    EXPECT_EQ(command_to_repeat(record), "rehearse run 'it'\\''s $(here).yaml' --seed 42");
    record.run.scenario_file = "-x.yaml";
    EXPECT_EQ(command_to_repeat(record), "rehearse run ./-x.yaml --seed 42");
}

// Not its value, which may be a secret; but that there was one.
TEST(CommandToRepeat, TellsWhatWasOverridden) {
    Record record;
    record.run.seed = 42;
    record.run.scenario_file = "shop.yaml";
    record.run.overridden = {"workload.rate", "gates.a b"};
    EXPECT_EQ(command_to_repeat(record),
              "rehearse run shop.yaml --set workload.rate=... --set 'gates.a b=...' --seed 42");
}

TEST(Honesty, IsPutIntoWords) {
    EXPECT_EQ(generator_text(healthy()),
              "lag p99 0.10 ms, max 0.10 ms; 0 of 120,000 due unsent; 5.0 us of CPU an operation; "
              "0 reconnects");
    EXPECT_EQ(
        observer_text(healthy()),
        "1,750 samples every 20.0 ms, 0 lost, longest gap 24.0 ms; 1.10 ms a query, 0.40 s of "
        "CPU");
}

}  // namespace
}  // namespace reports
