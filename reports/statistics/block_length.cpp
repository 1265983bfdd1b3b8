#include "reports/statistics/block_length.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <vector>

namespace reports::statistics {

namespace {

// As the paper advises: a correlation counts from twice its standard error on, and the noise is
// where this many in a row do not.
constexpr double significant = 2;
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

}  // namespace

Correlation correlation_of(std::span<const double> series) {
    const auto count = static_cast<double>(series.size());
    if (series.size() < 2) {
        return {};
    }
    const auto run =
        static_cast<std::size_t>(std::max(fewest_insignificant, std::sqrt(std::log10(count))));
    // The papers stop after sqrt(N) + run lags, which in 300 s is 23: noise that lasts 30 s would
    // be taken for shorter than it is, and bounds at 99 % missed in 5 % of the runs.
    const auto widest = std::max(static_cast<std::size_t>(std::ceil(std::sqrt(count))) + run,
                                 series.size() / longest_share);
    Autocovariance covariance{series};
    if (!(covariance.at(0) > 0)) {
        return {};  // constant
    }
    const double band = significant * std::sqrt(std::log10(count) / count);
    const auto window = std::min(2 * last_telling_lag(covariance, band, run, widest), widest);
    double slope = 0;  // the papers' G: what a block's edges lose
    double variance = covariance.at(0);
    for (std::size_t lag = 1; lag <= window; ++lag) {
        const double weighted = 2 *
                                flat_top(static_cast<double>(lag) / static_cast<double>(window)) *
                                covariance.at(lag);
        slope += static_cast<double>(lag) * weighted;
        variance += weighted;
    }
    const double longest = std::ceil(std::min(3 * std::sqrt(count), count / 3));
    if (!(variance > 0)) {
        // A flat-top window can come out below zero where neighbours strongly oppose each other:
        // then there is no telling, and the longest blocks are the safe ones.
        return {.block_length = longest};
    }
    const double length =
        std::cbrt(2 * slope * slope / (4.0 / 3 * variance * variance)) * std::cbrt(count);
    return {.block_length = std::clamp(length, 1.0, longest), .long_run_variance = variance};
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
    return std::max(variance, 0.0);
}

}  // namespace reports::statistics
