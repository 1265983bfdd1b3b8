// One operation's calls in one phase, second by second: what a comparison of quantiles resamples.
#pragma once

#include "reports/histogram.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace reports::statistics {

// More calls than this in a phase cannot be compared.
inline constexpr std::uint64_t most_calls = 0xffff'ffff;

struct Bucket {
    std::int64_t edge_us;  // as Histogram has them; another value is taken for its bucket
    std::uint64_t times;
};

// Four bytes a bucket in use: an hour of a hundred operations takes some 100 MB at 100 calls a
// second each. Once a phase holds more than most_calls, no more are kept.
class Seconds {
public:
    // The phase's next second; one without calls counts too and is appended empty. `failures` are
    // slower than any success. Buckets may come in any order and more than once; values past the
    // histograms' end cannot be told from never and count among the failures.
    void append(std::span<const Bucket> successes, std::uint64_t failures);
    void append(const Histogram& successes, std::uint64_t failures);

    // A second of another phase, its latencies multiplied.
    void append_from(const Seconds& other, std::size_t second, double factor = 1);

    [[nodiscard]] std::size_t size() const noexcept { return ends_.size(); }

private:
    friend class RankedSeconds;
    struct Packed {
        std::uint32_t bucket : 12, times : 20;
    };
    static_assert(sizeof(Packed) == 4 && Histogram::bucket_count <= 1U << 12U);

    void add(std::int64_t us, std::uint64_t times);
    void add_failures(std::uint64_t times);

    std::vector<Packed> packed_;
    std::vector<std::size_t> ends_;
    std::vector<std::uint64_t> failures_;
    std::uint64_t total_ = 0;
};

// The same sorted by latency, for questions about ranks. Keeps nothing of the Seconds.
class RankedSeconds {
public:
    // Calls of one edge in one second.
    struct Calls {
        std::uint32_t second, times;
    };

    explicit RankedSeconds(const Seconds&);

    [[nodiscard]] std::size_t size() const noexcept { return calls_.size(); }
    [[nodiscard]] std::uint64_t calls() const noexcept { return total_; }
    // Of each second all calls, failures among them.
    [[nodiscard]] std::span<const std::uint64_t> calls_by_second() const noexcept { return calls_; }

    // The edges in use are numbered from the fastest, 0; the one past the last, edge_count(), is
    // the failures'.
    [[nodiscard]] std::size_t edge_count() const noexcept { return edges_us_.size(); }
    [[nodiscard]] double edge_ms(std::size_t edge) const noexcept;  // +infinity for the failures
    [[nodiscard]] std::span<const Calls> calls_at(std::size_t edge) const;
    // The phase's calls at or below an edge.
    [[nodiscard]] std::uint64_t calls_up_to(std::size_t edge) const noexcept;
    // The first edge up to which there are at least this many calls; the failures' if there is
    // none.
    [[nodiscard]] std::size_t edge_of_rank(std::uint64_t rank) const noexcept;
    // Of each second the calls at or below an edge.
    [[nodiscard]] std::vector<std::uint64_t> by_second_up_to(std::size_t edge) const;

private:
    std::vector<std::int64_t> edges_us_;
    std::vector<Calls> at_edge_;
    std::vector<std::size_t> ends_;     // in at_edge_
    std::vector<std::uint64_t> up_to_;  // calls, by edge
    std::vector<std::uint64_t> calls_;
    std::uint64_t total_ = 0;
};

}  // namespace reports::statistics
