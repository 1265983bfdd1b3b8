#include "reports/record.hpp"

#include "tests/unit/reports/sample_record.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace reports {
namespace {

using samples::calls;
using samples::healthy;

TEST(OperationPhase, AddsEverythingUpWhenMerged) {
    auto left = samples::calls_of(10, 2);
    left.errors = {{"40001", 1}};
    left.retries = 3;
    auto right = samples::calls_of(5, 8);
    right.errors = {{"40001", 2}, {"55P03", 4}};
    right.retries = 1;
    right.failed_response.record_us(9'000, 6);
    left.merge(right);
    EXPECT_EQ(left.count, 15U);
    EXPECT_EQ(left.failures(), 7U);
    EXPECT_EQ(left.due(), 22U);
    EXPECT_EQ(left.retries, 4U);
    EXPECT_EQ(left.errors.at("40001"), 3U);
    EXPECT_EQ(left.response.count(), 15U);
    EXPECT_EQ(left.service.count(), 15U);
    EXPECT_EQ(left.failed_response.count(), 6U);
}

TEST(OperationRecord, JoinsBothApplicationVersions) {
    auto record = healthy();
    calls(record, 0, PhaseName::during, 1) = samples::calls_of(7, 3);
    calls(record, 0, PhaseName::during, 1).errors["42703"] = 2;
    const auto& operation = record.operations[0];
    EXPECT_EQ(operation.phase(PhaseName::during).count, 20'007U);
    EXPECT_EQ(operation.due(PhaseName::during), 20'009U);
    EXPECT_EQ(operation.during_and_after().due(), 40'009U);
    EXPECT_EQ(operation.due(PhaseName::warmup), 0U);
}

TEST(Record, KnowsItsPhases) {
    auto record = healthy();
    EXPECT_EQ(record.phase_seconds(PhaseName::during), 10);
    EXPECT_EQ(record.phase(PhaseName::after)->start_s, 25);
    record.phases[2].end_s = NAN;
    EXPECT_EQ(record.phase_seconds(PhaseName::during), 0);
    record.phases.clear();
    EXPECT_EQ(record.phase(PhaseName::during), nullptr);
    EXPECT_EQ(record.phase_seconds(PhaseName::during), 0);
}

TEST(Names, AreThoseOfTheResultFile) {
    EXPECT_STREQ(name_of(PhaseName::warmup), "warmup");
    EXPECT_STREQ(name_of(PhaseName::before), "before");
    EXPECT_STREQ(name_of(PhaseName::during), "during");
    EXPECT_STREQ(name_of(PhaseName::after), "after");
    EXPECT_STREQ(name_of(Verdict::pass), "pass");
    EXPECT_STREQ(name_of(Verdict::fail), "fail");
    EXPECT_STREQ(name_of(Verdict::inconclusive), "inconclusive");
    EXPECT_STREQ(name_of(SentBy::both), "both");
    EXPECT_STREQ(name_of(SentBy::old_version), "old");
    EXPECT_STREQ(name_of(SentBy::new_version), "new");
}

TEST(Step, TookAsManyTriesAsItsMostStubbornStatement) {
    Step step;
    EXPECT_EQ(step.tries(), 0U);
    for (const std::size_t statement : {1, 2, 2, 2, 3}) {
        step.attempts.push_back({.outcome = "ok", .error = {}, .statement = statement});
    }
    EXPECT_EQ(step.tries(), 3U);
}

}  // namespace
}  // namespace reports
