#include "workloads/arrival.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

namespace workloads {
namespace {

using std::chrono::nanoseconds;
constexpr ArrivalKind every_kind[] = {ArrivalKind::poisson, ArrivalKind::uniform,
                                      ArrivalKind::constant};

std::vector<std::int64_t> first(Arrivals arrivals, std::size_t count) {
    std::vector<std::int64_t> out;
    for (std::size_t i = 0; i < count; ++i) {
        out.push_back(arrivals.next().at.count());
    }
    return out;
}

struct Moments {
    double mean, variance;
};

// Of the gaps, the first included.
Moments gap_moments(ArrivalKind kind, double rate, std::size_t count) {
    Arrivals arrivals{kind, rate, 42};
    double sum = 0, squares = 0;
    std::int64_t before = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const std::int64_t at = arrivals.next().at.count();
        const auto gap = static_cast<double>(at - before);
        sum += gap;
        squares += gap * gap;
        before = at;
    }
    const double mean = sum / static_cast<double>(count);
    return {mean, squares / static_cast<double>(count) - mean * mean};
}

TEST(Arrivals, AreNumberedFromZeroAndNeverDecrease) {
    for (const ArrivalKind kind : every_kind) {
        Arrivals arrivals{kind, 1e9, 7};
        nanoseconds before{0};
        for (std::uint64_t i = 0; i < 100'000; ++i) {
            const Arrivals::Due due = arrivals.next();
            ASSERT_EQ(due.index, i);
            ASSERT_GE(due.at, before);
            before = due.at;
        }
    }
}

TEST(Arrivals, AreAFunctionOfKindRateAndSeed) {
    for (const ArrivalKind kind : every_kind) {
        EXPECT_EQ(first({kind, 2000, 5}, 1000), first({kind, 2000, 5}, 1000));
    }
    EXPECT_NE(first({ArrivalKind::poisson, 2000, 5}, 10),
              first({ArrivalKind::poisson, 2000, 6}, 10));
    EXPECT_NE(first({ArrivalKind::uniform, 2000, 5}, 10),
              first({ArrivalKind::uniform, 2000, 6}, 10));
    EXPECT_EQ(first({ArrivalKind::constant, 2000, 5}, 10),
              first({ArrivalKind::constant, 2000, 6}, 10));
}

TEST(Arrivals, SharedByWorkersAreTheSameSchedule) {
    const std::vector<std::int64_t> whole = first({ArrivalKind::poisson, 5000, 99}, 3000);
    for (const std::uint64_t workers : {1U, 2U, 3U, 7U}) {
        std::vector<std::int64_t> merged(whole.size(), -1);
        for (std::uint64_t worker = 0; worker < workers; ++worker) {
            Arrivals own{ArrivalKind::poisson, 5000, 99};
            for (std::size_t i = 0; i < whole.size(); ++i) {
                const Arrivals::Due due = own.next();
                if (due.index % workers == worker) {
                    ASSERT_EQ(merged[due.index], -1);
                    merged[due.index] = due.at.count();
                }
            }
        }
        EXPECT_EQ(merged, whole);
    }
}

TEST(Arrivals, CopiedInTheMiddleGoOnAlike) {
    Arrivals one{ArrivalKind::poisson, 1000, 3};
    for (int i = 0; i < 57; ++i) {
        (void)one.next();
    }
    EXPECT_EQ(first(one, 100), first(one, 100));
}

TEST(PoissonArrivals, HaveExponentialGaps) {
    // Mean g, standard deviation g: over n gaps the mean has a standard error of g / sqrt(n), the
    // variance one of g^2 * sqrt(8 / n). Both bounds are five standard errors.
    constexpr std::size_t n = 1'000'000;
    constexpr double gap = 1e9 / 2000;
    const Moments moments = gap_moments(ArrivalKind::poisson, 2000, n);
    EXPECT_NEAR(moments.mean, gap, 5 * gap / std::sqrt(n));
    EXPECT_NEAR(moments.variance, gap * gap, 5 * gap * gap * std::sqrt(8.0 / n));
}

TEST(PoissonArrivals, ComeInAsManyASecondAsAPoissonLawSays) {
    // 10 a window on average over 20,000 windows: the counts' variance equals their mean.
    constexpr double per_window = 10;
    constexpr std::int64_t window_ns = 1'000'000;
    constexpr std::size_t windows = 20'000;
    Arrivals arrivals{ArrivalKind::poisson, per_window * 1000, 11};
    std::vector<double> counts(windows, 0);
    for (;;) {
        const auto window = static_cast<std::size_t>(arrivals.next().at.count() / window_ns);
        if (window >= windows) {
            break;
        }
        counts[window] += 1;
    }
    double sum = 0, squares = 0, none = 0;
    for (const double count : counts) {
        sum += count;
        squares += count * count;
        none += count < 5 ? 1 : 0;
    }
    const double n = windows, mean = sum / n, variance = squares / n - mean * mean;
    EXPECT_NEAR(mean, per_window, 5 * std::sqrt(per_window / n));
    EXPECT_NEAR(variance / mean, 1, 5 * std::sqrt(2 / n));
    constexpr double below_five = 0.029252688;  // P(X <= 4) for a mean of 10
    EXPECT_NEAR(none / n, below_five, 5 * std::sqrt(below_five / n));
}

TEST(PoissonArrivals, HaveGapsThatDoNotDependOnTheGapBefore) {
    Arrivals arrivals{ArrivalKind::poisson, 1e6, 4};
    constexpr std::size_t n = 500'000;
    double before = 0, covariance = 0;
    std::int64_t last = 0;
    for (std::size_t i = 0; i < n; ++i) {
        const std::int64_t at = arrivals.next().at.count();
        const double gap = static_cast<double>(at - last) / 1000 - 1;
        covariance += gap * before;
        before = gap;
        last = at;
    }
    EXPECT_NEAR(covariance / n, 0, 5 / std::sqrt(n));
}

TEST(UniformArrivals, HaveGapsFromNothingToTwiceTheMean) {
    constexpr std::size_t n = 1'000'000;
    constexpr double gap = 1e9 / 2000;
    const Moments moments = gap_moments(ArrivalKind::uniform, 2000, n);
    const double variance = gap * gap / 3;
    EXPECT_NEAR(moments.mean, gap, 5 * std::sqrt(variance / n));
    EXPECT_NEAR(moments.variance, variance, 5 * variance * std::sqrt(0.8 / n));

    double least = gap, most = 0;
    std::int64_t before = 0;
    for (const std::int64_t at : first({ArrivalKind::uniform, 2000, 8}, 100'000)) {
        const auto this_gap = static_cast<double>(at - before);
        least = std::min(least, this_gap);
        most = std::max(most, this_gap);
        before = at;
    }
    EXPECT_LT(least, gap * 0.001);
    EXPECT_GT(most, gap * 1.999);
    EXPECT_LE(most, gap * 2 + 1);
}

TEST(ConstantArrivals, BeginAtZeroAndKeepTheirGap) {
    EXPECT_EQ(first({ArrivalKind::constant, 1000, 1}, 4),
              (std::vector<std::int64_t>{0, 1'000'000, 2'000'000, 3'000'000}));
    EXPECT_EQ(first({ArrivalKind::constant, 0.5, 1}, 3),
              (std::vector<std::int64_t>{0, 2'000'000'000, 4'000'000'000}));
}

TEST(ConstantArrivals, DoNotDriftOverAnHourAtAMillionASecond) {
    // 3.6e9 calls would take a minute; a hundredth of them, with a gap that is no whole number of
    // nanoseconds, must stay within a thousandth of the 1 us that the hour allows. The whole
    // nanoseconds shown are up to 1 ns behind the exact time: -0.5 +- 0.5, and 0.01 for rounding.
    constexpr std::uint64_t n = 36'000'000;
    constexpr double rate = 999'983;  // a prime: 1000.017... ns
    Arrivals arrivals{ArrivalKind::constant, rate, 1};
    Arrivals::Due due{};
    for (std::uint64_t i = 0; i <= n; ++i) {
        due = arrivals.next();
    }
    ASSERT_EQ(due.index, n);
    const long double exact = static_cast<long double>(n) * 1e9L / static_cast<long double>(rate);
    EXPECT_NEAR(static_cast<double>(static_cast<long double>(due.at.count()) - exact), -0.5, 0.51);
}

TEST(Arrivals, AtVeryHighRatesStillComeAtThatRate) {
    // Gaps of a tenth of a nanosecond are not rounded away.
    for (const ArrivalKind kind : every_kind) {
        Arrivals arrivals{kind, 1e10, 21};
        Arrivals::Due due{};
        for (int i = 0; i < 1'000'000; ++i) {
            due = arrivals.next();
        }
        EXPECT_NEAR(static_cast<double>(due.at.count()), 1e5, 500);
    }
}

TEST(Arrivals, AtVeryLowRatesStandStillAtTheEndOfTime) {
    for (const ArrivalKind kind : every_kind) {
        for (const double rate : {1e-300, std::numeric_limits<double>::denorm_min(), 1e-10}) {
            Arrivals arrivals{kind, rate, 21};
            nanoseconds before{0};
            for (int i = 0; i < 50; ++i) {
                const nanoseconds at = arrivals.next().at;
                ASSERT_GE(at, before);
                before = at;
            }
            EXPECT_EQ(before, nanoseconds::max());
        }
    }
}

TEST(Arrivals, RefuseARateThatIsNone) {
    for (const double rate : {0.0, -1.0, std::numeric_limits<double>::infinity(),
                              std::numeric_limits<double>::quiet_NaN()}) {
        EXPECT_THROW((Arrivals{ArrivalKind::poisson, rate, 1}), std::invalid_argument);
    }
}

}  // namespace
}  // namespace workloads
