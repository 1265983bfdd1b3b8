#include "harness/migration/progress_series.hpp"

#include <gtest/gtest.h>

namespace harness::migration {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Waited = ProgressSeries::Waited;

const Clock::time_point run_start = Clock::time_point{} + std::chrono::hours{1};
const Clock::time_point began = run_start + seconds{10};

Waited waited(Clock::duration pause, Clock::duration p99 = {}) {
    Waited all{};
    all[static_cast<std::size_t>(ThrottleReason::pause)] = pause;
    all[static_cast<std::size_t>(ThrottleReason::p99)] = p99;
    return all;
}

TEST(ProgressSeries, ABackfillThatNeverBeganHasNoPoints) {
    EXPECT_TRUE(ProgressSeries{began}.points(run_start).empty());
}

TEST(ProgressSeries, APointTellsTheRowsSoFarInTheRunsSeconds) {
    ProgressSeries series{began};
    series.add(began + milliseconds{500}, 2'000, waited({}));
    series.add(began + milliseconds{510}, 2'010, waited({}));  // too soon after it
    series.end(began + milliseconds{710}, 2'100, waited({}));

    const auto points = series.points(run_start);

    ASSERT_EQ(points.size(), 2U);
    EXPECT_DOUBLE_EQ(points[0].at_s, 10.5);
    EXPECT_EQ(points[0].rows, 2'000);
    EXPECT_EQ(points[0].throttled_s, 0);
    EXPECT_EQ(points[0].throttled_by, "");
    EXPECT_EQ(points[1].rows, 2'100);
}

TEST(ProgressSeries, TheEndTakesThePlaceOfAPointJustBeforeIt) {
    ProgressSeries series{began};
    series.add(began + seconds{1}, 2'000, waited(milliseconds{200}));
    series.end(began + milliseconds{1'001}, 2'000, waited(milliseconds{201}));

    const auto points = series.points(run_start);

    ASSERT_EQ(points.size(), 1U);
    EXPECT_DOUBLE_EQ(points[0].at_s, 11.001);
    EXPECT_DOUBLE_EQ(points[0].throttled_s, 0.201);
}

TEST(ProgressSeries, APointTellsWhatHeldItBackSinceTheOneBefore) {
    ProgressSeries series{began};
    series.add(began + seconds{1}, 1, waited(milliseconds{200}));
    series.add(began + seconds{2}, 2, waited(milliseconds{250}, milliseconds{600}));
    series.add(began + seconds{3}, 3, waited(milliseconds{250}, milliseconds{600}));

    const auto points = series.points(run_start);

    ASSERT_EQ(points.size(), 3U);
    EXPECT_DOUBLE_EQ(points[0].throttled_s, 0.2);
    EXPECT_EQ(points[0].throttled_by, "pause");
    EXPECT_DOUBLE_EQ(points[1].throttled_s, 0.65);
    EXPECT_EQ(points[1].throttled_by, "p99");  // which was most of it
    EXPECT_EQ(points[2].throttled_by, "");
}

TEST(ProgressSeries, HoweverLongItTakesThePointsAreFewAndNoRowOrSecondIsLost) {
    ProgressSeries series{began};
    constexpr int batches = 123'457;
    for (int n = 1; n <= batches; ++n) {
        series.add(began + n * milliseconds{30}, n, waited(n * milliseconds{10}));
    }
    series.end(began + (batches + 1) * milliseconds{30}, batches,
               waited(batches * milliseconds{10}));

    const auto points = series.points(run_start);

    EXPECT_LE(points.size(), ProgressSeries::bound);
    EXPECT_GE(points.size(), ProgressSeries::bound / 2);
    double throttled_s = 0;
    for (std::size_t i = 0; i < points.size(); ++i) {
        throttled_s += points[i].throttled_s;
        if (i > 0) {
            EXPECT_LT(points[i - 1].at_s, points[i].at_s);
            EXPECT_LE(points[i].at_s - points[i - 1].at_s, 2 * 3'704.0 / 500);  // evenly
        }
    }
    EXPECT_NEAR(throttled_s, batches * 0.01, 1e-6);
    EXPECT_EQ(points.back().rows, batches);
}

}  // namespace
}  // namespace harness::migration
