// The streaming replication protocol, the client's side (documentation: "Streaming Replication
// Protocol"): a slot, and the log from it on, message by message.
#pragma once

#include "harness/database/error.hpp"
#include "harness/postgres/timed_connection.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace harness::postgres {

class ReplicationConnection {
public:
    // Connects as rehearse/stream. Throws database::Outage.
    explicit ReplicationConnection(const Destination& destination);

    [[nodiscard]] int server_pid() const noexcept { return PQbackendPID(connection_.get()); }
    [[nodiscard]] int server_version() const noexcept { return PQserverVersion(connection_.get()); }

    // Pins whatever settings change how values are written, and makes a slot that goes with this
    // connection, also after kill -9. Waits until the transactions that write now have ended.
    // Throws Outage.
    void create_slot(const std::string& name, std::chrono::milliseconds timeout);
    // From the slot's own position on. Throws Outage.
    void start(const std::string& slot, const std::string& options);

    // The next message of the plugin's, valid until the next call; nothing: none has come yet.
    // Throws Outage also where the server ended the stream.
    [[nodiscard]] std::optional<std::string_view> next();
    // Until something comes, at most so long.
    void wait(std::chrono::milliseconds limit);
    // Tells the server that all that came is safe and asks how far it is: now and then, where it
    // asks, or `at_once`. Does not wait.
    void confirm(bool at_once = false);

    // Everything that the log holds up to here, as far as it is for us, has come.
    [[nodiscard]] std::uint64_t position() const noexcept { return position_; }
    [[nodiscard]] std::uint64_t bytes_received() const noexcept { return bytes_; }

private:
    void run(const std::string& command);
    void send_status();
    [[noreturn]] void ended();

    TimedConnection connection_;
    struct FreeMessage {
        void operator()(char* message) const noexcept { PQfreemem(message); }
    };
    std::unique_ptr<char, FreeMessage> message_;
    std::uint64_t position_ = 0;
    std::uint64_t bytes_ = 0;
    std::size_t since_wait_ = 0;
    bool asked_ = false;  // the server wants to hear of us
    std::chrono::steady_clock::time_point confirmed_;
};

}  // namespace harness::postgres
