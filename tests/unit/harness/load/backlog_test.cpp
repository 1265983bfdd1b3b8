#include "harness/load/backlog.hpp"

#include <gtest/gtest.h>

namespace {

using harness::load::Backlog;
using harness::load::DueOperation;
using workloads::App;

TEST(Backlog, HandsOutWhatWaitedLongestFirst) {
    Backlog backlog{10};
    for (std::uint64_t index = 0; index < 5; ++index) {
        ASSERT_TRUE(backlog.push(App::old_version, {.index = index}));
    }
    for (std::uint64_t index = 0; index < 5; ++index) {
        EXPECT_EQ(backlog.pop(App::old_version)->index, index);
    }
    EXPECT_FALSE(backlog.pop(App::old_version));
}

TEST(Backlog, KeepsTheVersionsApart) {
    Backlog backlog{10};
    ASSERT_TRUE(backlog.push(App::old_version, {.index = 1}));
    ASSERT_TRUE(backlog.push(App::new_version, {.index = 2}));
    EXPECT_EQ(backlog.size(), 2U);
    EXPECT_EQ(backlog.pop(App::new_version)->index, 2U);
    EXPECT_TRUE(backlog.empty(App::new_version));
    EXPECT_FALSE(backlog.pop(App::new_version));
    EXPECT_FALSE(backlog.empty(App::old_version));
    EXPECT_EQ(backlog.pop(App::old_version)->index, 1U);
}

TEST(Backlog, RefusesBeyondItsBoundOverBothVersions) {
    Backlog backlog{3};
    EXPECT_TRUE(backlog.push(App::old_version, {}));
    EXPECT_TRUE(backlog.push(App::new_version, {}));
    EXPECT_TRUE(backlog.push(App::old_version, {}));
    EXPECT_FALSE(backlog.push(App::old_version, {}));
    EXPECT_FALSE(backlog.push(App::new_version, {}));
    EXPECT_EQ(backlog.size(), 3U) << "what was refused must not be kept";

    ASSERT_TRUE(backlog.pop(App::new_version));
    EXPECT_TRUE(backlog.push(App::old_version, {})) << "there is room again";
}

TEST(Backlog, KeepsWhenAnOperationWasDue) {
    Backlog backlog{1};
    const std::chrono::steady_clock::time_point due{std::chrono::seconds{7}};
    ASSERT_TRUE(backlog.push(App::new_version, {.index = 3, .operation = 4, .due = due}));
    const auto popped = backlog.pop(App::new_version);
    ASSERT_TRUE(popped);
    EXPECT_EQ(popped->due, due);
    EXPECT_EQ(popped->operation, 4);
}

}  // namespace
