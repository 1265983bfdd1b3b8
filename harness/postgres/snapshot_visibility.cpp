#include "harness/postgres/snapshot_visibility.hpp"

#include <algorithm>
#include <charconv>

namespace harness::postgres {
namespace {

// Takes the number and the separator behind it, if there is one.
std::optional<std::uint64_t> take_number(std::string_view& text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

bool take(std::string_view& text, char separator) {
    if (!text.starts_with(separator)) {
        return false;
    }
    text.remove_prefix(1);
    return true;
}

}  // namespace

std::optional<SnapshotVisibility> SnapshotVisibility::parse(std::string_view text) {
    SnapshotVisibility parsed;
    const auto xmin = take_number(text);
    if (!xmin || !take(text, ':')) {
        return std::nullopt;
    }
    const auto xmax = take_number(text);
    if (!xmax || !take(text, ':') || *xmin == 0 || *xmin > *xmax) {
        return std::nullopt;
    }
    parsed.xmin_ = *xmin;
    parsed.xmax_ = *xmax;
    while (!text.empty()) {
        const auto running = take_number(text);
        const bool follows = take(text, ',');
        // Ascending, as the server writes them: a search relies on it.
        if (!running || *running < *xmin || *running >= *xmax || follows == text.empty() ||
            (!parsed.running_.empty() && *running <= parsed.running_.back())) {
            return std::nullopt;
        }
        parsed.running_.push_back(*running);
    }
    return parsed;
}

bool SnapshotVisibility::sees(std::uint64_t transaction) const noexcept {
    if (transaction < xmin_) {
        return true;
    }
    return transaction < xmax_ && !std::ranges::binary_search(running_, transaction);
}

std::uint64_t extend_transaction(std::uint32_t lower_half, std::uint64_t near) noexcept {
    constexpr std::uint64_t half = std::uint64_t{1} << 31;
    constexpr std::uint64_t epoch = std::uint64_t{1} << 32;
    const auto ahead = static_cast<std::uint32_t>(lower_half - static_cast<std::uint32_t>(near));
    const std::uint64_t above = near + ahead;
    // Behind, unless that would be before the first epoch.
    return ahead >= half && above >= epoch ? above - epoch : above;
}

}  // namespace harness::postgres
