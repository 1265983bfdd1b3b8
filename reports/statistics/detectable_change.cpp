#include "reports/statistics/detectable_change.hpp"

#include "reports/statistics/random.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

namespace reports::statistics {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double precise_to = 1.01;

bool fails(const QuantileChange& change, double alpha) {
    return change.lacking.empty() && change.p_harmful <= alpha && change.beyond_floor;
}

// A run drawn anew, before anything is slowed down.
struct Redrawn {
    RankedSeconds before;
    Seconds now;
    std::size_t begin = 0, length = 0;  // of what is slowed down
    QuantileTest test;

    [[nodiscard]] bool fails_with(double factor) const {
        const RankedSeconds slow{slowed(now, factor, begin, length)};
        return fails(compare_quantile(before, slow, test), test.alpha);
    }
};

// The same number gives the same redraw: an hour's is too large to keep hundreds of them.
Redrawn redraw(std::size_t number, std::span<const PlaceboRun> runs, const QuantileTest& test,
               const Injection& injection) {
    Random random{injection.seed + number};
    const auto& run = runs[random.below(runs.size())];
    // As long as the comparison's own blocks would be, so that the noise keeps its correlation.
    const auto block_s = block_length_s(RankedSeconds{*run.before}, test.quantile);
    const auto size = run.now->size();
    Redrawn drawn{
        .before = RankedSeconds{redrawn(*run.before, block_s, random.next())},
        .now = redrawn(*run.now, block_s, random.next()),
        .begin = random.below(std::max<std::size_t>(size, 1)),
        .length = static_cast<std::size_t>(std::ceil(injection.share * static_cast<double>(size))),
        .test = test};
    drawn.test.seed = random.next();
    return drawn;
}

// From which factor on the redraw fails when all of it is slowed down alike: that adds the factor's
// logarithm to every redrawn shift and changes nothing else.
double critical_factor(const Redrawn& drawn, double largest) {
    const auto& test = drawn.test;
    const RankedSeconds now{drawn.now};
    const auto shift = quantile_shift(drawn.before, now, test);
    const double now_ms = quantile_ms(now, test.quantile);
    const double allowed = std::log1p(test.margin.share);
    double low = 0;
    double high = std::log(largest);
    if (!shift || std::isinf(now_ms) || shift->p_above(allowed - high) > test.alpha) {
        return infinity;
    }
    if (shift->p_above(allowed) <= test.alpha) {
        high = 0;
    }
    while (high - low > std::log(precise_to) / 16) {
        const double middle = (low + high) / 2;
        (shift->p_above(allowed - middle) <= test.alpha ? high : low) = middle;
    }
    const double past_floor = quantile_ms(drawn.before, test.quantile) + test.margin.floor_ms;
    return std::max(std::exp(high), past_floor / now_ms);
}

}  // namespace

Seconds redrawn(const Seconds& phase, std::size_t block_s, std::uint64_t seed) {
    if (block_s < 1) {
        throw std::invalid_argument{"A block holds at least one second."};
    }
    Random random{seed};
    Seconds drawn;
    while (drawn.size() < phase.size()) {
        const auto begin = random.below(phase.size());
        for (std::size_t i = 0; i < block_s && drawn.size() < phase.size(); ++i) {
            drawn.append_from(phase, (begin + i) % phase.size());
        }
    }
    return drawn;
}

Seconds slowed(const Seconds& phase, double factor, std::size_t begin, std::size_t length) {
    Seconds slow;
    for (std::size_t second = 0; second < phase.size(); ++second) {
        const auto after = (second + phase.size() - begin % phase.size()) % phase.size();
        slow.append_from(phase, second, after < length ? factor : 1);
    }
    return slow;
}

std::optional<double> smallest_caught_slowdown(std::span<const PlaceboRun> runs,
                                               const QuantileTest& test,
                                               const Injection& injection) {
    const bool sound = !runs.empty() && injection.share > 0 && injection.share <= 1 &&
                       injection.caught > 0 && injection.caught <= 1 && injection.redraws > 0 &&
                       injection.largest > 1 && std::isfinite(injection.largest);
    if (!sound) {
        throw std::invalid_argument{
            "A slowdown is looked for in at least one run and one redraw, over a share within "
            "(0, 1], up to a factor above 1."};
    }
    const auto needed = nearest_rank(injection.caught, injection.redraws);
    if (injection.share == 1) {
        std::vector<double> factors;
        for (std::size_t i = 0; i < injection.redraws; ++i) {
            factors.push_back(critical_factor(redraw(i, runs, test, injection), injection.largest));
        }
        std::sort(factors.begin(), factors.end());
        const double factor = factors[needed - 1];
        return factor <= injection.largest ? std::optional{factor} : std::nullopt;
    }
    const auto enough = [&](double factor) {
        std::size_t caught = 0;
        // Stops where the others cannot change the answer.
        for (std::size_t i = 0; caught < needed && caught + injection.redraws - i >= needed; ++i) {
            caught += redraw(i, runs, test, injection).fails_with(factor) ? 1 : 0;
        }
        return caught >= needed;
    };
    if (!enough(injection.largest)) {
        return std::nullopt;
    }
    double low = 1;
    double high = injection.largest;
    while (high / low > precise_to) {
        const double middle = std::sqrt(low * high);
        (enough(middle) ? high : low) = middle;
    }
    return high;
}

}  // namespace reports::statistics
