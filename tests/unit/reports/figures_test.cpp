#include "reports/figures.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace reports {
namespace {

TEST(Figures, GiveMillisecondsInAUnitThatFits) {
    const std::pair<double, const char*> table[] = {
        {0, "0 ms"},        {0.004, "4 us"},        {0.42, "0.42 ms"},        {9.994, "9.99 ms"},
        {9.996, "10.0 ms"}, {41.34, "41.3 ms"},     {99.96, "100 ms"},        {412.3, "412 ms"},
        {999.4, "999 ms"},  {999.6, "1.00 s"},      {8'432, "8.43 s"},        {12'345, "12.3 s"},
        {119'400, "119 s"}, {125'000, "2 min 5 s"}, {3'720'000, "1 h 2 min"}, {-8'432, "-8.43 s"},
        {NAN, "n/a"},       {INFINITY, "n/a"},      {-INFINITY, "n/a"}};
    for (const auto& [ms, text] : table) {
        EXPECT_EQ(ms_text(ms), text);
    }
    EXPECT_EQ(seconds_text(1.5), "1.50 s");
    EXPECT_FALSE(ms_text(std::numeric_limits<double>::max()).empty());
}

TEST(Figures, SetThousandsApart) {
    EXPECT_EQ(count_text(0), "0");
    EXPECT_EQ(count_text(999), "999");
    EXPECT_EQ(count_text(1'000), "1,000");
    EXPECT_EQ(count_text(1'234'567), "1,234,567");
    EXPECT_EQ(count_text(std::numeric_limits<std::uint64_t>::max()), "18,446,744,073,709,551,615");
    EXPECT_EQ(rate_text(1'998.4), "1,998/s");
    EXPECT_EQ(rate_text(3.42), "3.4/s");
    EXPECT_EQ(rate_text(0), "0/s");
    EXPECT_EQ(rate_text(-123'456), "-123,456/s");
    EXPECT_EQ(rate_text(-456), "-456/s");
    EXPECT_EQ(rate_text(NAN), "n/a");
    EXPECT_EQ(counted(1, "call", "calls"), "1 call");
    EXPECT_EQ(counted(2'000, "call", "calls"), "2,000 calls");
}

TEST(Figures, GiveBytesInPowersOf1024) {
    EXPECT_EQ(bytes_text(0), "0 B");
    EXPECT_EQ(bytes_text(1'023), "1023 B");
    EXPECT_EQ(bytes_text(1'536), "1.5 kB");
    EXPECT_EQ(bytes_text(400'000'000), "381 MB");
    EXPECT_EQ(bytes_text(1'048'575), "1.0 MB");
    EXPECT_EQ(bytes_text(-2'048), "-2.0 kB");
    EXPECT_EQ(bytes_text(std::numeric_limits<std::int64_t>::min()), "-8.0 EB");
}

}  // namespace
}  // namespace reports
