#include "workloads/suggestion.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace workloads {
namespace {

const std::vector<std::string_view> known{"uniform", "zipfian", "gaussian", "now", "text"};

TEST(DidYouMean, NamesTheNearest) {
    EXPECT_EQ(did_you_mean("unifrom", known), "; did you mean uniform?");
    EXPECT_EQ(did_you_mean("zipf", std::vector<std::string_view>{"zip"}), "; did you mean zip?");
    EXPECT_EQ(did_you_mean("Uniform", known), "; did you mean uniform?");
    EXPECT_EQ(did_you_mean("NOW", known), "; did you mean now?");
}

TEST(DidYouMean, NamesAWordInsideALongerOne) {
    EXPECT_EQ(did_you_mean("random_gaussian", known), "; did you mean gaussian?");
}

TEST(DidYouMean, NamesSeveralThatAreEquallyNear) {
    const std::vector<std::string_view> names{"order_a", "order_b", "customer"};
    EXPECT_EQ(did_you_mean("order_c", names), "; did you mean order_a or order_b?");
    const std::vector<std::string_view> more{"order_a", "order_b", "order_d", "order_e"};
    EXPECT_EQ(did_you_mean("order_c", more), "; did you mean order_a, order_b or order_d?");
}

TEST(DidYouMean, IsSilentWhenNothingIsNear) {
    EXPECT_EQ(did_you_mean("frobnicate", known), "");
    EXPECT_EQ(did_you_mean("", known), "");
    EXPECT_EQ(did_you_mean("x", {}), "");
    EXPECT_EQ(did_you_mean(std::string(100'000, 'u'), known), "");
}

}  // namespace
}  // namespace workloads
