#include "harness/recording/drawn_keys.hpp"

namespace harness::recording {

void DrawnKeys::put(workloads::keys::KeyMap::Key key, std::string_view value, bool moved) {
    const std::scoped_lock adding{adding_};
    if (key < drawn_.size()) {
        drawn_[key].store(&values_.emplace_back(value), std::memory_order_release);
    }
    ++counts_.drawn;
    counts_.moved += moved ? 1U : 0U;
}

void DrawnKeys::forget() {
    const std::scoped_lock forgetting{adding_};
    std::vector<std::atomic<const std::string*>>{}.swap(drawn_);
    values_ = {};
}

DrawnKeys::Counts DrawnKeys::counts() const {
    const std::scoped_lock adding{adding_};
    return counts_;
}

}  // namespace harness::recording
