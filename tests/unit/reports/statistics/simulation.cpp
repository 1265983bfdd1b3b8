#include "simulation.hpp"

#include <cmath>
#include <numbers>

namespace reports::statistics::testing {

namespace {

constexpr double median_us = 4'000;
constexpr double spread = 0.6;  // exp(2.33 * 0.6) = 4

// Quantiles of the lognormal distribution, so that a draw is one look-up.
const std::vector<double>& lognormal() {
    static const auto table = [] {
        constexpr int size = 4'096;
        std::vector<double> values;
        for (int i = 0; i < size; ++i) {
            double low = -6;
            double high = 6;
            for (int halving = 0; halving < 50; ++halving) {
                const double middle = (low + high) / 2;
                const bool below = std::erfc(-middle / std::numbers::sqrt2) / 2 < (i + 0.5) / size;
                (below ? low : high) = middle;
            }
            values.push_back(median_us * std::exp(spread * low));
        }
        return values;
    }();
    return table;
}

}  // namespace

double normal(Random& random) {
    const double radius = std::sqrt(-2 * std::log(1 - random.uniform()));
    return radius * std::cos(2 * std::numbers::pi * random.uniform());
}

SyntheticOperation::SyntheticOperation(const Noise& noise, std::uint64_t seed)
    : noise_{noise},
      random_{seed},
      persistence_{noise.lasting_s > 0 ? std::exp(-1 / noise.lasting_s) : 0},
      state_{normal(random_)},
      buckets_(noise.calls) {}

Seconds SyntheticOperation::phase(std::size_t size_s, double slowdown) {
    const auto& latencies = lognormal();
    Seconds seconds;
    for (std::size_t second = 0; second < size_s; ++second) {
        state_ =
            persistence_ * state_ + std::sqrt(1 - persistence_ * persistence_) * normal(random_);
        const double factor = slowdown * std::exp(noise_.share * state_);
        for (auto& bucket : buckets_) {
            const double us = factor * latencies[random_.below(latencies.size())];
            bucket = {.edge_us = static_cast<std::int64_t>(us), .times = 1};
        }
        seconds.append(buckets_, 0);
    }
    return seconds;
}

}  // namespace reports::statistics::testing
