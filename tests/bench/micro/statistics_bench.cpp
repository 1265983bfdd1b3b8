// What judging an hour's run by its relative gates takes: a hundred operations, p50 and p99 each,
// 2,000 redraws. The whole must stay below 2 s on two cores and below 300 MB.
//
// Each operation has 100 calls a second, lognormal around a median of its own, under noise of 20 %
// that lasts 30 s; a few calls fail.
#include "reports/statistics/quantile_change.hpp"
#include "reports/statistics/random.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <numbers>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

namespace reports::statistics {
namespace {

constexpr std::size_t operation_count = 100;
constexpr std::size_t calls_a_second = 100;

double normal(Random& random) {
    return std::sqrt(-2 * std::log(1 - random.uniform())) *
           std::cos(2 * std::numbers::pi * random.uniform());
}

// Latencies of a median of 1, one of which is drawn for each call.
std::vector<double> lognormal(Random& random) {
    std::vector<double> values(1U << 16U);
    for (auto& value : values) {
        value = std::exp(0.6 * normal(random));
    }
    return values;
}

class Run {
public:
    Run(std::size_t before_s, std::size_t now_s) {
        Random random{42};
        const auto latencies = lognormal(random);
        for (std::size_t i = 0; i < operation_count; ++i) {
            const double median_us = 500 * std::exp(4 * random.uniform());
            double state = normal(random);
            for (const auto size : {before_s, now_s}) {
                phases_.push_back(phase(size, median_us, state, latencies, random));
            }
        }
        for (std::size_t i = 0; i < operation_count; ++i) {
            QuantileTest p50;
            QuantileTest p99{.quantile = 0.99, .margin = {.share = 0.25, .floor_ms = 5}};
            p50.seed = p99.seed = i;
            operations_.push_back(
                {.before = &phases_[2 * i], .now = &phases_[2 * i + 1], .tests = {p50, p99}});
        }
    }
    [[nodiscard]] const std::vector<OperationTests>& operations() const { return operations_; }

private:
    static Seconds phase(std::size_t size, double median_us, double& state,
                         const std::vector<double>& latencies, Random& random) {
        const double persistence = std::exp(-1.0 / 30);
        Seconds seconds;
        for (std::size_t second = 0; second < size; ++second) {
            state = persistence * state + std::sqrt(1 - persistence * persistence) * normal(random);
            Histogram histogram;
            for (std::size_t call = 0; call < calls_a_second; ++call) {
                histogram.record_us(static_cast<std::int64_t>(
                    median_us * std::exp(0.2 * state) * latencies[random.below(latencies.size())]));
            }
            seconds.append(histogram, random.below(50) == 0 ? 1 : 0);
        }
        return seconds;
    }

    std::vector<Seconds> phases_;
    std::vector<OperationTests> operations_;
};

double peak_memory_mb() {
    std::ifstream status{"/proc/self/status"};
    for (std::string word; status >> word;) {
        if (word == "VmHWM:") {
            double kb = 0;
            status >> kb;
            return kb / 1e3;
        }
    }
    return 0;
}

void compare_an_hour(benchmark::State& state) {
    const Run run{static_cast<std::size_t>(state.range(0)),
                  static_cast<std::size_t>(state.range(1))};
    for (auto _ : state) {
        auto changes = compare_quantiles(run.operations(), static_cast<unsigned>(state.range(2)));
        benchmark::DoNotOptimize(changes.data());
    }
    state.counters["peak_mb"] = peak_memory_mb();
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(2 * operation_count));
}

// The figures that count are those of two threads.
BENCHMARK(compare_an_hour)
    ->ArgNames({"before_s", "now_s", "threads"})
    ->Args({600, 3'000, 2})
    ->Args({1'800, 1'800, 2})
    ->Args({1'800, 1'800, 1})
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();

}  // namespace
}  // namespace reports::statistics
