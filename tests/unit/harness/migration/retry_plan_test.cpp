#include "harness/migration/retry_plan.hpp"

#include <gtest/gtest.h>

namespace {

using harness::database::ErrorKind;
using harness::migration::may_resume;
using harness::migration::may_retry;
using harness::migration::RetryPlan;
using namespace std::chrono_literals;

TEST(RetryPlan, GivesUpAfterTheAskedNumberOfRetries) {
    RetryPlan plan{{.times = 2, .backoff = 10ms}, 1};
    EXPECT_TRUE(plan.after_failure());
    EXPECT_TRUE(plan.after_failure());
    EXPECT_FALSE(plan.after_failure());
    EXPECT_EQ(plan.failures_in_a_row(), 3);
}

TEST(RetryPlan, WithoutRetriesGivesUpAtOnce) {
    RetryPlan plan{{.times = 0, .backoff = 10ms}, 1};
    EXPECT_FALSE(plan.after_failure());
}

TEST(RetryPlan, WaitsUniformlyBelowADoublingCeiling) {
    std::chrono::milliseconds longest[4]{};
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        RetryPlan plan{{.times = 4, .backoff = 100ms}, seed};
        for (int n = 0; n < 4; ++n) {
            const auto wait = plan.after_failure();
            ASSERT_TRUE(wait);
            ASSERT_GE(*wait, 0ms);
            ASSERT_LE(*wait, 100ms * (1 << n));
            longest[n] = std::max(longest[n], *wait);
        }
    }
    for (int n = 0; n < 4; ++n) {
        EXPECT_GE(longest[n], 95ms * (1 << n)) << "full jitter reaches up to its ceiling";
    }
}

TEST(RetryPlan, NeverWaitsLongerThanThirtySeconds) {
    RetryPlan plan{{.times = 100, .backoff = 20s}, 7};
    auto longest = 0ms;
    for (int n = 0; n < 100; ++n) {
        const auto wait = plan.after_failure();
        ASSERT_TRUE(wait);
        ASSERT_LE(*wait, 30s);
        longest = std::max(longest, *wait);
    }
    EXPECT_GT(longest, 25s);
}

TEST(RetryPlan, CapsABackoffAboveThirtySeconds) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        RetryPlan plan{{.times = 1, .backoff = 10min}, seed};
        ASSERT_LE(*plan.after_failure(), 30s);
    }
}

TEST(RetryPlan, ABackoffOfZeroRetriesAtOnce) {
    RetryPlan plan{{.times = 3, .backoff = 0ms}, 7};
    EXPECT_EQ(plan.after_failure(), 0ms);
    EXPECT_EQ(plan.after_failure(), 0ms);
}

TEST(RetryPlan, TheSameSeedGivesTheSameWaits) {
    RetryPlan one{{.times = 20, .backoff = 50ms}, 42}, same{{.times = 20, .backoff = 50ms}, 42};
    RetryPlan other{{.times = 20, .backoff = 50ms}, 43};
    bool differs = false;
    for (int n = 0; n < 20; ++n) {
        const auto wait = one.after_failure();
        EXPECT_EQ(wait, same.after_failure());
        differs = differs || wait != other.after_failure();
    }
    EXPECT_TRUE(differs);
}

TEST(RetryPlan, ASuccessStartsTheCountAgain) {
    RetryPlan plan{{.times = 1, .backoff = 1ms}, 1};
    EXPECT_TRUE(plan.after_failure());
    plan.succeeded();
    EXPECT_TRUE(plan.after_failure());
    EXPECT_FALSE(plan.after_failure());
}

TEST(RetryPlan, OnlyWhatTheServerHasUndoneWholeIsRetried) {
    EXPECT_TRUE(may_retry(ErrorKind::lock_timeout));
    EXPECT_TRUE(may_retry(ErrorKind::deadlock));
    EXPECT_TRUE(may_retry(ErrorKind::serialization));
    for (const auto kind :
         {ErrorKind::cancelled, ErrorKind::connection_lost, ErrorKind::connection_refused,
          ErrorKind::too_many_connections, ErrorKind::authentication, ErrorKind::plan_changed,
          ErrorKind::privilege, ErrorKind::syntax, ErrorKind::constraint, ErrorKind::disk_full,
          ErrorKind::other}) {
        EXPECT_FALSE(may_retry(kind)) << static_cast<int>(kind);
    }
}

TEST(RetryPlan, ABackfillResumesAfterOutagesTooButNotAfterMistakes) {
    for (const auto kind :
         {ErrorKind::lock_timeout, ErrorKind::connection_lost, ErrorKind::connection_refused,
          ErrorKind::too_many_connections, ErrorKind::cancelled}) {
        EXPECT_TRUE(may_resume(kind)) << static_cast<int>(kind);
    }
    for (const auto kind : {ErrorKind::syntax, ErrorKind::constraint, ErrorKind::privilege,
                            ErrorKind::disk_full, ErrorKind::authentication, ErrorKind::other}) {
        EXPECT_FALSE(may_resume(kind)) << static_cast<int>(kind);
    }
}

}  // namespace
