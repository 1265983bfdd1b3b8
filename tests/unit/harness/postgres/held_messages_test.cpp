#include "harness/postgres/held_messages.hpp"

#include <deque>
#include <random>

#include <gtest/gtest.h>

namespace {

using harness::postgres::HeldMessages;

TEST(HeldMessages, ComeOutAsTheyWentIn) {
    HeldMessages held;
    EXPECT_FALSE(held.front());
    held.push("a");
    held.push("");
    held.push(std::string{"b\0c", 3});
    EXPECT_EQ(held.front(), "a");
    held.pop();
    EXPECT_EQ(held.front(), "");
    held.pop();
    EXPECT_EQ(held.front(), (std::string{"b\0c", 3}));
    held.pop();
    EXPECT_FALSE(held.front());
    EXPECT_EQ(held.bytes(), 0U);
}

TEST(HeldMessages, AgreeWithAQueueHoweverTheyComeAndGo) {
    HeldMessages held;
    std::deque<std::string> queue;
    std::mt19937 random{3};
    std::size_t bytes = 0;
    for (int step = 0; step < 20'000; ++step) {
        if (random() % 100 < 52) {
            queue.emplace_back(random() % 3'000, static_cast<char>('a' + step % 26));
            held.push(queue.back());
            bytes += queue.back().size() + 4;
        } else if (!queue.empty()) {
            ASSERT_EQ(held.front(), queue.front());
            bytes -= queue.front().size() + 4;
            held.pop();
            queue.pop_front();
        }
        ASSERT_EQ(held.bytes(), bytes);
    }
    EXPECT_GT(bytes, std::size_t{1} << 20) << "long enough that memory was moved";
}

}  // namespace
