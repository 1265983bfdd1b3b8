#include "reports/statistics/quantile_change.hpp"

#include "reports/figures.hpp"
#include "reports/statistics/block_bootstrap.hpp"
#include "reports/statistics/block_length.hpp"
#include "reports/statistics/random.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <limits>
#include <stdexcept>
#include <thread>

namespace reports::statistics {

namespace {

// Beyond this the estimate of the correlation, not the correlation, is to blame.
constexpr double most_widened = 4;
constexpr double slowest_ms = static_cast<double>(Histogram::highest_us) / 1e3;
constexpr double fastest_ms = 1e-3;

double log_of(double ms) {
    return std::log(std::clamp(ms, fastest_ms, slowest_ms));
}

std::size_t edge_of(const RankedSeconds& seconds, double quantile) {
    return seconds.edge_of_rank(nearest_rank(quantile, seconds.calls()));
}

// Of each second the calls slower than the phase's quantile, less those that were to be expected
// among so many. The error of a quantile is, but for a factor, the mean of this series (it sums up
// its influence function), so this is whose correlation counts. It has a value in every second: 0
// in an empty one, and a failure is a slow call.
std::vector<double> excess_by_second(const RankedSeconds& seconds, double quantile) {
    const auto edge = edge_of(seconds, quantile);
    const auto up_to = seconds.by_second_up_to(edge);
    const auto calls = seconds.calls_by_second();
    const double share =
        static_cast<double>(seconds.calls_up_to(edge)) / static_cast<double>(seconds.calls());
    std::vector<double> excess(seconds.size());
    for (std::size_t i = 0; i < excess.size(); ++i) {
        excess[i] = share * static_cast<double>(calls[i]) - static_cast<double>(up_to[i]);
    }
    return excess;
}

// One phase on its way through a test.
struct Side {
    const RankedSeconds* seconds;
    const std::string* name;
    double ms = 0;
    std::vector<double> excess = {};
    Correlation correlation = {};  // of the excess
    double automatic_block_s = 1;
    std::size_t block_s = shortest_block_s;
    std::vector<double> logs = {};  // of the redrawn quantiles
    double variance = 0;            // of these
    double freedom = 1;             // of the variance
    std::size_t failed = 0;         // redraws that fall on failures

    [[nodiscard]] std::size_t blocks() const { return seconds->size() / block_s; }
    [[nodiscard]] std::size_t rounded_block_s() const {
        return std::max(shortest_block_s, static_cast<std::size_t>(std::ceil(automatic_block_s)));
    }
};

struct Sides {
    Side before, now;
};

void learn_correlation(Side& side, double quantile) {
    side.excess = excess_by_second(*side.seconds, quantile);
    side.correlation = correlation_of(side.excess);
    const auto of_median = correlation_of(excess_by_second(*side.seconds, 0.5));
    side.automatic_block_s = std::max(side.correlation.block_length, of_median.block_length);
}

void redraw(Side& side, const QuantileTest& test, std::uint64_t seed) {
    const auto blocks = static_cast<double>(side.blocks());
    const double seen = variance_in_blocks(side.excess, side.block_s);
    const double beyond_blocks =
        seen > 0 ? std::clamp(side.correlation.long_run_variance / seen, 1.0, most_widened) : 1;
    const double widening = std::sqrt(beyond_blocks * blocks / (blocks - 1));
    const double centre = log_of(side.ms);
    side.logs =
        resampled_quantile_ms(*side.seconds, test.quantile, side.block_s, test.replicates, seed);
    for (auto& value : side.logs) {
        side.failed += std::isinf(value) ? 1 : 0;
        value = centre + widening * (log_of(value) - centre);
        side.variance += (value - centre) * (value - centre);
    }
    side.variance /= static_cast<double>(side.logs.size());
    // A value lies anywhere in its bucket.
    const double bucket = std::max(1.0 / 128, fastest_ms / std::max(side.ms, fastest_ms));
    side.variance += bucket * bucket / 12;
    side.freedom = std::min(blocks - 1, side.correlation.freedom);
}

std::string seconds_text(std::size_t seconds) {
    return count_text(seconds) + " s";
}

void note_few_calls(const Side& side, const QuantileTest& test, std::vector<std::string>& lacking) {
    const auto calls = side.seconds->calls();
    if (const auto needed = calls_needed(test.quantile); calls < needed) {
        lacking.push_back(test.statistic + " rests on " + counted(calls, "call", "calls") + " in " +
                          *side.name + " and needs " + count_text(needed) +
                          ": send more, or make it longer.");
    }
}

// How long a phase must be to hold ten blocks: the automatic length grows with its cube root.
std::size_t seconds_needed(const Side& before) {
    const double per_root =
        before.automatic_block_s / std::cbrt(static_cast<double>(before.seconds->size()));
    const double for_correlation = std::pow(per_root * static_cast<double>(fewest_blocks), 1.5);
    return std::max(fewest_blocks * shortest_block_s,
                    static_cast<std::size_t>(std::ceil(for_correlation)));
}

void note_few_blocks(const Sides& sides, std::vector<std::string>& lacking) {
    const auto& before = sides.before;
    for (const auto* side : {&sides.before, &sides.now}) {
        if (side->seconds->size() < fewest_blocks * before.block_s) {
            const auto needed =
                side == &before ? seconds_needed(before) : fewest_blocks * before.block_s;
            const bool correlated = needed > fewest_blocks * shortest_block_s;
            lacking.push_back(
                *side->name + " lasted " + seconds_text(side->seconds->size()) + " and needs " +
                seconds_text(needed) + " (10 blocks of " +
                seconds_text((needed + fewest_blocks - 1) / fewest_blocks) +
                (correlated ? ", because the noise in `before` lasts that long" : "") +
                "): make it longer.");
        } else if (const auto used = blocks_with_calls(*side->seconds, before.block_s);
                   used < fewest_blocks) {
            lacking.push_back("The calls in " + *side->name + " fall into " + count_text(used) +
                              " blocks of " + seconds_text(before.block_s) +
                              ", and 10 are needed: spread them, or make it longer.");
        }
    }
}

std::string joined(const std::vector<std::string>& sentences) {
    std::string all;
    for (const auto& sentence : sentences) {
        all += (all.empty() ? "" : " ") + sentence;
    }
    return all;
}

// Everything that must be there before a redraw makes sense; fills in what the redraws need.
std::string what_is_lacking(Sides& sides, const QuantileTest& test) {
    std::vector<std::string> lacking;
    for (auto* side : {&sides.before, &sides.now}) {
        if (side->seconds->calls() == 0) {
            return "There were no calls in " + *side->name + ".";
        }
        if (side->seconds->calls() > most_calls) {
            return *side->name + " holds more calls than can be compared (" +
                   count_text(most_calls) + "): make it shorter.";
        }
        note_few_calls(*side, test, lacking);
        learn_correlation(*side, test.quantile);
    }
    if (std::isinf(sides.before.ms)) {
        lacking.push_back("The " + test.statistic + " of " + *sides.before.name +
                          " falls on failed calls: there is nothing to compare with.");
    }
    sides.before.block_s = sides.before.rounded_block_s();
    note_few_blocks(sides, lacking);
    return joined(lacking);
}

void check(const QuantileTest& test) {
    const bool sound = test.quantile > 0 && test.quantile < 1 && test.alpha > 0 &&
                       test.alpha < 0.5 && test.margin.share >= 0 && test.margin.floor_ms >= 0 &&
                       test.alpha * static_cast<double>(test.replicates + 1) >= 1;
    if (!sound) {
        throw std::invalid_argument{
            "A quantile test needs a quantile within (0, 1), an alpha that its replicates can "
            "tell, and a margin that is not negative."};
    }
}

Sides sides_of(const RankedSeconds& before, const RankedSeconds& now, const QuantileTest& test) {
    const auto side = [&](const RankedSeconds& seconds, const std::string& name) {
        return Side{.seconds = &seconds, .name = &name, .ms = quantile_ms(seconds, test.quantile)};
    };
    return {.before = side(before, test.before), .now = side(now, test.now)};
}

void redraw(Sides& sides, const QuantileTest& test) {
    sides.now.block_s = std::clamp(sides.now.rounded_block_s(), sides.before.block_s,
                                   sides.now.seconds->size() / fewest_blocks);
    Random seeds{test.seed};
    redraw(sides.before, test, seeds.next());
    redraw(sides.now, test, seeds.next());
}

LogShift shift_from(const Sides& sides, const std::vector<double>& limits, double limit) {
    const double before = sides.before.variance;
    const double now = sides.now.variance;
    const double freedom = (before + now) * (before + now) /
                           (before * before / sides.before.freedom + now * now / sides.now.freedom);
    std::vector<double> shifts(sides.now.logs.size());
    for (std::size_t i = 0; i < shifts.size(); ++i) {
        shifts[i] = sides.now.logs[i] - limits[i];
    }
    return {log_of(sides.now.ms) - limit, std::move(shifts), std::sqrt(before + now), freedom};
}

LogShift shift_of(const Sides& sides) {
    return shift_from(sides, sides.before.logs, log_of(sides.before.ms));
}

// Against what the margin allows: a share more or the floor more, whichever is more. One test of
// both together: two tests, either of which may pass it, would err up to twice as often.
LogShift shift_past_margin(const Sides& sides, const Margin& margin) {
    const auto allowed = [&](double log_before) {
        const double before = std::exp(log_before);
        return std::log(std::max(before * (1 + margin.share), before + margin.floor_ms));
    };
    auto limits = sides.before.logs;
    std::transform(limits.begin(), limits.end(), limits.begin(), allowed);
    return shift_from(sides, limits, allowed(log_of(sides.before.ms)));
}

}  // namespace

double quantile_ms(const RankedSeconds& seconds, double quantile) {
    return seconds.calls() == 0 ? std::numeric_limits<double>::infinity()
                                : seconds.edge_ms(edge_of(seconds, quantile));
}

std::size_t block_length_s(const RankedSeconds& before, double quantile) {
    if (before.calls() == 0) {
        return shortest_block_s;
    }
    Side side{.seconds = &before, .name = nullptr};
    learn_correlation(side, quantile);
    return side.rounded_block_s();
}

std::uint64_t calls_needed(double quantile) {
    const double beyond = std::min(quantile, 1 - quantile);
    // A hair off: 10 / (1 - 0.99) is just above 1,000.
    return std::max<std::uint64_t>(20, static_cast<std::uint64_t>(std::ceil(10 / beyond - 1e-6)));
}

QuantileChange compare_quantile(const RankedSeconds& before, const RankedSeconds& now,
                                const QuantileTest& test) {
    check(test);
    constexpr double infinity = std::numeric_limits<double>::infinity();
    auto sides = sides_of(before, now, test);
    QuantileChange change;
    change.lacking = what_is_lacking(sides, test);
    if (before.calls() == 0 || now.calls() == 0 || std::isinf(sides.before.ms)) {
        return change;
    }
    change.before_ms = sides.before.ms;
    change.now_ms = sides.now.ms;
    change.ratio = sides.now.ms / sides.before.ms;
    change.beyond_floor = change.now_ms - change.before_ms > test.margin.floor_ms;
    change.ratio_upper = infinity;
    if (!change.lacking.empty()) {
        return change;
    }
    redraw(sides, test);
    const auto shift = shift_of(sides);
    change.p_harmful = shift.p_above(std::log1p(test.margin.share));
    change.p_harmless = shift_past_margin(sides, test.margin).p_below(0);
    const auto all = sides.now.logs.size();
    if (sides.now.failed < all) {
        change.ratio_lower = std::exp(shift.lower(test.alpha));
    } else {
        change.ratio_lower = infinity;
    }
    if (static_cast<double>(sides.now.failed) <= test.alpha * static_cast<double>(all)) {
        change.ratio_upper = std::exp(shift.upper(test.alpha));
    }
    return change;
}

std::optional<LogShift> quantile_shift(const RankedSeconds& before, const RankedSeconds& now,
                                       const QuantileTest& test) {
    check(test);
    auto sides = sides_of(before, now, test);
    if (!what_is_lacking(sides, test).empty()) {
        return std::nullopt;
    }
    redraw(sides, test);
    return shift_of(sides);
}

std::vector<std::vector<QuantileChange>> compare_quantiles(
    std::span<const OperationTests> operations, unsigned threads) {
    std::vector<std::vector<QuantileChange>> changes(operations.size());
    std::vector<std::exception_ptr> failures(operations.size());
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
        for (std::size_t i = next++; i < operations.size(); i = next++) {
            try {
                const RankedSeconds before{*operations[i].before};
                const RankedSeconds now{*operations[i].now};
                for (const auto& test : operations[i].tests) {
                    changes[i].push_back(compare_quantile(before, now, test));
                }
            } catch (...) {
                failures[i] = std::current_exception();
            }
        }
    };
    {
        std::vector<std::jthread> helpers;
        for (unsigned i = 1; i < threads; ++i) {
            helpers.emplace_back(work);
        }
        work();
    }
    for (const auto& failure : failures) {
        if (failure) {
            std::rethrow_exception(failure);
        }
    }
    return changes;
}

}  // namespace reports::statistics
