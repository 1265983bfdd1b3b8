#include "scenarios/suggestion.hpp"

#include <array>

#include <gtest/gtest.h>

namespace scenarios {
namespace {

constexpr std::array<std::string_view, 4> names{"lock_timeout", "retries", "sql", "up"};

TEST(Suggestion, AMistypedNameIsRecognised) {
    EXPECT_EQ(nearest("lock_timout", names), "lock_timeout");
    EXPECT_EQ(nearest("retry", names), std::nullopt);  // three letters of five are others
    EXPECT_EQ(nearest("retires", names), "retries");   // two letters swapped
    EXPECT_EQ(nearest("SQL", names), "sql");
}

TEST(Suggestion, ANameThatIsLikeNoneIsNotGuessed) {
    EXPECT_EQ(nearest("workload", names), std::nullopt);
    EXPECT_EQ(nearest("", names), std::nullopt);
    EXPECT_EQ(nearest("x", names), std::nullopt);
    EXPECT_EQ(nearest("ab", names), std::nullopt);
}

TEST(Suggestion, WithoutANearNameAllAreListed) {
    EXPECT_EQ(suggestion("workload", names),
              "; known are `lock_timeout`, `retries`, `sql` and `up`");
    EXPECT_EQ(suggestion("sqll", names), "; did you mean `sql`?");
}

}  // namespace
}  // namespace scenarios
