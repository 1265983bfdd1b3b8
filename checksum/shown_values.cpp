#include "checksum/shown_values.hpp"

#include "checksum/decimal.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <limits>

namespace checksum {
namespace {

constexpr std::uint8_t presence_shift = 5;  // above the kind

std::string padded(std::int64_t value, std::size_t width) {
    std::string digits = std::to_string(value);
    return digits.size() < width ? std::string(width - digits.size(), '0') + digits : digits;
}

struct CivilDate {
    std::int64_t year;
    unsigned month;
    unsigned day;
};

// Days since 1970-01-01 to the proleptic Gregorian calendar (Hinnant, "chrono-compatible low-level
// date algorithms").
CivilDate civil(std::int64_t days) noexcept {
    days += 719'468;
    const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
    const auto day_of_era = static_cast<unsigned>(days - era * 146'097);
    const unsigned year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
    const unsigned day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const unsigned shifted_month = (5 * day_of_year + 2) / 153;
    const unsigned month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
    return {era * 400 + year_of_era + (month <= 2 ? 1 : 0), month,
            day_of_year - (153 * shifted_month + 2) / 5 + 1};
}

std::string date_text(std::int64_t days_since_2000, bool& before_christ) {
    const CivilDate date = civil(days_since_2000 + 10'957);
    before_christ = date.year <= 0;
    return padded(before_christ ? 1 - date.year : date.year, 4) + "-" + padded(date.month, 2) +
           "-" + padded(date.day, 2);
}

std::string time_text(std::int64_t us) {
    const std::int64_t seconds = us / 1'000'000;
    std::string text = padded(seconds / 3600, 2) + ":" + padded(seconds / 60 % 60, 2) + ":" +
                       padded(seconds % 60, 2);
    if (us % 1'000'000 != 0) {
        text += "." + padded(us % 1'000'000, 6);
    }
    return text;
}

std::string timestamp_text(std::string_view bytes, const char* zone) {
    constexpr std::int64_t us_per_day = 86'400'000'000;
    bool before_christ = false;
    if (bytes.size() == 4) {
        return date_text(load<std::int32_t>(bytes.data()), before_christ);
    }
    const auto us = load<std::int64_t>(bytes.data());
    if (us == std::numeric_limits<std::int64_t>::max()) {
        return "infinity";
    }
    if (us == std::numeric_limits<std::int64_t>::min()) {
        return "-infinity";
    }
    std::int64_t days = us / us_per_day;
    std::int64_t of_day = us % us_per_day;
    if (of_day < 0) {
        of_day += us_per_day;
        --days;
    }
    std::string text = date_text(days, before_christ) + " " + time_text(of_day) + zone;
    return before_christ ? text + " BC" : text;
}

std::string hexadecimal(std::string_view bytes) {
    constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (const char byte : bytes) {
        text += digits[static_cast<unsigned char>(byte) >> 4];
        text += digits[static_cast<unsigned char>(byte) & 15];
    }
    return text;
}

// How many bytes a well-formed UTF-8 character takes at the start of `text`; 0 if there is none.
std::size_t character_size(std::string_view text) noexcept {
    const auto lead = static_cast<unsigned char>(text[0]);
    const std::size_t size = lead < 0x80   ? 1U
                             : lead < 0xc2 ? 0U
                             : lead < 0xe0 ? 2U
                             : lead < 0xf0 ? 3U
                             : lead < 0xf5 ? 4U
                                           : 0U;
    if (size > text.size()) {
        return 0;
    }
    for (std::size_t i = 1; i < size; ++i) {
        if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) {
            return 0;
        }
    }
    return size;
}

// Quotes doubled; control characters and what is no UTF-8 as \xNN, so that a key can neither play
// with a terminal nor break a report.
std::string quoted(std::string_view value) {
    std::string text = "'";
    while (!value.empty()) {
        const auto code = static_cast<unsigned char>(value[0]);
        const std::size_t size = character_size(value);
        if (code < 0x20 || code == 0x7f || size == 0) {
            text += "\\x" + hexadecimal(value.substr(0, 1));
        } else {
            text += code == '\'' ? "''" : value.substr(0, size);
        }
        value.remove_prefix(std::max<std::size_t>(size, 1));
    }
    return text + "'";
}

std::string uuid_text(std::string_view bytes) {
    std::string text = hexadecimal(bytes);
    if (text.size() == 32) {
        for (const std::size_t place : {20U, 16U, 12U, 8U}) {
            text.insert(place, 1, '-');
        }
    }
    return text;
}

std::string real_text(double value) {
    std::array<char, 32> text;
    const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
    return {text.data(), end};
}

std::string interval_text(std::string_view bytes) {
    const auto us = load<std::int64_t>(bytes.data());
    const bool negative = us < 0;
    // Two's complement of the smallest value is its own magnitude as unsigned.
    const std::uint64_t magnitude =
        negative ? 0 - static_cast<std::uint64_t>(us) : static_cast<std::uint64_t>(us);
    return std::to_string(load<std::int32_t>(bytes.data() + 12)) + " months " +
           std::to_string(load<std::int32_t>(bytes.data() + 8)) + " days " + (negative ? "-" : "") +
           time_text(static_cast<std::int64_t>(magnitude & INT64_MAX));
}

std::string timetz_text(std::string_view bytes) {
    const std::int64_t east = -load<std::int64_t>(bytes.data() + 8);
    const std::int64_t size = east < 0 ? -east : east;
    std::string zone =
        (east < 0 ? "-" : "+") + padded(size / 3600, 2) + ":" + padded(size / 60 % 60, 2);
    if (size % 60 != 0) {
        zone += ":" + padded(size % 60, 2);
    }
    return time_text(load<std::int64_t>(bytes.data())) + zone;
}

// Whether the kind's form can be read: a value that was cut off cannot.
bool has_whole_form(const Value& value) noexcept {
    const std::size_t size = value.bytes.size();
    switch (value.kind) {
        case Kind::number:
        case Kind::real:
        case Kind::timestamptz:
        case Kind::time:
            return size == 8;
        case Kind::timestamp:
            return size == 8 || size == 4;
        case Kind::timetz:
        case Kind::interval:
            return size == 16;
        case Kind::decimal:
        case Kind::scaled_decimal:
            return size == 1 || size == 16 || size > 20;
        case Kind::boolean:
            return size == 1;
        default:
            return true;
    }
}

}  // namespace

void append_shown(std::string& to, const Value& value, std::size_t limit) {
    to.push_back(static_cast<char>(static_cast<std::uint8_t>(value.kind) |
                                   static_cast<std::uint8_t>(value.presence) << presence_shift));
    if (value.presence != Presence::value) {
        return;
    }
    const std::size_t kept = std::min(value.bytes.size(), limit);
    append<std::uint32_t>(to, static_cast<std::uint32_t>(value.bytes.size()));
    append<std::uint32_t>(to, static_cast<std::uint32_t>(kept));
    to.append(value.bytes.substr(0, kept));
}

ShownValue take_shown(std::string_view& from) {
    ShownValue shown;
    const auto head = static_cast<std::uint8_t>(from.front());
    from.remove_prefix(1);
    shown.value.kind = static_cast<Kind>(head & ((1U << presence_shift) - 1));
    shown.value.presence = static_cast<Presence>(head >> presence_shift);
    if (shown.value.presence == Presence::value) {
        shown.full_size = load<std::uint32_t>(from.data());
        const std::size_t kept = load<std::uint32_t>(from.data() + 4);
        shown.value.bytes = from.substr(8, kept);
        from.remove_prefix(8 + kept);
    }
    return shown;
}

std::string render(const Value& value) {
    if (value.presence != Presence::value) {
        return value.presence == Presence::null        ? "NULL"
               : value.presence == Presence::unchanged ? "(unchanged)"
                                                       : "(unknown)";
    }
    if (!has_whole_form(value)) {
        return "\\x" + hexadecimal(value.bytes);
    }
    switch (value.kind) {
        case Kind::number:
        case Kind::decimal:
        case Kind::scaled_decimal:
            return decimal_text(value.kind, value.bytes);
        case Kind::real:
            return real_text(std::bit_cast<double>(load<std::int64_t>(value.bytes.data())));
        case Kind::text:
        case Kind::json:
        case Kind::jsonb:
            return quoted(value.bytes);
        case Kind::boolean:
            return value.bytes[0] != 0 ? "true" : "false";
        case Kind::timestamp:
            return timestamp_text(value.bytes, "");
        case Kind::timestamptz:
            return timestamp_text(value.bytes, "+00");
        case Kind::time:
            return time_text(load<std::int64_t>(value.bytes.data()));
        case Kind::timetz:
            return timetz_text(value.bytes);
        case Kind::interval:
            return interval_text(value.bytes);
        case Kind::uuid:
            return uuid_text(value.bytes);
        case Kind::bytes:
        case Kind::verbatim:
            break;
    }
    return "\\x" + hexadecimal(value.bytes);
}

std::vector<NamedValue> take_named(std::string_view shown, std::span<const std::string> names) {
    std::vector<NamedValue> values;
    for (const std::string& name : names) {
        if (shown.empty()) {
            break;
        }
        values.push_back({name, take_shown(shown)});
    }
    return values;
}

std::string render(std::span<const NamedValue> values) {
    std::string text;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const auto& [name, shown] = values[i];
        std::string one = std::string{name} + "=" + render(shown.value);
        if (shown.full_size > shown.value.bytes.size()) {
            one += "... (" + std::to_string(shown.full_size) + " bytes)";
        }
        if (i > 0 && text.size() + one.size() > most_shown_bytes) {
            const std::size_t left = values.size() - i;
            return text + ", ... (" + std::to_string(left) +
                   (left == 1 ? " more column)" : " more columns)");
        }
        text += (i == 0 ? "" : ", ") + one;
    }
    return text;
}

}  // namespace checksum
