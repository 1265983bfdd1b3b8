// What a log holds of an application's work: sessions, and their statements in order. The texts
// stay in the log: an event says where.
#pragma once

#include "workloads/logs/replayability.hpp"
#include "workloads/logs/shapes.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace workloads {

// A record of a log: the file's number in the order given, and the byte where it begins.
struct Place {
    std::uint16_t file = 0;
    std::uint64_t offset = 0;  // below 2^48
};

// One statement. Times are microseconds since 1970 in UTC.
class Event {
    static constexpr std::uint32_t unknown_duration = 0xffff'ffffU, in_ms = 0x8000'0000U;

public:
    static constexpr std::uint16_t went_through = 0;

    std::int64_t start_us = 0;
    std::uint32_t session = 0;  // index in Recording::sessions
    std::uint32_t shape = 0;    // index in Recording::shapes

private:
    std::uint64_t place_ = 0;
    std::uint32_t duration_ = unknown_duration;

public:
    // went_through, or 1 + the index in Recording::sqlstates
    std::uint16_t outcome = went_through;

    // Up to half an hour exactly, beyond to the millisecond (49 days at most: then it is not
    // known).
    [[nodiscard]] std::optional<std::int64_t> duration_us() const noexcept;
    void set_duration(std::int64_t us) noexcept;

    // The record with its text and, where it has any, its parameters.
    [[nodiscard]] Place place() const noexcept;
    void set_place(Place place) noexcept;

    [[nodiscard]] logs::Reason reason() const noexcept {
        return static_cast<logs::Reason>(reason_);
    }
    void set_reason(logs::Reason reason) noexcept { reason_ = static_cast<std::uint8_t>(reason); }
    [[nodiscard]] logs::StatementKind kind() const noexcept {
        return static_cast<logs::StatementKind>(bits_ & 31U);
    }
    [[nodiscard]] logs::Protocol protocol() const noexcept {
        return static_cast<logs::Protocol>(bits_ >> 5U & 3U);
    }
    void set_kind(logs::Protocol protocol, logs::StatementKind kind) noexcept;

    // Sessions one after another, each in the order of its records.
    [[nodiscard]] bool comes_before(const Event& other) const noexcept {
        return session != other.session ? session < other.session : place_ < other.place_;
    }

private:
    std::uint8_t reason_ = 0, bits_ = 0;
};
static_assert(sizeof(Event) == 32);
static_assert(logs::statement_kinds <= 32 && logs::reasons <= 256);

enum class SessionStart : std::uint8_t {
    connection_record,
    first_line,   // its first record is in the log, but connections are not logged
    logged_time,  // when it began is logged (%c, %s), and that is within the log
    before_log,
    inferred,  // nothing in the log tells
};
enum class SessionEnd : std::uint8_t {
    disconnection_record,
    failure,  // FATAL, or the client was gone
    inferred  // the last record
};

struct Session {
    std::string id;  // as logged; of a log without session ids the process's number
    std::int64_t pid = 0;
    std::int64_t start_us = 0, end_us = 0;
    std::uint32_t user = 0, database = 0, application = 0;  // indices in Recording::names
    SessionStart start_known = SessionStart::inferred;
    SessionEnd end_known = SessionEnd::inferred;
    std::size_t first_event = 0, events = 0;
    std::uint64_t missing_lines = 0;
};

// What was met beside statements.
struct RecordCounts {
    std::uint64_t all = 0;
    std::uint64_t background = 0;   // of processes that are no sessions of clients
    std::uint64_t replication = 0;  // of replication connections
    std::uint64_t unattributed =
        0;                       // statements and failures without process and session: left out
    std::uint64_t repeated = 0;  // of a session whose later records came before: left out
    std::uint64_t missing = 0;   // by the numbers of the lines of sessions
    std::uint64_t connections = 0, disconnections = 0, refused_connections = 0, lost_clients = 0;
    std::uint64_t parses = 0, binds = 0;  // with their durations
    std::uint64_t unused_binds = 0;       // that no execution followed
    std::uint64_t bare_durations = 0;     // that belong to a statement
    std::uint64_t plans = 0, lock_waits = 0;
    std::uint64_t timed = 0;                 // statements whose record has its duration
    std::uint64_t announced = 0;             // statements whose record was written before they ran
    std::uint64_t skipped_transactions = 0;  // by the numbers of transactions
    std::uint64_t failures_without_statement = 0;
};

struct ReasonCount {
    std::uint64_t count = 0;
    Place first;
    std::uint64_t first_line = 0;  // of the file, from 1
};

struct Recording {
    std::int64_t start_us = 0, end_us = 0;  // of the first and the last record
    std::vector<Session> sessions;          // that ran a statement or were let in
    std::vector<Event> events;              // in the order of Event::comes_before
    std::vector<std::string> names;         // [0] is empty: not logged
    std::vector<std::string> sqlstates;
    std::vector<logs::Shape> shapes;
    bool shapes_overflowed = false;
    std::array<ReasonCount, logs::reasons> reasons;
    RecordCounts records;

    [[nodiscard]] std::span<const Event> events_of(const Session& session) const {
        return std::span{events}.subspan(session.first_event, session.events);
    }
};

}  // namespace workloads
