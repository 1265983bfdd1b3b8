#include "harness/locks/coverage.hpp"

#include <algorithm>

namespace harness::locks {
namespace {

std::uint64_t within(const std::vector<Clock::time_point>& times, const Span& span) {
    const auto first = std::lower_bound(times.begin(), times.end(), span.from);
    const auto last = std::lower_bound(first, times.end(), span.to);
    return static_cast<std::uint64_t>(last - first);
}

}  // namespace

reports::LockCoverage coverage_of(const Looks& looks, const Span& span) {
    reports::LockCoverage coverage;
    coverage.samples = within(looks.taken, span);
    coverage.lost_samples = within(looks.lost, span);
    coverage.connection_losses = within(looks.connection_losses, span);

    const auto& taken = looks.taken;
    auto next = std::lower_bound(taken.begin(), taken.end(), span.from);
    auto last = next == taken.begin() ? span.from : *std::prev(next);
    Clock::duration longest{0};
    for (; next != taken.end() && last < span.to; ++next) {
        longest = std::max(longest, *next - last);
        last = *next;
    }
    longest = std::max(longest, span.to - last);
    coverage.longest_gap_ms = std::chrono::duration<double, std::milli>(longest).count();
    return coverage;
}

}  // namespace harness::locks
