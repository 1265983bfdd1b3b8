// Writes records the way the server does, for the readers beside.
#pragma once

#include "workloads/logs/line_prefix.hpp"
#include "workloads/logs/log_entry.hpp"

#include <string>

namespace workloads::logs {

// Each appends one record, with all that an entry holds; columns that it does not hold are empty.
// A csvlog's is that of version 14 and later.
void write_csvlog(std::string& out, const LogEntry& entry);
void write_jsonlog(std::string& out, const LogEntry& entry);
// With its DETAIL and other lines. A SQLSTATE that the prefix has no place for is written as
// log_error_verbosity = verbose does.
void write_stderr_log(std::string& out, const LogEntry& entry, const LinePrefix& prefix);

}  // namespace workloads::logs
