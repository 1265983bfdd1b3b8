#include "checksum/digest.hpp"

#include <limits>

#include <gtest/gtest.h>

namespace checksum {
namespace {

constexpr std::uint64_t all_ones = std::numeric_limits<std::uint64_t>::max();

TEST(Digest, CarriesIntoTheHighHalf) {
    EXPECT_EQ((Digest{all_ones, 0} + Digest{1, 0}), (Digest{0, 1}));
    EXPECT_EQ((Digest{0, 1} - Digest{1, 0}), (Digest{all_ones, 0}));
}

TEST(Digest, WrapsAtTwoToThe128) {
    EXPECT_EQ((Digest{all_ones, all_ones} + Digest{1, 0}), Digest{});
    EXPECT_EQ((Digest{} - Digest{1, 0}), (Digest{all_ones, all_ones}));
}

TEST(Digest, OrdersByItsHighHalfFirst) {
    EXPECT_TRUE((Digest{9, 1} < Digest{0, 2}));
    EXPECT_TRUE((Digest{1, 2} < Digest{2, 2}));
    EXPECT_FALSE((Digest{1, 2} < Digest{1, 2}));
}

TEST(Digest, IsShownWithTheHighestDigitFirst) {
    EXPECT_EQ(hex({0x0123456789abcdef, 0xfedcba9876543210}), "fedcba98765432100123456789abcdef");
    EXPECT_EQ(hex({}), std::string(32, '0'));
}

}  // namespace
}  // namespace checksum
