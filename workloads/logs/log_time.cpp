#include "workloads/logs/log_time.hpp"

#include "workloads/letters.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>

namespace workloads::logs {
namespace {

constexpr std::size_t date_length = 10, seconds_length = 19;
constexpr std::int64_t us_per_second = 1'000'000, us_per_day = 86'400 * us_per_second;

// Requires digits, as stamp_length() has seen them.
unsigned digits(const char* at, std::size_t count) {
    unsigned value = 0;
    for (std::size_t i = 0; i < count; ++i) {
        value = value * 10 + static_cast<unsigned>(at[i] - '0');
    }
    return value;
}

unsigned days_of(unsigned year, unsigned month) {
    constexpr unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

template <typename Number>
bool whole_number(std::string_view text, Number& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

// Howard Hinnant's "chrono-compatible low-level date algorithms": years begin in March, so that the
// leap day is the last one of its year.
std::int64_t days_from_civil(std::int64_t year, unsigned month, unsigned day) {
    const std::int64_t shifted = month <= 2 ? year - 1 : year;
    const std::int64_t era = (shifted >= 0 ? shifted : shifted - 399) / 400;
    const std::int64_t year_of_era = shifted - era * 400;
    const std::int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    const std::int64_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146'097 + day_of_era - 719'468;
}

std::size_t stamp_length(std::string_view text) {
    constexpr std::string_view shape = "0000-00-00 00:00:00";
    if (text.size() < seconds_length) {
        return 0;
    }
    for (std::size_t i = 0; i < seconds_length; ++i) {
        if (shape[i] == '0' ? !is_digit(text[i]) : text[i] != shape[i]) {
            return 0;
        }
    }
    if (text.size() == seconds_length || text[seconds_length] != '.') {
        return seconds_length;
    }
    std::size_t end = seconds_length + 1;
    while (end < text.size() && end < seconds_length + 7 && is_digit(text[end])) {
        ++end;
    }
    return end == seconds_length + 1 ? 0 : end;
}

bool TimeReader::read(std::string_view text, LogTime& time) {
    const std::size_t stamp = stamp_length(text);
    if (stamp == 0 || stamp >= text.size() || text[stamp] != ' ') {
        return false;
    }
    const char* at = text.data();
    if (!date_known_ || std::memcmp(date_.data(), at, date_length) != 0) {
        const unsigned year = digits(at, 4), month = digits(at + 5, 2), day = digits(at + 8, 2);
        if (month < 1 || month > 12 || day < 1 || day > days_of(year, month)) {
            return false;
        }
        std::memcpy(date_.data(), at, date_length);
        date_us_ = days_from_civil(year, month, day) * us_per_day;
        date_known_ = true;
    }
    const unsigned hour = digits(at + 11, 2), minute = digits(at + 14, 2);
    const unsigned second = digits(at + 17, 2);
    if (hour > 23 || minute > 59 || second > 60) {  // 60: a leap second
        return false;
    }
    unsigned fraction = 0;
    for (std::size_t i = seconds_length + 1; i < seconds_length + 7; ++i) {
        fraction = fraction * 10 + (i < stamp ? static_cast<unsigned>(at[i] - '0') : 0);
    }
    time.local_us =
        date_us_ + ((hour * 60 + minute) * std::int64_t{60} + second) * us_per_second + fraction;
    time.zone = text.substr(stamp + 1);
    time.known = true;
    return true;
}

std::string stamp_text(const LogTime& time, bool milliseconds) {
    using namespace std::chrono;
    const sys_time<microseconds> moment{microseconds{time.local_us}};
    const auto day = floor<days>(moment);
    const year_month_day date{day};
    const hh_mm_ss clock{moment - day};
    char text[64];
    const int length = std::snprintf(
        text, sizeof text, "%04d-%02u-%02u %02d:%02d:%02d", static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
        static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
        static_cast<int>(clock.seconds().count()));
    std::string out{text, static_cast<std::size_t>(length)};
    if (milliseconds) {
        std::snprintf(text, sizeof text, ".%03d",
                      static_cast<int>(clock.subseconds().count() / 1000));
        out += text;
    }
    return out + ' ' + std::string{time.zone.empty() ? "UTC" : time.zone};
}

bool read_number(std::string_view text, std::uint64_t& number) {
    return whole_number(text, number);
}

bool read_number(std::string_view text, std::int64_t& number) {
    return whole_number(text, number);
}

}  // namespace workloads::logs
