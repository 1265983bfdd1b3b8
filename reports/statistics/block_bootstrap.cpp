#include "reports/statistics/block_bootstrap.hpp"

#include "reports/statistics/random.hpp"

#include <algorithm>
#include <deque>
#include <stdexcept>

namespace reports::statistics {

namespace {

// For every second the calls of the block that begins there, at or below an edge. Redraws need the
// few dozen edges around the quantile, of hundreds; the others are never summed up.
class BlockCounts {
public:
    using Row = std::vector<std::uint32_t>;

    BlockCounts(const RankedSeconds& seconds, std::size_t block_s, std::size_t first_edge)
        : seconds_{seconds},
          block_s_{block_s},
          lowest_{first_edge},
          low_{seconds.by_second_up_to(first_edge)},
          high_{low_} {
        rows_.push_back(blocks_of(low_));
    }

    const Row& up_to(std::size_t edge) {
        while (edge < lowest_) {
            for (const auto& [second, times] : calls_at(lowest_)) {
                low_[second] -= times;
            }
            --lowest_;
            rows_.push_front(blocks_of(low_));
        }
        while (edge >= lowest_ + rows_.size()) {
            for (const auto& [second, times] : calls_at(lowest_ + rows_.size())) {
                high_[second] += times;
            }
            rows_.push_back(blocks_of(high_));
        }
        return rows_[edge - lowest_];
    }

    [[nodiscard]] Row blocks_of(std::span<const std::uint64_t> by_second) const {
        Row row(by_second.size());
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < block_s_; ++i) {
            sum += by_second[i];
        }
        for (std::size_t begin = 0, end = block_s_; begin < row.size(); ++begin, ++end) {
            row[begin] = static_cast<std::uint32_t>(sum);
            // Unsigned: what falls below zero in between comes back.
            sum += by_second[end < row.size() ? end : end - row.size()] - by_second[begin];
        }
        return row;
    }

private:
    [[nodiscard]] std::span<const RankedSeconds::Calls> calls_at(std::size_t edge) const {
        return seconds_.calls_at(edge);
    }

    const RankedSeconds& seconds_;
    std::size_t block_s_, lowest_;
    std::vector<std::uint64_t> low_, high_;  // of the lowest and the highest row
    std::deque<Row> rows_;
};

std::uint64_t sum_at(const BlockCounts::Row& row, const std::vector<std::uint32_t>& begins) {
    std::uint64_t sum = 0;
    for (const auto begin : begins) {
        sum += row[begin];
    }
    return sum;
}

// The first edge up to which the redraw has `rank` calls, the failures' if there is none. Begins at
// a guess and doubles its steps: 4 to 6 edges are looked at where halving takes 10.
template <typename CallsUpTo>
std::size_t first_edge_with(std::uint64_t rank, std::size_t guess, std::size_t failures,
                            CallsUpTo&& calls_up_to) {
    std::size_t low = 0;          // all edges below it have too few
    std::size_t high = failures;  // has enough
    std::size_t step = 1;
    if (calls_up_to(guess) >= rank) {
        high = guess;
        while (low < high) {
            const auto at = high > step ? high - step : 0;
            if (calls_up_to(at) < rank) {
                low = at + 1;
                break;
            }
            high = at;
            step *= 2;
        }
    } else {
        low = guess + 1;
        while (low < high) {
            const auto at = std::min(low + step, high) - 1;
            if (calls_up_to(at) >= rank) {
                high = at;
                break;
            }
            low = at + 1;
            step *= 2;
        }
    }
    while (low < high) {
        const auto middle = low + (high - low) / 2;
        if (calls_up_to(middle) >= rank) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

void draw(std::vector<std::uint32_t>& begins, Random& random, std::size_t size) {
    for (auto& begin : begins) {
        begin = static_cast<std::uint32_t>(random.below(size));
    }
}

}  // namespace

std::vector<double> resampled_quantile_ms(const RankedSeconds& seconds, double q,
                                          std::size_t block_s, std::size_t replicates,
                                          std::uint64_t seed) {
    if (block_s < 1 || block_s > seconds.size() || seconds.calls() == 0 ||
        seconds.calls() > most_calls) {
        throw std::invalid_argument{"A bootstrap needs calls and blocks no longer than the phase."};
    }
    const auto failures = seconds.edge_count();
    if (failures == 0) {
        return std::vector<double>(replicates, seconds.edge_ms(failures));
    }
    const auto centre =
        std::min(seconds.edge_of_rank(nearest_rank(q, seconds.calls())), failures - 1);
    BlockCounts counts{seconds, block_s, centre};
    const auto all = counts.blocks_of(seconds.calls_by_second());
    std::vector<std::uint32_t> begins(seconds.size() / block_s);
    const double drawn = static_cast<double>(begins.size() * block_s);
    const double scale = static_cast<double>(seconds.size()) / drawn;
    Random random{seed};
    std::vector<double> quantiles;
    quantiles.reserve(replicates);
    while (quantiles.size() < replicates) {
        draw(begins, random, seconds.size());
        const auto calls = sum_at(all, begins);
        if (calls == 0) {
            continue;
        }
        const auto rank = nearest_rank(q, calls);
        // As many calls as the redraw lacks at the centre, the phase has up to there.
        const auto missing =
            static_cast<double>(rank) - static_cast<double>(sum_at(counts.up_to(centre), begins));
        const double expected = static_cast<double>(seconds.calls_up_to(centre)) + missing * scale;
        const auto guess =
            std::min(seconds.edge_of_rank(static_cast<std::uint64_t>(std::max(expected, 0.0))),
                     failures - 1);
        quantiles.push_back(
            seconds.edge_ms(first_edge_with(rank, guess, failures, [&](std::size_t edge) {
                return sum_at(counts.up_to(edge), begins);
            })));
    }
    return quantiles;
}

std::size_t blocks_with_calls(const RankedSeconds& seconds, std::size_t block_s) {
    const auto calls = seconds.calls_by_second();
    std::size_t blocks = 0;
    for (std::size_t begin = 0; block_s > 0 && begin + block_s <= calls.size(); begin += block_s) {
        const auto block = calls.subspan(begin, block_s);
        blocks += std::any_of(block.begin(), block.end(), [](auto c) { return c > 0; }) ? 1 : 0;
    }
    return blocks;
}

}  // namespace reports::statistics
