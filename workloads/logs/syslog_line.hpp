// What syslog puts around a line of PostgreSQL's (log_destination = syslog).
#pragma once

#include "workloads/logs/log_entry.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace workloads::logs {

struct SyslogLine {
    std::int64_t pid = 0;
    // "[5-2]": the process's fifth message, its second piece. 0: syslog_sequence_numbers is off.
    std::uint64_t message = 0, piece = 0;
    LogTime time;           // known only where it has a year and a zone
    std::string_view text;  // what the server wrote
};

// Reads "Nov 21 10:00:00 host postgres[123]: [5-1] ..." and "2024-11-21T10:00:00.123456+01:00 host
// postgres[123]: [5-1] ...", either behind "<134>" or "<134>1 " as well. The program's name may be
// any that begins with "postgres" (syslog_ident). Nothing where the line is of another program.
[[nodiscard]] std::optional<SyslogLine> read_syslog_line(std::string_view line);

// rsyslog writes control characters as "#011", "#012", ...; appends `text` with them put back.
void append_control_characters(std::string& out, std::string_view text);

}  // namespace workloads::logs
