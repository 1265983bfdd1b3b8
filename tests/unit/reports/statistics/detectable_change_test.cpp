#include "reports/statistics/detectable_change.hpp"

#include "simulation.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

namespace {

using reports::statistics::Bucket;
using reports::statistics::Change;
using reports::statistics::compare_quantile;
using reports::statistics::Injection;
using reports::statistics::judge;
using reports::statistics::PlaceboRun;
using reports::statistics::quantile_ms;
using reports::statistics::QuantileTest;
using reports::statistics::RankedSeconds;
using reports::statistics::redrawn;
using reports::statistics::Seconds;
using reports::statistics::slowed;
using reports::statistics::smallest_caught_slowdown;
using reports::statistics::testing::Noise;
using reports::statistics::testing::SyntheticOperation;

const QuantileTest p50{
    .quantile = 0.5, .margin = {.share = 0.10, .floor_ms = 0}, .replicates = 500};
const Noise noise{.share = 0.2, .lasting_s = 5, .calls = 10};

struct Placebo {
    std::vector<Seconds> phases;
    std::vector<PlaceboRun> runs;
};
Placebo placebo(std::size_t count, std::size_t phase_s, const Noise& of) {
    Placebo placebo;
    for (std::uint64_t i = 0; i < count; ++i) {
        SyntheticOperation operation{of, 100 + i};
        placebo.phases.push_back(operation.phase(phase_s));
        placebo.phases.push_back(operation.phase(phase_s));
    }
    for (std::size_t i = 0; i < count; ++i) {
        placebo.runs.push_back(
            {.before = &placebo.phases[2 * i], .now = &placebo.phases[2 * i + 1]});
    }
    return placebo;
}

TEST(DetectableChange, WhatIsSaidToBeCaughtIsCaughtInNewRuns) {
    const auto runs = placebo(10, 300, noise);
    const auto factor = smallest_caught_slowdown(runs.runs, p50, {.redraws = 200});
    ASSERT_TRUE(factor.has_value());
    EXPECT_GT(*factor, 1.2);
    EXPECT_LT(*factor, 1.5);
    int caught = 0;
    constexpr int tried = 200;
    for (std::uint64_t seed = 0; seed < tried; ++seed) {
        SyntheticOperation operation{noise, 9'000 + seed};
        const RankedSeconds before{operation.phase(300)};
        const auto change =
            compare_quantile(before, RankedSeconds{operation.phase(300, *factor)}, p50);
        caught += judge(std::span{&change, 1}, 0.01)[0].change == Change::harmful ? 1 : 0;
    }
    EXPECT_NEAR(caught, 0.8 * tried, 0.12 * tried);
}

TEST(DetectableChange, LessNoiseAndLongerPhasesShowSmallerChanges) {
    const auto noisy = placebo(3, 200, noise);
    const auto quiet = placebo(3, 200, {.share = 0.03, .lasting_s = 5, .calls = 10});
    const auto lengthy = placebo(3, 800, noise);
    const auto found = [](const Placebo& runs) {
        return smallest_caught_slowdown(runs.runs, p50, {.redraws = 60}).value();
    };
    EXPECT_LT(found(quiet), found(noisy));
    EXPECT_LT(found(lengthy), found(noisy));
    EXPECT_GT(found(quiet), 1.1);  // never below the margin
}

TEST(DetectableChange, ALargerFamilyCatchesLess) {
    const auto runs = placebo(3, 200, noise);
    auto one_of_many = p50;
    one_of_many.alpha = 0.01 / 4;
    EXPECT_GT(smallest_caught_slowdown(runs.runs, one_of_many, {.redraws = 60}).value(),
              smallest_caught_slowdown(runs.runs, p50, {.redraws = 60}).value());
}

TEST(DetectableChange, BelowTheFloorNothingIsCaught) {
    auto with_floor = p50;
    with_floor.margin.floor_ms = 40;  // ten times the median
    const auto runs = placebo(3, 200, noise);
    const auto factor = smallest_caught_slowdown(runs.runs, with_floor, {.redraws = 40});
    EXPECT_GT(factor.value(), 10);
    EXPECT_EQ(smallest_caught_slowdown(runs.runs, with_floor, {.redraws = 40, .largest = 5}),
              std::nullopt);
}

// More than half of the phase moves a p99 almost as all of it does; a twentieth, however slow,
// could as well be noise to it.
TEST(DetectableChange, AShortStretchIsCaughtLessThanALongOne) {
    const QuantileTest p99{
        .quantile = 0.99, .margin = {.share = 0.25, .floor_ms = 0}, .replicates = 500};
    const auto runs = placebo(2, 200, {.share = 0.05, .lasting_s = 0, .calls = 10});
    const auto found = [&](double share) {
        return smallest_caught_slowdown(runs.runs, p99,
                                        {.share = share, .redraws = 20, .largest = 20});
    };
    ASSERT_TRUE(found(1) && found(0.7));
    EXPECT_GT(*found(0.7), *found(1));
    EXPECT_EQ(found(0.05), std::nullopt);
}

// Slowing all down by bisection must find what the short cut finds.
TEST(DetectableChange, BothWaysOfLookingAgree) {
    const auto runs = placebo(2, 150, noise);
    const auto short_cut = smallest_caught_slowdown(runs.runs, p50, {.redraws = 30});
    const auto bisected =
        smallest_caught_slowdown(runs.runs, p50, {.share = 0.999'999, .redraws = 30});
    ASSERT_TRUE(short_cut && bisected);
    EXPECT_NEAR(*short_cut / *bisected, 1, 0.03);
}

TEST(DetectableChange, RunsThatAreTooShortCatchNothing) {
    const auto runs = placebo(2, 50, noise);
    EXPECT_EQ(smallest_caught_slowdown(runs.runs, p50, {.redraws = 10}), std::nullopt);
    EXPECT_EQ(smallest_caught_slowdown(runs.runs, p50, {.share = 0.5, .redraws = 10}),
              std::nullopt);
    const Seconds empty;
    const std::vector<PlaceboRun> nothing{{.before = &empty, .now = &empty}};
    EXPECT_EQ(smallest_caught_slowdown(nothing, p50, {.redraws = 10}), std::nullopt);
}

TEST(DetectableChange, ASlowedStretchWrapsAroundAndFailuresStayFailures) {
    Seconds phase;
    for (int i = 0; i < 10; ++i) {
        phase.append(std::vector<Bucket>{{100, 1}}, 1);
    }
    const RankedSeconds slow{slowed(phase, 2, 8, 4)};
    EXPECT_EQ(slow.by_second_up_to(0), (std::vector<std::uint64_t>{0, 0, 1, 1, 1, 1, 1, 1, 0, 0}));
    EXPECT_DOUBLE_EQ(slow.edge_ms(1), 0.2);
    EXPECT_EQ(slow.calls(), 20U);
    const RankedSeconds past_the_end{slowed(phase, 1e12, 0, 10)};
    EXPECT_EQ(past_the_end.edge_count(), 0U);
    EXPECT_EQ(past_the_end.calls(), 20U);
}

TEST(DetectableChange, ARedrawIsAsLongAsThePhaseAndMadeOfItsSeconds) {
    Seconds phase;
    for (std::uint64_t i = 0; i < 25; ++i) {
        phase.append(std::vector<Bucket>{{100, i}}, 0);
    }
    const RankedSeconds drawn{redrawn(phase, 10, 3)};
    ASSERT_EQ(drawn.size(), 25U);
    const auto calls = drawn.calls_by_second();
    for (std::size_t i = 1; i < 25; ++i) {
        if (i % 10 != 0) {
            EXPECT_EQ(calls[i], (calls[i - 1] + 1) % 25) << i;
        }
    }
    EXPECT_THROW((void)redrawn(phase, 0, 1), std::invalid_argument);
}

TEST(DetectableChange, WhatCannotBeLookedForIsRefused) {
    const auto runs = placebo(1, 100, noise);
    EXPECT_THROW((void)smallest_caught_slowdown({}, p50, {}), std::invalid_argument);
    for (const Injection& wrong :
         {Injection{.share = 0}, Injection{.share = 1.5}, Injection{.caught = 0},
          Injection{.redraws = 0}, Injection{.largest = 1},
          Injection{.largest = std::numeric_limits<double>::infinity()}}) {
        EXPECT_THROW((void)smallest_caught_slowdown(runs.runs, p50, wrong), std::invalid_argument);
    }
}

}  // namespace
