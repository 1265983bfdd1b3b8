// From the records of a log, in order, to sessions and their statements.
#pragma once

#include "workloads/logs/log_entry.hpp"
#include "workloads/logs/message.hpp"
#include "workloads/logs/session_objects.hpp"
#include "workloads/recording.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace workloads::logs {

// Is told the records of one file after another, so that sessions and statements go on across
// rotated files. A session is told by its id; without ids by its process, its start, user and
// database, and a process number that comes again is another one.
//
// How durations find their statements, by src/backend/tcop/postgres.c:
//  - `duration: N ms  statement: ...` is written at the end: the start is the record's time less N.
//  - `statement: ...` is written before; a bare `duration: N ms` of the same session ends it, and
//  so
//    does a failure of the same text.
//  - with log_duration parse, bind and execute each write a bare duration: those before an
//    `execute` are no statements. Where the log has the command tag it says which is which.
// A failed statement of which nothing else is logged starts at its failure.
//
// Memory: 32 bytes a statement, about 200 a session and 600 more while it is open, some MB of
// shapes. A session without a record of its end is open until its process number comes again.
class SessionBuilder {
public:
    SessionBuilder();

    // Makes room for the statements of so many bytes of logs, so that no copy of all of them is
    // needed while they become more.
    void expect(std::uint64_t log_bytes);

    // `time_us`: when the record was written, on the clock that the whole recording shares.
    void add(const LogEntry& entry, std::uint16_t file, std::int64_t time_us);

    [[nodiscard]] std::size_t statements() const noexcept { return events_.size(); }

    // Everything so far; the builder is done.
    [[nodiscard]] Recording finish();

private:
    // A statement that began and whose end is not logged yet.
    struct Announced {
        bool waits = false;
        std::size_t event = 0;
        std::uint64_t line = 0;
        TextHash text;
        EventFacts facts;
        std::vector<ObjectUse> objects;
    };
    // What came last of the extended protocol and is not executed yet.
    struct Bound {
        bool waits = false, is_parse = false;
        TextHash text;
        Place place;
        std::uint64_t line = 0;
        ParameterList parameters;
    };
    // A duration that no statement took, or a failure without a statement.
    struct Bare {
        Place place;
        std::uint64_t line = 0;
        std::int64_t start_us = 0;
        std::optional<std::int64_t> duration_us;
    };
    struct Open {
        std::uint32_t session = 0;
        std::uint64_t last_line = 0, transactions = 0;
        std::int64_t local_start_us = 0;
        bool replication = false, ran = false;
        Announced announced;
        Bound bound;
        std::vector<Bare> bare;  // the latest two
        SessionObjects objects;
    };
    // By the hash of the session's id.
    struct Ended {
        std::uint64_t last_line = 0;
        std::uint32_t session = 0;
    };
    // The record at hand.
    struct Record {
        const LogEntry& entry;
        const Said& said;
        Place place;
        std::int64_t time_us = 0;
    };

    [[nodiscard]] Open* session_of(const Record& record);
    [[nodiscard]] bool is_another(const Open& open, const Record& record) const;
    Open& begin(const Record& record);
    Open* begin_again(const Ended& ended, const Record& record);
    void end(const std::string& key);
    void describe(Open& open, const Record& record);
    bool follow_lines(Open& open, const LogEntry& entry);
    static std::uint64_t skipped_transactions(Open& open, const LogEntry& entry);

    void take(Open& open, const Record& record);
    void take_session_record(Open& open, const Record& record);
    void take_statement(Open& open, const Record& record);
    void take_parse_or_bind(Open& open, const Record& record);
    void take_duration(Open& open, const Record& record);
    void take_failure(Open& open, const Record& record);
    static bool ends_announced(const Announced& announced, const LogEntry& entry);
    void add_failed(Open& open, const Record& record);

    // Judges the announced statement and files it.
    void settle(Open& open);
    void settle_bare(Open& open, std::size_t expected);
    void forget_bound(Open& open, const TextHash* executed);
    Event& add_event(const Open& open, Place place, std::int64_t start_us);
    void add_unknown(Open& open, const Bare& what, std::string_view sqlstate);
    void runs(Open& open);
    void file(Event& event, std::uint64_t line, EventFacts& facts, const Open& open);

    Session& session(const Open& open) { return recording_.sessions[open.session]; }
    std::uint32_t name(std::string_view text);
    std::uint16_t outcome(std::string_view sqlstate);

    std::unordered_map<std::string, Open> open_;
    std::unordered_map<std::uint64_t, Ended> ended_;
    std::unordered_map<std::int64_t, std::string> key_of_process_;
    std::unordered_map<std::string, std::uint32_t> name_numbers_;
    std::vector<bool> let_in_;  // by session
    std::vector<Event> events_;
    std::string key_;
    Shapes shapes_;
    Recording recording_;
};

}  // namespace workloads::logs
