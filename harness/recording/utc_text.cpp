#include "harness/recording/utc_text.hpp"

#include <chrono>
#include <cstdio>

namespace harness::recording {

std::string utc_text(std::int64_t us) {
    using namespace std::chrono;
    // In milliseconds from here on: the day of the first microsecond there is begins before it.
    const sys_time<milliseconds> time{floor<milliseconds>(microseconds{us})};
    const auto day = floor<days>(time);
    const year_month_day date{day};
    const hh_mm_ss clock{time - day};
    char text[64];
    std::snprintf(
        text, sizeof text, "%04d-%02u-%02u %02d:%02d:%02d.%03d", static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
        static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
        static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
    return text;
}

}  // namespace harness::recording
