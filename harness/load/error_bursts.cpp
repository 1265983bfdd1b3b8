#include "harness/load/error_bursts.hpp"

#include <algorithm>

namespace harness::load {

std::vector<ErrorBurst> error_bursts(std::span<const reports::Second> seconds) {
    std::vector<ErrorBurst> bursts;
    for (std::uint32_t second = 0; second < seconds.size(); ++second) {
        const auto failed = seconds[second].failed;
        if (failed == 0) {
            continue;
        }
        if (bursts.empty() || bursts.back().until_s != second) {
            bursts.push_back({.from_s = second});
        }
        auto& burst = bursts.back();
        burst.until_s = second + 1;
        burst.failed += failed;
        burst.most_in_a_second = std::max(burst.most_in_a_second, failed);
    }
    return bursts;
}

}  // namespace harness::load
