#include "harness/load/deployment.hpp"

#include <gtest/gtest.h>

namespace {

using harness::load::Deployment;
using workloads::App;
using namespace std::chrono_literals;

const Deployment::Clock::time_point start{100s};

Deployment rolling(std::chrono::nanoseconds over) {
    return {.from = App::old_version, .to = App::new_version, .start = start, .over = over};
}

TEST(Deployment, GrowsFromNoneToAll) {
    const auto deployment = rolling(10s);
    EXPECT_EQ(deployment.converted(start - 1s, 20), 0U);
    EXPECT_EQ(deployment.converted(start, 20), 0U);
    EXPECT_EQ(deployment.converted(start + 5s, 20), 10U);
    EXPECT_EQ(deployment.converted(start + 10s - 1ns, 20), 19U);
    EXPECT_EQ(deployment.converted(start + 10s, 20), 20U);
    EXPECT_EQ(deployment.converted(start + 1h, 20), 20U);
}

TEST(Deployment, NeverShrinks) {
    const auto deployment = rolling(3s);
    std::size_t last = 0;
    for (auto at = 0ms; at <= 3100ms; at += 7ms) {
        const auto now = deployment.converted(start + at, 33);
        EXPECT_GE(now, last);
        last = now;
    }
    EXPECT_EQ(last, 33U);
}

TEST(Deployment, AtOnceConvertsAllAtItsStart) {
    EXPECT_EQ(rolling(0s).converted(start, 7), 7U);
}

TEST(Deployment, ConvertsTheFirstConnectionsFirst) {
    const auto deployment = rolling(10s);
    for (std::size_t index = 0; index < 10; ++index) {
        EXPECT_EQ(deployment.version(start + 5s, index, 10),
                  index < 5 ? App::new_version : App::old_version);
    }
}

TEST(Deployment, ASingleConnectionIsConvertedAtTheEnd) {
    const auto deployment = rolling(2s);
    EXPECT_EQ(deployment.version(start + 1999ms, 0, 1), App::old_version);
    EXPECT_EQ(deployment.version(start + 2s, 0, 1), App::new_version);
}

TEST(Deployment, WithoutADeployEveryConnectionRunsTheOldVersion) {
    EXPECT_EQ(Deployment{}.version(start, 3, 10), App::old_version);
}

TEST(Deployment, MayGoBack) {
    const Deployment back{
        .from = App::new_version, .to = App::old_version, .start = start, .over = 10s};
    EXPECT_EQ(back.version(start + 5s, 0, 10), App::old_version);
    EXPECT_EQ(back.version(start + 5s, 9, 10), App::new_version);
}

}  // namespace
