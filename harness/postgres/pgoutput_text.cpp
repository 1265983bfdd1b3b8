#include "harness/postgres/pgoutput_text.hpp"

#include <charconv>
#include <chrono>
#include <limits>
#include <optional>

namespace harness::postgres {
namespace {

using checksum::Arena;
using checksum::Value;

[[noreturn]] void malformed(const char* what) {
    throw MalformedField{std::string{"a text is no "} + what};
}

template <typename Number>
Number number_in(std::string_view text, const char* what) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || text.empty()) {
        malformed(what);
    }
    return number;
}

double real_in(std::string_view text, bool narrow) {
    if (text == "NaN") {
        return std::numeric_limits<double>::quiet_NaN();
    }
    if (text == "Infinity" || text == "-Infinity") {
        return text[0] == '-' ? -std::numeric_limits<double>::infinity()
                              : std::numeric_limits<double>::infinity();
    }
    return narrow ? static_cast<double>(number_in<float>(text, "real number"))
                  : number_in<double>(text, "real number");
}

int digit(char letter) {
    if (letter >= '0' && letter <= '9') {
        return letter - '0';
    }
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

// Pairs of hexadecimal digits; dashes between them are left out if `dashes`.
std::string_view hex_in(std::string_view text, bool dashes, Arena& arena, const char* what) {
    char* const to = arena.take(text.size() / 2 + 1);
    std::size_t size = 0;
    for (std::size_t i = 0; i < text.size();) {
        if (dashes && text[i] == '-') {
            ++i;
            continue;
        }
        if (i + 1 >= text.size() || digit(text[i]) < 0 || digit(text[i + 1]) < 0) {
            malformed(what);
        }
        to[size++] = static_cast<char>(digit(text[i]) * 16 + digit(text[i + 1]));
        i += 2;
    }
    return {to, size};
}

// Takes digits up to a separator, or to the end.
std::int64_t take_digits(std::string_view& text, const char* what) {
    std::size_t length = 0;
    while (length < text.size() && text[length] >= '0' && text[length] <= '9') {
        ++length;
    }
    const auto number = number_in<std::int64_t>(text.substr(0, length), what);
    text.remove_prefix(length);
    return number;
}

void take_letter(std::string_view& text, char letter, const char* what) {
    if (!text.starts_with(letter)) {
        malformed(what);
    }
    text.remove_prefix(1);
}

// "12:34:56.789": microseconds.
std::int64_t take_time(std::string_view& text) {
    constexpr const char* what = "time";
    const auto hours = take_digits(text, what);
    take_letter(text, ':', what);
    const auto minutes = take_digits(text, what);
    take_letter(text, ':', what);
    const auto seconds = take_digits(text, what);
    if (hours > 24 || minutes > 59 || seconds > 60) {
        malformed(what);
    }
    std::int64_t fraction = 0;
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        const std::size_t before = text.size();
        fraction = take_digits(text, what);
        const std::size_t digits = before - text.size();
        if (digits > 6) {
            malformed(what);
        }
        for (std::size_t i = digits; i < 6; ++i) {
            fraction *= 10;
        }
    }
    return ((hours * 60 + minutes) * 60 + seconds) * 1'000'000 + fraction;
}

// Proleptic Gregorian, as the server's date2j.
std::int64_t days_since_2000(std::int64_t year, std::int64_t month, std::int64_t day) {
    year -= month <= 2 ? 1 : 0;
    const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
    const std::int64_t of_era = year - era * 400;
    const std::int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    const std::int64_t of_era_days = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    return era * 146'097 + of_era_days - 730'425;
}

struct Moment {
    std::int64_t days;
    std::int64_t us;
};

// "2024-05-03 12:34:56.789+00 BC": the later parts may be missing.
Moment moment_in(std::string_view text) {
    constexpr const char* what = "date in ISO form";
    const bool before_christ = text.ends_with(" BC");
    text.remove_suffix(before_christ ? 3 : 0);
    const auto year = take_digits(text, what);
    take_letter(text, '-', what);
    const auto month = take_digits(text, what);
    take_letter(text, '-', what);
    const auto day = take_digits(text, what);
    // The server's years end at 5874897.
    if (year > 6'000'000 || month < 1 || month > 12 || day < 1 || day > 31) {
        malformed(what);
    }
    Moment moment{days_since_2000(before_christ ? 1 - year : year, month, day), 0};
    if (!text.empty()) {
        take_letter(text, ' ', what);
        moment.us = take_time(text);
    }
    if (!text.empty() && text != "+00") {
        malformed(what);
    }
    return moment;
}

std::optional<bool> infinite(std::string_view text) {
    if (text == "infinity" || text == "-infinity") {
        return text[0] == '-';
    }
    return std::nullopt;
}

std::int64_t instant_in(std::string_view text) {
    if (const auto negative = infinite(text)) {
        return *negative ? INT64_MIN : INT64_MAX;
    }
    const auto moment = moment_in(text);
    std::int64_t us = 0;
    if (__builtin_mul_overflow(moment.days, std::int64_t{86'400'000'000}, &us) ||
        __builtin_add_overflow(us, moment.us, &us)) {
        malformed("timestamp");
    }
    return us;
}

Value date_in(std::string_view text, Arena& arena) {
    if (const auto negative = infinite(text)) {
        return checksum::date(*negative ? checksum::minus_date_infinity : checksum::date_infinity,
                              arena);
    }
    return checksum::date(static_cast<std::int32_t>(moment_in(text).days), arena);
}

Value time_in(std::string_view text, Arena& arena) {
    const auto us = take_time(text);
    if (!text.empty()) {
        malformed("time");
    }
    return checksum::time(us, arena);
}

}  // namespace

Value value_of_text(const FieldType& type, std::string_view text, checksum::Scale scale,
                    Arena& arena) {
    switch (type.wire) {
        case Wire::int2:
        case Wire::int4:
        case Wire::int8:
        case Wire::oid:
            return checksum::number(number_in<std::int64_t>(text, "integer"), arena);
        case Wire::numeric: {
            const auto value = checksum::decimal(text, scale, arena);
            if (!value) {
                malformed("number");
            }
            return *value;
        }
        case Wire::float4:
        case Wire::float8:
            return checksum::real(real_in(text, type.wire == Wire::float4), arena);
        case Wire::text:
            return checksum::text(text);
        case Wire::bpchar: {
            const auto last = text.find_last_not_of(' ');
            return checksum::text(text.substr(0, last == std::string_view::npos ? 0 : last + 1));
        }
        case Wire::bytea:
            if (!text.starts_with("\\x")) {
                malformed("bytea in hexadecimal form");
            }
            return checksum::bytes(
                hex_in(text.substr(2), false, arena, "bytea in hexadecimal form"));
        case Wire::boolean:
            if (text != "t" && text != "f") {
                malformed("boolean");
            }
            return checksum::boolean(text == "t");
        case Wire::date:
            return date_in(text, arena);
        case Wire::timestamp:
            return checksum::timestamp(instant_in(text), arena);
        case Wire::timestamptz:
            return checksum::timestamptz(instant_in(text), arena);
        case Wire::time:
            return time_in(text, arena);
        case Wire::uuid: {
            const auto raw = hex_in(text, true, arena, "uuid");
            if (raw.size() != 16) {
                malformed("uuid");
            }
            return checksum::uuid(raw);
        }
        case Wire::json:
            return checksum::json(text);
        case Wire::jsonb:
            return checksum::jsonb(text);
        case Wire::character:  // what is not ASCII is written in several ways
        case Wire::interval:
        case Wire::timetz:
        case Wire::verbatim:
        case Wire::array:
        case Wire::range:
        case Wire::multirange:
        case Wire::composite:
            break;
    }
    return checksum::unknown_value;
}

}  // namespace harness::postgres
