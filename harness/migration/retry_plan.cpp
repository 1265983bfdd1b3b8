#include "harness/migration/retry_plan.hpp"

#include <algorithm>

namespace harness::migration {

std::optional<std::chrono::milliseconds> RetryPlan::after_failure() noexcept {
    ++failures_;
    if (failures_ > retries_.times) {
        return std::nullopt;
    }
    auto ceiling = std::clamp(retries_.backoff, std::chrono::milliseconds{0}, longest);
    for (int doubled = 1; doubled < failures_ && ceiling < longest; ++doubled) {
        ceiling = std::min(ceiling * 2, longest);
        if (ceiling.count() == 0) {
            break;
        }
    }
    return std::chrono::milliseconds{
        static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(ceiling.count()) + 1))};
}

}  // namespace harness::migration
