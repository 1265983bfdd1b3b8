#include "workloads/arrival.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

namespace workloads {
namespace {

constexpr std::uint64_t arrivals_stream =
    0x61727269'76616c73U;  // "arrivals": apart from the values

double checked_gap_ns(double rate) {
    if (!std::isfinite(rate) || rate <= 0) {
        throw std::invalid_argument{"an arrival rate must be finite and greater than 0"};
    }
    return 1e9 / rate;
}

}  // namespace

Arrivals::Arrivals(ArrivalKind kind, double rate, std::uint64_t seed)
    : kind_{kind}, gap_ns_{checked_gap_ns(rate)}, random_{mix(seed, arrivals_stream), 0} {}

// Whole nanoseconds are counted apart, so that what is added to stays below one gap and loses no
// digits however long the run.
void Arrivals::advance(double gap_ns) noexcept {
    fraction_ns_ += gap_ns;
    const double whole = std::floor(fraction_ns_);
    constexpr std::int64_t end = std::numeric_limits<std::int64_t>::max();
    // 2^62 ns is 146 years: beyond it a schedule stands still at the end of time.
    if (!(whole < 0x1.0p62) || whole_ns_ > end - static_cast<std::int64_t>(whole)) {
        whole_ns_ = end;
        fraction_ns_ = 0;
        return;
    }
    whole_ns_ += static_cast<std::int64_t>(whole);
    fraction_ns_ -= whole;
}

Arrivals::Due Arrivals::next() {
    switch (kind_) {
        case ArrivalKind::poisson:
            advance(-gap_ns_ * std::log(1 - random_.unit()));
            break;
        case ArrivalKind::uniform:
            advance(2 * gap_ns_ * random_.unit());
            break;
        case ArrivalKind::constant:
            if (index_ > 0) {
                advance(gap_ns_);
            }
            break;
    }
    return {index_++, std::chrono::nanoseconds{whole_ns_}};
}

}  // namespace workloads
