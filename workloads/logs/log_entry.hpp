// One record of a server's log as it was read, whatever the format: what the readers of csvlog,
// jsonlog and stderr logs have in common.
#pragma once

#include <cstdint>
#include <string_view>

namespace workloads::logs {

// A time stamp as written: the server's local time. What its zone means, and whether the clock was
// set meanwhile, is for log_clock to say.
struct LogTime {
    std::int64_t local_us = 0;  // microseconds since 1970-01-01 00:00 on the clock of `zone`
    std::string_view zone;      // "UTC", "CEST", "+03"; empty: an absolute time (%n)
    bool known = false;
};

// All views are valid until the next record is read: most point into the file, some into memory of
// the reader where quotes, escapes or tabs had to be taken out.
struct LogEntry {
    std::uint64_t offset = 0, length = 0;  // of the record in the file's bytes
    std::uint64_t line = 0;                // its first one, from 1
    LogTime time;                          // when it was written
    LogTime session_start;
    std::string_view session_id;     // start and process as hex, "64f0a1b2.1c3d"; empty: not logged
    std::int64_t pid = 0;            // 0: not logged
    std::uint64_t session_line = 0;  // 0: not logged
    // The session's next record has session_line + session_line_count: 1 in csvlog and jsonlog; in
    // a stderr log DETAIL, STATEMENT and the like have a number of their own.
    std::uint32_t session_line_count = 1;
    std::string_view user, database, application, backend_type, command_tag;
    std::string_view remote;               // "10.0.0.7:51234", "10.0.0.7", "[local]"
    std::string_view virtual_transaction;  // "3/12"; empty: none
    std::uint64_t transaction_id = 0;      // 0: none
    std::int64_t query_id = 0;             // 0: none
    std::string_view severity;             // "LOG", "ERROR", ... in English or not
    std::string_view sqlstate;             // five characters; empty: not logged
    std::string_view message, detail, hint, context;
    std::string_view query;  // of a failure: the statement that failed
};

}  // namespace workloads::logs
