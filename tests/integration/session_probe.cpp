#include "tests/integration/session_probe.hpp"

#include <chrono>
#include <utility>

#include <gtest/gtest.h>

namespace tests {

using harness::database::Error;
using harness::database::OperationEnd;
using workloads::App;

SessionProbe::SessionProbe(harness::postgres::LoadPlan plan)
    : plan_{std::make_shared<const harness::postgres::LoadPlan>(std::move(plan))},
      session_{harness::postgres::make_session(plan_, poller_, *this)} {}

std::optional<Error> SessionProbe::connect(App app) {
    start_connect(app);
    wait();
    return failed_;
}

SessionProbe::End SessionProbe::run(std::uint16_t operation, std::uint64_t index) {
    start_run(operation, index);
    wait();
    return end_.value();
}

void SessionProbe::start_connect(App app) {
    forget();
    session_->connect(app);
}

void SessionProbe::start_run(std::uint16_t operation, std::uint64_t index) {
    forget();
    values_.draw(plan_->operations.at(operation), 1, index, 0);
    session_->run(operation, values_);
}

void SessionProbe::wait() {
    const auto deadline = Clock::now() + std::chrono::seconds{20};
    while (!over() && Clock::now() < deadline) {
        poller_.wait(std::chrono::milliseconds{100});
    }
    ASSERT_TRUE(over()) << "nothing was heard of the session";
}

void SessionProbe::wait_for_more() {
    forget();
    wait();
}

void SessionProbe::on_connected() {
    connected_ = true;
}
void SessionProbe::on_connect_failed(const Error& error) {
    failed_ = error;
}
void SessionProbe::on_lost(const Error& error) {
    lost_ = error;
}

void SessionProbe::on_operation_end(const OperationEnd& end) {
    EXPECT_FALSE(end_) << "an operation ends once";
    EXPECT_LE(end.sent, end.done);
    EXPECT_LE(end.sent, end.slowest_sent);
    EXPECT_LE(end.slowest_sent, end.slowest_done);
    EXPECT_LE(end.slowest_done, end.done);
    end_ = End{std::string{end.code}, end.kind,        end.session_usable, end.sent, end.done,
               end.slowest_sent,      end.slowest_done};
    if (const auto next = std::exchange(next_, std::nullopt)) {
        start_run(*next);
    }
}

void SessionProbe::forget() {
    connected_ = false;
    failed_.reset();
    lost_.reset();
    end_.reset();
}

}  // namespace tests
