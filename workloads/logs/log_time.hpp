// Time stamps and numbers as the server writes them into its logs.
#pragma once

#include "workloads/logs/log_entry.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace workloads::logs {

// Days from 1970-01-01 to a date of the Gregorian calendar. Requires a month of 1 to 12.
[[nodiscard]] std::int64_t days_from_civil(std::int64_t year, unsigned month, unsigned day);

// The length of "2024-01-31 10:00:00" or "2024-01-31 10:00:00.123" at the start of `text`, 0 where
// none stands there. Looks at the shape alone: digits and punctuation.
[[nodiscard]] std::size_t stamp_length(std::string_view text);

// Reads "2024-01-31 10:00:00[.123[456]] ZONE". Remembers the date that it read last, because
// neighbours in a log share it. Nothing may follow the zone.
class TimeReader {
public:
    // False where `text` is no such time, or no date of the calendar; `time` is then untouched.
    bool read(std::string_view text, LogTime& time);

private:
    std::array<char, 10> date_{};
    std::int64_t date_us_ = 0;  // of its midnight
    bool date_known_ = false;
};

// A time as the server writes it: "2024-01-31 10:00:00[.123] ZONE". Requires time.known.
[[nodiscard]] std::string stamp_text(const LogTime& time, bool milliseconds);

// False unless the whole text is a decimal number that fits.
bool read_number(std::string_view text, std::uint64_t& number);
bool read_number(std::string_view text, std::int64_t& number);

}  // namespace workloads::logs
