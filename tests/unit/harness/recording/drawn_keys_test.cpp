#include "harness/recording/drawn_keys.hpp"

#include <gtest/gtest.h>

namespace harness::recording {
namespace {

TEST(DrawnKeys, KeepWhatWasDrawnLast) {
    DrawnKeys drawn{2};
    EXPECT_EQ(drawn.get(1), nullptr);
    drawn.put(1, "205", true);
    const auto* first = drawn.get(1);
    ASSERT_NE(first, nullptr);
    drawn.put(1, "305", true);
    EXPECT_EQ(*first, "205");  // whoever reads it still
    EXPECT_EQ(*drawn.get(1), "305");
    drawn.put(0, "1", false);
    EXPECT_EQ(drawn.counts().drawn, 3U);
    EXPECT_EQ(drawn.counts().moved, 2U);
    drawn.forget();
    EXPECT_EQ(drawn.get(1), nullptr);
    drawn.put(1, "405", true);
    EXPECT_EQ(drawn.get(1), nullptr);
    EXPECT_EQ(drawn.counts().drawn, 4U);
}

}  // namespace
}  // namespace harness::recording
