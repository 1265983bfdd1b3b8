// What judging an hour's run by its relative gates takes: a hundred operations, p50 and p99 each,
// 2,000 redraws. The whole must stay below 2 s on two cores and below 300 MB.
//
// Each operation has 100 calls a second, lognormal around a median of its own, under noise of 20 %
// that lasts 30 s; a few calls fail.
#include "reports/statistics/quantile_change.hpp"
#include "reports/statistics/random.hpp"
#include "reports/statistics/run_seconds.hpp"

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

constexpr std::uint32_t hour_s = 3'600;
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

// An hour's time line, as a run's record holds it.
SecondLog an_hour() {
    Random random{42};
    const auto latencies = lognormal(random);
    const double persistence = std::exp(-1.0 / 30);
    std::array<double, operation_count> medians_us{};
    std::array<double, operation_count> states{};
    for (std::size_t i = 0; i < operation_count; ++i) {
        medians_us[i] = 500 * std::exp(4 * random.uniform());
        states[i] = normal(random);
    }
    SecondLog log;
    for (std::uint32_t second = 0; second < hour_s; ++second) {
        for (std::uint32_t i = 0; i < operation_count; ++i) {
            states[i] =
                persistence * states[i] + std::sqrt(1 - persistence * persistence) * normal(random);
            const double factor_us = medians_us[i] * std::exp(0.2 * states[i]);
            Histogram histogram;
            for (std::size_t call = 0; call < calls_a_second; ++call) {
                histogram.record_us(static_cast<std::int64_t>(
                    factor_us * latencies[random.below(latencies.size())]));
            }
            log.append(second, Series{.operation = i}.number(), histogram);
            if (random.below(50) == 0) {
                histogram.clear();
                histogram.record_us(1'000);
                log.append(second, Series{.operation = i, .failed = true}.number(), histogram);
            }
        }
    }
    return log;
}

using Phases = std::vector<std::vector<Seconds>>;

Phases phases_of(std::uint32_t before_s) {
    static const SecondLog log = an_hour();
    return seconds_by_operation({&log}, operation_count,
                                std::vector<SecondRange>{{0, before_s}, {before_s, hour_s}});
}

std::vector<OperationTests> tests_of(const Phases& phases) {
    std::vector<OperationTests> operations;
    for (std::size_t i = 0; i < phases.size(); ++i) {
        QuantileTest p50;
        QuantileTest p99{.quantile = 0.99, .margin = {.share = 0.25, .floor_ms = 5}};
        p50.seed = p99.seed = i;
        operations.push_back({.before = &phases[i][0], .now = &phases[i][1], .tests = {p50, p99}});
    }
    return operations;
}

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

void take_an_hour_apart(benchmark::State& state) {
    benchmark::DoNotOptimize(phases_of(600));  // makes the log
    for (auto _ : state) {
        benchmark::DoNotOptimize(phases_of(600));
    }
    state.counters["peak_mb"] = peak_memory_mb();
}

void compare_an_hour(benchmark::State& state) {
    const auto phases = phases_of(static_cast<std::uint32_t>(state.range(0)));
    const auto operations = tests_of(phases);
    for (auto _ : state) {
        auto changes = compare_quantiles(operations, static_cast<unsigned>(state.range(1)));
        benchmark::DoNotOptimize(changes.data());
    }
    state.counters["peak_mb"] = peak_memory_mb();
}

BENCHMARK(take_an_hour_apart)->Unit(benchmark::kMillisecond);
// The figures that count are those of two threads.
BENCHMARK(compare_an_hour)
    ->ArgNames({"before_s", "threads"})
    ->Args({600, 2})
    ->Args({1'800, 2})
    ->Args({1'800, 1})
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();

}  // namespace
}  // namespace reports::statistics
