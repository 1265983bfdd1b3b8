#include "harness/load/recorder.hpp"

#include "harness/load/summary.hpp"

#include <array>
#include <map>

#include <gtest/gtest.h>

namespace {

using harness::load::Clock;
using harness::load::Completion;
using harness::load::LiveSecond;
using harness::load::Measured;
using harness::load::PhaseClock;
using harness::load::Recorder;
using reports::PhaseName;
using reports::SecondLog;
using reports::Series;
using workloads::App;
using namespace std::chrono_literals;

const Clock::time_point start{1000s};

const reports::OperationPhase& of(const Measured& measured, std::size_t operation, PhaseName phase,
                                  App app = App::old_version) {
    return measured.operations.at(
        operation)[static_cast<std::size_t>(app)][static_cast<std::size_t>(phase)];
}

class RecorderTest : public testing::Test {
protected:
    // An operation that was due at `due` (since the run's start), sent and done so much later.
    void ended(Clock::duration due, Clock::duration sent, Clock::duration done,
               std::string_view code = {}, std::size_t operation = 0, App app = App::old_version) {
        recorder.finished({.operation = static_cast<workloads::OperationId>(operation),
                           .app = app,
                           .due = start + due,
                           .sent = start + due + sent,
                           .done = start + due + done,
                           .code = code});
    }
    void slow(Clock::duration sent, Clock::duration took, std::int64_t session = 77) {
        Completion completion;
        completion.due = completion.sent = completion.slowest_sent = start + sent;
        completion.done = completion.slowest_done = start + sent + took;
        completion.session = session;
        recorder.finished(completion);
    }

    PhaseClock phases{start};
    Recorder recorder{3, phases};
};

TEST_F(RecorderTest, ALateSendIsChargedFromTheTimeItWasDue) {
    ended(0ms, 900ms, 1000ms);
    const auto measured = recorder.take(0);
    const auto& phase = of(measured, 0, PhaseName::warmup);
    EXPECT_EQ(phase.count, 1U);
    EXPECT_EQ(phase.response.max_us(), 1'000'000);  // what the user waited
    EXPECT_EQ(phase.service.max_us(), 100'000);     // what the database took
}

TEST_F(RecorderTest, AFailureIsNeverAmongTheSuccesses) {
    ended(0ms, 1ms, 10ms);
    ended(5ms, 1ms, 3000ms, "57014");
    ended(6ms, 1ms, 3ms, "40001");
    ended(7ms, 1ms, 3ms, "40001");
    const auto measured = recorder.take(0);
    const auto& phase = of(measured, 0, PhaseName::warmup);
    EXPECT_EQ(phase.count, 1U);
    EXPECT_EQ(phase.response.count(), 1U);
    EXPECT_EQ(phase.response.max_us(), 10'000);
    EXPECT_EQ(phase.service.count(), 1U);
    EXPECT_EQ(phase.errors.at("57014"), 1U);
    EXPECT_EQ(phase.errors.at("40001"), 2U);
    EXPECT_EQ(phase.failures(), 3U);
    EXPECT_EQ(phase.failed_response.count(), 3U);
    EXPECT_EQ(phase.failed_response.max_us(), 3'000'000);
    EXPECT_EQ(measured.finished, 4U);
}

TEST_F(RecorderTest, AnOperationBelongsToThePhaseInWhichItWasDue) {
    phases.begin(PhaseName::before, start + 1s);
    ended(999ms, 0ms, 500ms);
    ended(1999ms, 0ms, 5000ms);
    phases.begin(PhaseName::during, start + 7s);
    ended(7000ms, 0ms, 1ms, "23505");
    phases.begin(PhaseName::after, start + 8s);
    ended(7999ms, 0ms, 500ms);
    const auto measured = recorder.take(0);
    EXPECT_EQ(of(measured, 0, PhaseName::warmup).count, 1U);
    EXPECT_EQ(of(measured, 0, PhaseName::before).count, 1U);
    EXPECT_EQ(of(measured, 0, PhaseName::before).response.max_us(), 5'000'000);
    EXPECT_EQ(of(measured, 0, PhaseName::during).count, 1U);
    EXPECT_EQ(of(measured, 0, PhaseName::during).failures(), 1U);
    EXPECT_EQ(of(measured, 0, PhaseName::after).due(), 0U);
}

TEST_F(RecorderTest, WhatTheMigrationMetUnderWayBelongsToIt) {
    phases.begin(PhaseName::before, start + 1s);
    phases.begin(PhaseName::during, start + 2s);
    phases.begin(PhaseName::after, start + 3s);
    ended(1990ms, 0ms, 9ms);
    ended(1999ms, 0ms, 1ms);
    ended(1500ms, 0ms, 900ms, "57P01");
    ended(1500ms, 0ms, 2000ms, "57P01");
    const auto measured = recorder.take(0);
    EXPECT_EQ(of(measured, 0, PhaseName::before).count, 1U);
    EXPECT_EQ(of(measured, 0, PhaseName::before).failures(), 0U);
    EXPECT_EQ(of(measured, 0, PhaseName::during).count, 1U);
    EXPECT_EQ(of(measured, 0, PhaseName::during).errors.at("57P01"), 2U);
    EXPECT_EQ(of(measured, 0, PhaseName::after).due(), 0U);
}

TEST_F(RecorderTest, KeepsOperationsAndVersionsApart) {
    ended(0ms, 0ms, 1ms, {}, 1, App::old_version);
    ended(0ms, 0ms, 1ms, {}, 1, App::new_version);
    ended(0ms, 0ms, 1ms, {}, 2, App::new_version);
    const auto measured = recorder.take(0);
    EXPECT_EQ(of(measured, 0, PhaseName::warmup).count, 0U);
    EXPECT_EQ(of(measured, 1, PhaseName::warmup, App::old_version).count, 1U);
    EXPECT_EQ(of(measured, 1, PhaseName::warmup, App::new_version).count, 1U);
    EXPECT_EQ(of(measured, 2, PhaseName::warmup, App::new_version).count, 1U);
}

TEST_F(RecorderTest, CountsRetriesOfSuccessesAndFailures) {
    Completion completion;
    completion.due = completion.sent = start;
    completion.done = start + 1ms;
    completion.retries = 2;
    recorder.finished(completion);
    completion.code = "40P01";
    completion.retries = 3;
    recorder.finished(completion);
    EXPECT_EQ(of(recorder.take(0), 0, PhaseName::warmup).retries, 5U);
}

TEST_F(RecorderTest, TheTimeLineHasASecondForNothing) {
    LiveSecond live;
    recorder.due(100ms);
    ended(100ms, 0ms, 1ms);
    recorder.due(3200ms);
    recorder.roll(start + 3300ms, live);
    ended(3200ms, 0ms, 150ms, "57014");
    recorder.roll(start + 6s, live);
    const auto measured = recorder.take(0);
    ASSERT_EQ(measured.timeline.size(), 7U);
    EXPECT_EQ(measured.timeline[0].due, 1U);
    EXPECT_EQ(measured.timeline[0].done, 1U);
    EXPECT_EQ(measured.timeline[1].due, 0U);
    EXPECT_EQ(measured.timeline[1].done, 0U);
    EXPECT_EQ(measured.timeline[3].due, 1U);
    EXPECT_EQ(measured.timeline[3].failed, 1U);
    EXPECT_EQ(measured.timeline[3].done, 0U);
    EXPECT_EQ(measured.schedule[0].due, 2U);
}

TEST_F(RecorderTest, ALiveSecondIsHandedOutOnceWhenItIsOver) {
    LiveSecond live;
    recorder.due(2100ms);
    ended(2100ms, 0ms, 30ms);
    recorder.due(2200ms);
    ended(2200ms, 0ms, 500ms, "55P03");
    while (recorder.roll(start + 2900ms, live)) {
        EXPECT_LT(live.second, 2U) << "second 2 is not over yet";
    }
    ASSERT_TRUE(recorder.roll(start + 3001ms, live));
    EXPECT_EQ(live.second, 2U);
    EXPECT_EQ(live.due, 2U);
    EXPECT_EQ(live.done, 1U);
    EXPECT_EQ(live.failed, 1U);
    EXPECT_EQ(live.response.count(), 2U) << "a failure's wait is felt, too";
    EXPECT_EQ(live.response.max_us(), 500'000);
    EXPECT_FALSE(recorder.roll(start + 3100ms, live));
}

TEST_F(RecorderTest, AnEmptySecondIsLiveToo) {
    LiveSecond live;
    ended(0ms, 0ms, 1ms);
    ASSERT_TRUE(recorder.roll(start + 1001ms, live));
    ASSERT_TRUE(recorder.roll(start + 2001ms, live));
    EXPECT_EQ(live.second, 1U);
    EXPECT_EQ(live.done, 0U);
    EXPECT_EQ(live.response.count(), 0U);
}

TEST_F(RecorderTest, EverySecondsHistogramsAreInTheLog) {
    ended(200ms, 0ms, 10ms, {}, 0);
    ended(300ms, 0ms, 20ms, "57014", 0);
    ended(1500ms, 0ms, 30ms, {}, 2, App::new_version);
    ended(500ms, 0ms, 2s, {}, 0);  // ends in second 2: filed there
    const auto measured = recorder.take(0);
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t> counts;
    measured.seconds.for_each([&](auto second, auto series, const auto& histogram) {
        counts[{second, series}] = histogram.count();
    });
    const std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t> expected{
        {{0, Series{}.number()}, 1},        {{0, Series{.failed = true}.number()}, 1},
        {{0, Recorder::all_operations}, 2}, {{1, Series{.operation = 2, .app = 1}.number()}, 1},
        {{1, Recorder::all_operations}, 1}, {{2, Series{}.number()}, 1},
        {{2, Recorder::all_operations}, 1}};
    EXPECT_EQ(counts, expected);
}

TEST_F(RecorderTest, NotesStatementsThatMayHaveWaitedForALock) {
    slow(10ms, harness::locks::slow_statement_threshold);
    slow(20ms, harness::locks::slow_statement_threshold - 1ns);
    slow(30ms, 1s, 0);  // never sent: no session that could have waited
    const auto measured = recorder.take(0);
    ASSERT_EQ(measured.slow_statements.size(), 1U);
    EXPECT_EQ(measured.slow_statements[0].session, 77);
    EXPECT_EQ(measured.slow_statements[0].sent, start + 10ms);
    EXPECT_EQ(measured.slow_threshold, harness::locks::slow_statement_threshold);
}

TEST_F(RecorderTest, KeepsTheSlowestStatementsWhenThereAreTooMany) {
    const auto bound = Recorder::slow_statement_bound;
    for (std::size_t i = 0; i < 2 * bound; ++i) {
        slow(1ms, 5ms + std::chrono::microseconds{i % bound});
    }
    const auto measured = recorder.take(0);
    EXPECT_LE(measured.slow_statements.size(), bound);
    EXPECT_GT(measured.slow_threshold, harness::locks::slow_statement_threshold)
        << "that some were let go must be told";
    std::size_t longest = 0;
    for (const auto& statement : measured.slow_statements) {
        EXPECT_GE(statement.done - statement.sent, measured.slow_threshold);
        longest += statement.done - statement.sent > 5ms + std::chrono::microseconds{bound - 1000};
    }
    EXPECT_EQ(longest, 2 * 999U) << "the longest of both rounds are all there";
}

TEST_F(RecorderTest, StallsAreTrackedPerOperation) {
    ended(1s, 0ms, 2s, {}, 1);
    const auto measured = recorder.take(0);
    EXPECT_NEAR(measured.stalls[1].longest(0s, 10s).length_s(), 2, 0.002);
    EXPECT_EQ(measured.stalls[0].longest(0s, 10s).length_s(), 0);
}

TEST_F(RecorderTest, FilesItsOwnLatenessUnderThePhaseInWhichTheOperationWasDue) {
    phases.begin(PhaseName::before, start + 10s);
    phases.begin(PhaseName::during, start + 20s);
    recorder.due(5s);
    recorder.lag(900ms);
    recorder.due(19'999ms);
    recorder.lag(30ms);  // sent when `during` had begun
    recorder.due(20s);
    recorder.unsent();
    const auto measured = recorder.take(0);
    const auto in = [&](PhaseName phase) {
        return measured.schedule.at(static_cast<std::size_t>(phase));
    };
    EXPECT_EQ(in(PhaseName::warmup).lag.max_us(), 900'000);
    EXPECT_EQ(in(PhaseName::before).lag.max_us(), 30'000);
    EXPECT_EQ(in(PhaseName::during).lag.count(), 0U);
    EXPECT_EQ(in(PhaseName::during).due, 1U);
    EXPECT_EQ(in(PhaseName::during).unsent, 1U);
    EXPECT_EQ(in(PhaseName::before).unsent, 0U);
}

TEST_F(RecorderTest, ADeadlockBelongsToThePhaseInWhichItWasMet) {
    phases.begin(PhaseName::before, start + 10s);
    phases.begin(PhaseName::during, start + 20s);
    recorder.deadlock(start + 5s);
    recorder.deadlock(start + 20s);
    recorder.deadlock(start + 21s);
    std::vector<Measured> measured;
    measured.push_back(recorder.take(0));
    EXPECT_EQ(harness::load::deadlocks(measured, reports::migration_phases), 2U);
    EXPECT_EQ(harness::load::deadlocks(measured, std::array{PhaseName::warmup, PhaseName::before}),
              1U);
}

TEST_F(RecorderTest, HandsOverEverythingAndStartsEmpty) {
    recorder.due(0ms);
    recorder.unsent();
    recorder.reconnected();
    recorder.lag(3ms);
    recorder.backlog(7);
    recorder.backlog(4);
    ended(0ms, 0ms, 1ms);
    const auto first = recorder.take(1.5);
    EXPECT_EQ(first.schedule[0].unsent, 1U);
    EXPECT_EQ(first.reconnects, 1U);
    EXPECT_EQ(first.schedule[0].lag.max_us(), 3000);
    EXPECT_EQ(first.backlog_max, 7U);
    EXPECT_EQ(first.cpu_s, 1.5);

    const auto second = recorder.take(0);
    EXPECT_EQ(second.schedule[0].due, 0U);
    EXPECT_EQ(second.finished, 0U);
    ASSERT_EQ(second.operations.size(), 3U);
    EXPECT_EQ(of(second, 0, PhaseName::warmup).count, 0U);
    EXPECT_EQ(second.slow_threshold, harness::locks::slow_statement_threshold);
}

}  // namespace
