#include "reports/figures.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace reports {

namespace {

constexpr const char* none = "n/a";

int decimals_for(double value) {
    return value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
}

std::string with_thousands(std::string digits) {
    const auto whole = digits.find('.') == std::string::npos ? digits.size() : digits.find('.');
    for (auto i = whole; i > 3; i -= 3) {
        if (digits[i - 4] != '-') {
            digits.insert(i - 3, 1, ',');
        }
    }
    return digits;
}

std::string minutes_text(double s) {
    const auto whole = static_cast<std::uint64_t>(std::llround(s));
    if (whole < 3'600) {
        return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
    }
    return count_text(whole / 3'600) + " h " + std::to_string(whole % 3'600 / 60) + " min";
}

}  // namespace

std::string decimal_text(double value, int decimals) {
    if (!std::isfinite(value)) {
        return none;
    }
    std::array<char, 352> buffer{};  // the longest double has 309 digits before the point
    const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                            std::chars_format::fixed, decimals);
    return error == std::errc{} ? std::string(buffer.data(), end) : std::string{none};
}

std::string ms_text(double ms) {
    if (!std::isfinite(ms)) {
        return none;
    }
    if (ms < 0) {
        return "-" + ms_text(-ms);
    }
    if (ms == 0) {
        return "0 ms";
    }
    if (ms < 0.01) {
        return decimal_text(ms * 1e3, 0) + " us";
    }
    if (ms < 999.5) {
        return decimal_text(ms, decimals_for(ms)) + " ms";
    }
    const double s = ms / 1e3;
    if (s < 119.5) {
        return decimal_text(s, decimals_for(s)) + " s";
    }
    return s < 3.6e9 ? minutes_text(s) : decimal_text(s, 0) + " s";
}

std::string seconds_text(double s) {
    return ms_text(s * 1e3);
}

std::string count_text(std::uint64_t count) {
    return with_thousands(std::to_string(count));
}

std::string rate_text(double per_second) {
    if (!std::isfinite(per_second)) {
        return none;
    }
    const bool small = per_second > 0 && per_second < 99.95;
    return with_thousands(decimal_text(per_second, small ? 1 : 0)) + "/s";
}

std::string bytes_text(std::int64_t bytes) {
    static constexpr std::array<const char*, 6> units{" kB", " MB", " GB", " TB", " PB", " EB"};
    const double value = static_cast<double>(bytes);
    if (std::abs(value) < 1'024) {
        return std::to_string(bytes) + " B";
    }
    double scaled = value / 1'024;
    std::size_t unit = 0;
    while (std::abs(scaled) >= 1'023.5 && unit + 1 < units.size()) {
        scaled /= 1'024;
        ++unit;
    }
    return decimal_text(scaled, std::abs(scaled) < 99.95 ? 1 : 0) + units[unit];
}

std::string counted(std::uint64_t count, const char* one, const char* many) {
    return count_text(count) + ' ' + (count == 1 ? one : many);
}

}  // namespace reports
