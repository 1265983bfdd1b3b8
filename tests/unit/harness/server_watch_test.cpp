#include "harness/server_watch.hpp"

#include "harness/database/error.hpp"

#include <atomic>
#include <future>
#include <thread>

#include <gtest/gtest.h>

namespace {

using harness::ServerWatch;
using harness::database::Counters;
using harness::database::Outage;
using harness::database::ServerCounters;
using harness::database::StoredBytes;
using namespace std::chrono_literals;

Outage outage(const std::string& message) {
    harness::database::Error error;
    error.message = message;
    return Outage{error};
}

// What all connections of one server have in common.
struct FakeServer {
    std::atomic<int> opened = 0, read = 0;
    std::atomic<int> answers = 1'000'000;  // readings until the connection is lost
    bool reachable = true;
    bool hangs_after_first = false;
    std::promise<void> hanging, cancelled;
    std::vector<std::string> notes;
};

class FakeCounters final : public ServerCounters {
public:
    explicit FakeCounters(FakeServer& server) : server_{server} { ++server_.opened; }

    Counters read() override {
        if (server_.read >= server_.answers) {
            throw outage("the connection is lost");
        }
        if (server_.hangs_after_first && server_.read > 0) {
            server_.hanging.set_value();
            server_.cancelled.get_future().wait();
            throw outage("cancelled");
        }
        Counters counters;
        counters.log_bytes = 1'000 + 100 * server_.read++;
        return counters;
    }
    std::vector<StoredBytes> sizes() override { return {{8'192 + server_.read, 0}}; }
    std::vector<std::string> take_notes() override { return server_.notes; }
    void cancel() noexcept override { server_.cancelled.set_value(); }

private:
    FakeServer& server_;
};

ServerWatch::Source source(FakeServer& server) {
    return {.open = [&server]() -> std::unique_ptr<ServerCounters> {
                if (!server.reachable) {
                    throw outage("no route");
                }
                return std::make_unique<FakeCounters>(server);
            },
            .replica_lag = [] { return std::optional{std::chrono::microseconds{1'500'000}}; }};
}

TEST(ServerWatch, TheFirstReadingAndTheSizesAreThereBeforeTheLoadAndTheLastAfterIt) {
    FakeServer server;
    std::vector<std::string> warnings;
    ServerWatch watch{source(server), {"orders"}, ServerWatch::Clock::now()};
    EXPECT_EQ(server.read, 1);

    const auto result = watch.finish(warnings);

    ASSERT_EQ(result.samples.size(), 2U);
    EXPECT_EQ(result.samples[1].log_bytes, 100);
    EXPECT_EQ(result.samples[1].replica_lag_s, 1.5);
    EXPECT_EQ(result.tables.at(0).bytes_before, 8'192);
    EXPECT_EQ(result.tables.at(0).bytes_after, 8'194);
    EXPECT_EQ(server.opened, 1);
    EXPECT_TRUE(warnings.empty());
}

TEST(ServerWatch, AServerThatDoesNotAnswerIsAWarningAndNoFailure) {
    FakeServer server;
    server.reachable = false;
    std::vector<std::string> warnings;
    ServerWatch watch{source(server), {"orders"}, ServerWatch::Clock::now()};

    const auto result = watch.finish(warnings);

    EXPECT_TRUE(result.samples.empty());
    EXPECT_TRUE(result.tables.empty());
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_NE(warnings[0].find("no route"), std::string::npos) << warnings[0];
}

TEST(ServerWatch, ALostConnectionIsOpenedAgainAtTheNextQuestion) {
    FakeServer server;
    server.answers = 0;  // the sizes are told, the counters are not
    std::vector<std::string> warnings;
    ServerWatch watch{source(server), {"orders"}, ServerWatch::Clock::now()};
    server.answers = 1'000'000;
    for (int i = 0; i < 300 && server.opened < 2; ++i) {
        std::this_thread::sleep_for(10ms);  // a second, until it asks again
    }

    const auto result = watch.finish(warnings);

    EXPECT_EQ(server.opened, 2);
    EXPECT_GE(result.samples.size(), 2U);
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_EQ(warnings[0],
              "the server did not tell what it counts 1 time; the last reason: the connection is "
              "lost");
}

TEST(ServerWatch, WhatTheRoleMayNotSeeIsSaidOnce) {
    FakeServer server;
    server.notes = {"the server does not tell of its cache: permission denied"};
    std::vector<std::string> warnings;
    ServerWatch watch{source(server), {}, ServerWatch::Clock::now()};

    (void)watch.finish(warnings);

    EXPECT_EQ(warnings, server.notes);
}

TEST(ServerWatch, ARunThatEndsDoesNotWaitForAServerThatHangs) {
    FakeServer server;
    server.hangs_after_first = true;
    std::vector<std::string> warnings;
    ServerWatch watch{source(server), {"orders"}, ServerWatch::Clock::now()};
    server.hanging.get_future().wait();

    const auto result = watch.finish(warnings);  // ends only if the question is cancelled

    EXPECT_EQ(result.samples.size(), 1U);
    EXPECT_EQ(result.tables.at(0).bytes_after, std::nullopt);
    EXPECT_EQ(warnings.size(), 1U);
}

}  // namespace
