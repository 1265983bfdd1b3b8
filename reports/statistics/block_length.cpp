#include "reports/statistics/block_length.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <vector>

namespace reports::statistics {

namespace {

// As the paper advises: a correlation counts from about twice its standard error on, and the noise
// is where this many in a row do not.
constexpr double significant = 2;
// The variance takes in weaker ones: with few calls a second their own scatter thins the machine's
// noise out, and what was left out made bounds at 99 % miss in 1.7 to 2.6 % of the runs (5 s noise,
// 10 calls/s, 200 to 600 s), now in 1.0 to 1.6 %. Blocks by this measure would be too long to have
// ten in 7 to 14 % of such phases.
constexpr double suspicious = 1;
constexpr double fewest_insignificant = 5;
constexpr std::size_t longest_share = 8;  // of the series, in which correlations are looked for

// Worked out lag by lag, when asked for: most series stop telling anything after a few.
class Autocovariance {
public:
    explicit Autocovariance(std::span<const double> series)
        : centred_(series.begin(), series.end()) {
        const double mean = std::accumulate(centred_.begin(), centred_.end(), 0.0) /
                            static_cast<double>(centred_.size());
        for (auto& value : centred_) {
            value -= mean;
        }
    }
    [[nodiscard]] double at(std::size_t lag) {
        while (known_.size() <= lag) {
            known_.push_back(sum_at(known_.size()) / static_cast<double>(centred_.size()));
        }
        return known_[lag];
    }

private:
    // Four sums side by side: one alone waits for each addition before the next.
    [[nodiscard]] double sum_at(std::size_t lag) const {
        if (lag >= centred_.size()) {
            return 0;
        }
        const std::size_t pairs = centred_.size() - lag;
        const double* later = centred_.data() + lag;
        std::array<double, 4> sums{};
        std::size_t i = 0;
        for (; i + 4 <= pairs; i += 4) {
            for (std::size_t lane = 0; lane < 4; ++lane) {
                sums[lane] += centred_[i + lane] * later[i + lane];
            }
        }
        for (; i < pairs; ++i) {
            sums[0] += centred_[i] * later[i];
        }
        return sums[0] + sums[1] + sums[2] + sums[3];
    }

    std::vector<double> centred_, known_;
};

// Behind which lag the correlations are noise: before the first `run` insignificant ones in a row,
// or else the last significant one. At least 1.
std::size_t last_telling_lag(Autocovariance& covariance, double band, std::size_t run,
                             std::size_t widest) {
    std::size_t last = 1;
    std::size_t insignificant = 0;
    for (std::size_t lag = 1; lag <= widest + run; ++lag) {
        if (std::abs(covariance.at(lag)) < band * covariance.at(0)) {
            if (++insignificant == run) {
                return std::max<std::size_t>(lag - run, 1);
            }
        } else {
            insignificant = 0;
            last = lag;
        }
    }
    return last;
}

// 1 up to a half, then falling to 0 at 1.
double flat_top(double share) {
    return std::clamp(2 * (1 - share), 0.0, 1.0);
}

// The sums under a flat-top window that reaches as far as correlations above the band do.
struct Windowed {
    double width = 0;
    double slope = 0;  // the papers' G: what a block's edges lose
    double variance = 0;
};
Windowed windowed(Autocovariance& covariance, std::size_t size, double standard_errors) {
    const auto count = static_cast<double>(size);
    const auto run =
        static_cast<std::size_t>(std::max(fewest_insignificant, std::sqrt(std::log10(count))));
    // The papers stop after sqrt(N) + run lags, which in 300 s is 23: noise that lasts 30 s would
    // be taken for shorter than it is, and bounds at 99 % missed in 5 % of the runs.
    const auto widest =
        std::max(static_cast<std::size_t>(std::ceil(std::sqrt(count))) + run, size / longest_share);
    const double band = standard_errors * std::sqrt(std::log10(count) / count);
    const auto width = std::min(2 * last_telling_lag(covariance, band, run, widest), widest);
    Windowed sums{.width = static_cast<double>(width), .variance = covariance.at(0)};
    for (std::size_t lag = 1; lag <= width; ++lag) {
        const double weighted =
            2 * flat_top(static_cast<double>(lag) / sums.width) * covariance.at(lag);
        sums.slope += static_cast<double>(lag) * weighted;
        sums.variance += weighted;
    }
    return sums;
}

}  // namespace

Correlation correlation_of(std::span<const double> series) {
    Autocovariance covariance{series};
    if (series.size() < 2 || !(covariance.at(0) > 0)) {
        return {};  // too short, or constant
    }
    const auto count = static_cast<double>(series.size());
    const auto wide = windowed(covariance, series.size(), suspicious);
    // The window sums up to 3/2 of its width: so much of the variance went into the mean.
    Correlation correlation{.long_run_variance = std::max(wide.variance, 0.0) /
                                                 std::max(0.5, 1 - 1.5 * wide.width / count),
                            .freedom = std::max(1.0, 3 * count / (4 * wide.width))};
    const auto sums = windowed(covariance, series.size(), significant);
    const double longest = std::ceil(std::min(3 * std::sqrt(count), count / 3));
    // A flat-top window can come out below zero where neighbours strongly oppose each other: then
    // there is no telling, and the longest blocks are the safe ones.
    const double length =
        sums.variance > 0
            ? std::cbrt(1.5 * sums.slope * sums.slope * count / (sums.variance * sums.variance))
            : longest;
    correlation.block_length = std::clamp(length, 1.0, longest);
    return correlation;
}

double variance_in_blocks(std::span<const double> series, std::size_t length) {
    if (series.empty()) {
        return 0;
    }
    Autocovariance covariance{series};
    double variance = covariance.at(0);
    for (std::size_t lag = 1; lag < length; ++lag) {
        const double share = static_cast<double>(lag) / static_cast<double>(length);
        variance += 2 * (1 - share) * covariance.at(lag);
    }
    const double lost = static_cast<double>(length) / static_cast<double>(series.size());
    return std::max(variance, 0.0) / std::max(0.5, 1 - lost);
}

}  // namespace reports::statistics
