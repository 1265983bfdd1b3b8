#include "harness/postgres/replication_connection.hpp"

#include "harness/postgres/errors.hpp"
#include "harness/postgres/table_reader.hpp"
#include "harness/postgres/wire_bytes.hpp"

#include <algorithm>
#include <cerrno>
#include <thread>
#include <utility>

#include <poll.h>

namespace harness::postgres {
namespace {

using database::Error;
using database::ErrorKind;
using database::Outage;

// Much shorter than any wal_sender_timeout (60 s by default), and often enough that the server
// keeps little of its log for us.
constexpr std::chrono::seconds confirm_every{1};

// The server sends each message by itself, and whoever waits for the socket is woken for each. Left
// alone for a moment it fills the socket.
constexpr std::chrono::microseconds gathering{300};
// After so much since the last wait more is on its way: left alone without asking, so that the
// server need not wake us for the first of it.
constexpr std::size_t much_since_wait = 2048;

constexpr std::size_t data_header = 25;     // 'w', start, end, clock
constexpr std::size_t keepalive_size = 18;  // 'k', end, clock, reply wanted

// The settings and replication commands go by the simple protocol alone.
Destination streaming(const Destination& destination) {
    return {destination.conninfo + " replication=database", destination.server};
}

}  // namespace

ReplicationConnection::ReplicationConnection(const Destination& destination)
    : connection_{streaming(destination)} {}

void ReplicationConnection::run(const std::string& command) {
    const Result result = connection_.execute(command);
    if (result == nullptr || is_failure(result.get())) {
        throw Outage{connection_.error(result.get())};
    }
}

void ReplicationConnection::create_slot(const std::string& name,
                                        std::chrono::milliseconds timeout) {
    for (const auto& setting : session_settings(std::chrono::milliseconds{0})) {
        run(setting);
    }
    connection_.set_limit(timeout);
    run("CREATE_REPLICATION_SLOT " + name + " TEMPORARY LOGICAL pgoutput NOEXPORT_SNAPSHOT");
    connection_.set_limit(std::nullopt);
}

void ReplicationConnection::start(const std::string& slot, const std::string& options) {
    const Result result =
        connection_.execute("START_REPLICATION SLOT " + slot + " LOGICAL 0/0 (" + options + ")");
    if (PQresultStatus(result.get()) != PGRES_COPY_BOTH) {
        throw Outage{connection_.error(result.get())};
    }
}

std::optional<std::string_view> ReplicationConnection::next() {
    for (bool looked = false;;) {
        message_.reset();
        char* raw = nullptr;
        const int length = PQgetCopyData(connection_.get(), &raw, 1);
        if (length == 0) {
            if (looked) {
                return std::nullopt;
            }
            looked = true;
            if (PQconsumeInput(connection_.get()) != 1) {
                ended();
            }
            continue;
        }
        if (length < 0) {
            ended();
        }
        message_.reset(raw);
        const std::string_view message{raw, static_cast<std::size_t>(length)};
        bytes_ += message.size();
        since_wait_ += message.size();
        if (message[0] == 'w' && message.size() >= data_header) {
            return message.substr(data_header);
        }
        if (message[0] != 'k' || message.size() < keepalive_size) {
            Error error;
            error.message = "the server sent a message that is not of the replication protocol";
            throw Outage{error};
        }
        position_ = std::max(position_, load_big_endian<std::uint64_t>(raw + 1));
        asked_ = asked_ || raw[17] != '\0';
    }
}

// What the server said, or that it went.
void ReplicationConnection::ended() {
    Error error;
    error.kind = ErrorKind::connection_lost;
    error.message = "the server ended the stream";
    while (const Result result = connection_.next_result()) {
        if (is_failure(result.get()) && PQresultStatus(result.get()) != PGRES_COPY_BOTH &&
            PQresultStatus(result.get()) != PGRES_COPY_IN) {
            throw Outage{connection_.error(result.get())};
        }
        if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) {
            break;  // would be given again and again
        }
    }
    if (PQstatus(connection_.get()) == CONNECTION_BAD) {
        error = connection_.error();
    }
    throw Outage{error};
}

void ReplicationConnection::wait(std::chrono::milliseconds limit) {
    if (std::exchange(since_wait_, 0) >= much_since_wait) {
        std::this_thread::sleep_for(gathering);
        return;
    }
    pollfd waited{};
    waited.fd = PQsocket(connection_.get());
    waited.events = POLLIN;
    const int ready = poll(&waited, 1, static_cast<int>(limit.count()));
    if (ready < 0 && errno != EINTR) {
        ended();
    }
    if (ready > 0) {
        std::this_thread::sleep_for(gathering);
    }
}

void ReplicationConnection::confirm(bool at_once) {
    const auto now = std::chrono::steady_clock::now();
    if (at_once || asked_ || now - confirmed_ >= confirm_every) {
        confirmed_ = now;
        asked_ = false;
        send_status();
    }
}

// Standby status update. What came is held here, and the slot does not outlive us: the server need
// keep none of it.
void ReplicationConnection::send_status() {
    std::string status = "r";
    append_big_endian<std::uint64_t>(status, position_);  // written
    append_big_endian<std::uint64_t>(status, position_);  // flushed
    append_big_endian<std::uint64_t>(status, position_);  // applied
    append_big_endian<std::uint64_t>(status, 0);          // our clock: nobody needs it
    status += '\1';                                       // the answer is what position_ comes from
    // 0: libpq cannot take it now without waiting; the next time it will.
    if (PQputCopyData(connection_.get(), status.data(), static_cast<int>(status.size())) < 0 ||
        PQflush(connection_.get()) < 0) {
        ended();
    }
}

}  // namespace harness::postgres
