#include "workloads/logs/log_time.hpp"

#include <gtest/gtest.h>

namespace workloads::logs {
namespace {

constexpr std::int64_t second = 1'000'000;

LogTime read(std::string_view text) {
    TimeReader reader;
    LogTime time;
    EXPECT_EQ(reader.read(text, time), time.known) << text;
    return time;
}

TEST(LogTime, IsReadToTheMicrosecond) {
    EXPECT_EQ(read("1970-01-01 00:00:00 UTC").local_us, 0);
    EXPECT_EQ(read("1970-01-01 00:00:00.001 UTC").local_us, 1000);
    EXPECT_EQ(read("1970-01-01 00:00:00.000001 UTC").local_us, 1);
    EXPECT_EQ(read("1970-01-02 00:00:01.5 UTC").local_us, 86'401 * second + 500'000);
    EXPECT_EQ(read("2024-02-29 23:59:59.999 CET").local_us, 1'709'251'199'999'000);
    EXPECT_EQ(read("1969-12-31 23:59:59 UTC").local_us, -second);
}

TEST(LogTime, KeepsItsZoneAsWritten) {
    EXPECT_EQ(read("2024-01-01 00:00:00 UTC").zone, "UTC");
    EXPECT_EQ(read("2024-01-01 00:00:00.123 +0330").zone, "+0330");
}

TEST(LogTime, KnowsTheCalendar) {
    EXPECT_TRUE(read("2024-02-29 00:00:00 UTC").known);
    EXPECT_TRUE(read("2000-02-29 00:00:00 UTC").known);
    EXPECT_FALSE(read("2023-02-29 00:00:00 UTC").known);
    EXPECT_FALSE(read("2100-02-29 00:00:00 UTC").known);
    EXPECT_FALSE(read("2024-04-31 00:00:00 UTC").known);
    EXPECT_FALSE(read("2024-13-01 00:00:00 UTC").known);
    EXPECT_FALSE(read("2024-00-01 00:00:00 UTC").known);
    EXPECT_FALSE(read("2024-01-00 00:00:00 UTC").known);
    EXPECT_FALSE(read("2024-01-01 24:00:00 UTC").known);
    EXPECT_FALSE(read("2024-01-01 00:60:00 UTC").known);
    EXPECT_FALSE(read("2024-01-01 00:00:61 UTC").known);
    EXPECT_TRUE(read("2016-12-31 23:59:60 UTC").known);
}

TEST(LogTime, IsNothingElse) {
    for (const auto* text :
         {"", "2024", "2024-01-01", "2024-01-01 00:00:00", "2024-01-01 00:00:00.", " UTC",
          "2024-01-01T00:00:00 UTC", "2024-01-01 00:00:00. UTC", "2024-1-01 00:00:00 UTC",
          "2024-01-01 00:00:00.1234567 UTC", "x024-01-01 00:00:00 UTC"}) {
        EXPECT_FALSE(read(text).known) << text;
    }
}

TEST(LogTime, ReadsTheNextDayAfterTheLast) {
    TimeReader reader;
    LogTime first, second_one, wrong;
    ASSERT_TRUE(reader.read("2023-12-31 23:59:59.999 UTC", first));
    ASSERT_TRUE(reader.read("2024-01-01 00:00:00.000 UTC", second_one));
    EXPECT_EQ(second_one.local_us - first.local_us, 1000);
    EXPECT_FALSE(reader.read("2024-01-32 00:00:00.000 UTC", wrong));
    ASSERT_TRUE(reader.read("2024-01-01 00:00:01.000 UTC", first));
    EXPECT_EQ(first.local_us - second_one.local_us, second);
}

TEST(LogTime, DaysAreCountedAsTheCalendarDoes) {
    EXPECT_EQ(days_from_civil(1970, 1, 1), 0);
    EXPECT_EQ(days_from_civil(2000, 3, 1), 11'017);
    EXPECT_EQ(days_from_civil(1600, 1, 1), -135'140);
    EXPECT_EQ(days_from_civil(2024, 3, 1) - days_from_civil(2024, 2, 28), 2);
}

TEST(LogTime, NumbersAreNumbersAsAWhole) {
    std::uint64_t number = 7;
    std::int64_t negative = 7;
    EXPECT_TRUE(read_number("18446744073709551615", number));
    EXPECT_EQ(number, 18446744073709551615ULL);
    EXPECT_FALSE(read_number("18446744073709551616", number));
    EXPECT_FALSE(read_number("", number));
    EXPECT_FALSE(read_number("12x", number));
    EXPECT_FALSE(read_number(" 12", number));
    EXPECT_TRUE(read_number("-9", negative));
    EXPECT_EQ(negative, -9);
}

}  // namespace
}  // namespace workloads::logs
