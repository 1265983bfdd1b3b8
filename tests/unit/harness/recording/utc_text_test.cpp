#include "harness/recording/utc_text.hpp"

#include <gtest/gtest.h>

namespace harness::recording {
namespace {

TEST(UtcText, IsReadableToTheMillisecond) {
    EXPECT_EQ(utc_text(0), "1970-01-01 00:00:00.000");
    EXPECT_EQ(utc_text(1'709'208'000'123'456), "2024-02-29 12:00:00.123");
    EXPECT_EQ(utc_text(-1'000), "1969-12-31 23:59:59.999");
    EXPECT_FALSE(utc_text(INT64_MAX).empty());
    EXPECT_FALSE(utc_text(INT64_MIN).empty());
}

}  // namespace
}  // namespace harness::recording
