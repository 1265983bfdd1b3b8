#include "harness/load/recovery.hpp"

#include <gtest/gtest.h>

namespace harness::load {
namespace {

using reports::PhaseName;

// A run of 60 s: before [0, 20), during [20, 30), after [30, 60); 100 operations a second, p99 10
// ms.
reports::Record calm_run() {
    reports::Record record;
    record.phases = {
        {PhaseName::before, 0, 20}, {PhaseName::during, 20, 30}, {PhaseName::after, 30, 60}};
    record.seconds.assign(
        60, {.done = 100, .failed = 0, .due = 100, .p50_us = 1'000, .p99_us = 10'000});
    reports::Step step;
    step.start_s = 20;
    step.end_s = 30;
    step.outcome = "ok";
    record.steps = {step};
    return record;
}

void disturb(reports::Record& record, std::size_t from, std::size_t to, std::uint32_t done,
             std::int64_t p99_us) {
    for (std::size_t i = from; i < to; ++i) {
        record.seconds[i].done = done;
        record.seconds[i].p99_us = p99_us;
    }
}

TEST(Recovery, ACalmRunHasNothingToRecoverFrom) {
    auto record = calm_run();
    measure_recovery(record);
    EXPECT_EQ(record.recovery.recovered_after_s, 0);
    EXPECT_EQ(record.recovery.baseline_rate, 100);
    EXPECT_EQ(record.recovery.lowest_rate, 100);
    EXPECT_EQ(record.recovery.zero_seconds, 0U);
}

TEST(Recovery, CountsFromTheEndOfTheLastStepToTheFirstOfThreeCalmSeconds) {
    auto record = calm_run();
    disturb(record, 22, 34, 0, 0);
    disturb(record, 34, 36, 300, 5'000'000);  // the backlog is worked off: fast, but slow to answer
    measure_recovery(record);
    EXPECT_EQ(record.recovery.recovered_after_s, 6);
    EXPECT_EQ(record.recovery.zero_seconds, 12U);
    EXPECT_EQ(record.recovery.lowest_rate, 0);
}

TEST(Recovery, ACalmSecondBetweenBadOnesIsNotRecovery) {
    auto record = calm_run();
    disturb(record, 30, 33, 10, 900'000);
    disturb(record, 35, 36, 10, 900'000);  // two calm seconds lie before it
    measure_recovery(record);
    EXPECT_EQ(record.recovery.recovered_after_s, 6);
}

TEST(Recovery, ARunThatEndsBeforeItRecoveredSaysSo) {
    auto record = calm_run();
    disturb(record, 25, 60, 50, 10'000);
    measure_recovery(record);
    EXPECT_FALSE(record.recovery.recovered_after_s.has_value());
}

TEST(Recovery, ARateThatWobblesAsPoissonDoesIsTheBaseline) {
    auto record = calm_run();
    disturb(record, 31, 32, 72, 14'000);  // 2.8 standard deviations below; p99 within 5 ms
    measure_recovery(record);
    EXPECT_EQ(record.recovery.recovered_after_s, 0);
}

TEST(Recovery, WithoutABaselineNothingIsSaid) {
    auto record = calm_run();
    record.phases.erase(record.phases.begin());
    measure_recovery(record);
    EXPECT_FALSE(record.recovery.recovered_after_s.has_value());
    EXPECT_EQ(record.recovery.baseline_rate, 0);
}

TEST(Recovery, SkippedStepsDoNotMoveTheEnd) {
    auto record = calm_run();
    reports::Step skipped;
    skipped.start_s = skipped.end_s = 55;
    skipped.outcome = "skipped";
    record.steps.push_back(skipped);
    disturb(record, 30, 32, 0, 0);
    measure_recovery(record);
    EXPECT_EQ(record.recovery.recovered_after_s, 2);
}

TEST(Recovery, ARunWithoutSecondsDoesNotReadBeyondItsEnd) {
    auto record = calm_run();
    record.seconds.resize(25);
    measure_recovery(record);
    EXPECT_EQ(record.recovery.baseline_rate, 100);
    EXPECT_FALSE(record.recovery.recovered_after_s.has_value());
}

}  // namespace
}  // namespace harness::load
