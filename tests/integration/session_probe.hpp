// One session of the load path by itself, driven from the test's own thread.
#pragma once

#include "harness/database/poller.hpp"
#include "harness/postgres/session.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace tests {

class SessionProbe final : private harness::database::SessionListener {
public:
    using Clock = harness::database::Clock;

    struct End {
        std::string code;
        harness::database::ErrorKind kind;
        bool session_usable;
        Clock::time_point sent, done, slowest_sent, slowest_done;
        [[nodiscard]] bool ok() const { return code.empty(); }
    };

    explicit SessionProbe(harness::postgres::LoadPlan plan);

    // Empty: connected.
    std::optional<harness::database::Error> connect(
        workloads::App app = workloads::App::old_version);
    // Draws the operation's parameters with the number `index` and runs it to its end.
    End run(std::uint16_t operation = 0, std::uint64_t index = 0);

    // The same in parts.
    void start_connect(workloads::App app = workloads::App::old_version);
    void start_run(std::uint16_t operation = 0, std::uint64_t index = 0);
    // As a load does whose operations queue: this one is sent from within the call in which the one
    // that runs has ended.
    void follow_with(std::uint16_t operation) { next_ = operation; }
    [[nodiscard]] bool over() const { return connected_ || failed_ || end_ || lost_; }
    void wait();           // until one of them; fails the test after 20 s
    void wait_for_more();  // the same, whatever was heard before

    [[nodiscard]] harness::database::Session& session() { return *session_; }
    [[nodiscard]] const workloads::Values& values() const { return values_; }
    [[nodiscard]] bool connected() const { return connected_; }
    [[nodiscard]] const std::optional<harness::database::Error>& failed() const { return failed_; }
    [[nodiscard]] const std::optional<harness::database::Error>& lost() const { return lost_; }
    [[nodiscard]] const std::optional<End>& end() const { return end_; }

private:
    void on_connected() override;
    void on_connect_failed(const harness::database::Error& error) override;
    void on_operation_end(const harness::database::OperationEnd& end) override;
    void on_lost(const harness::database::Error& error) override;
    void forget();

    std::shared_ptr<const harness::postgres::LoadPlan> plan_;
    harness::database::Poller poller_;
    workloads::Values values_;
    bool connected_ = false;
    std::optional<harness::database::Error> failed_, lost_;
    std::optional<End> end_;
    std::optional<std::uint16_t> next_;
    std::unique_ptr<harness::database::Session> session_;
};

}  // namespace tests
