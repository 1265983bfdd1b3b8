// Which of PostgreSQL's log formats a file is in, or what else it is.
#pragma once

#include "workloads/logs/stderr_log.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace workloads::logs {

enum class Format { csvlog, jsonlog, stderr_log };

struct LogFormat {
    Format format = Format::csvlog;
    // Of a stderr log alone.
    Envelope envelope = Envelope::none;
    std::string prefix;    // the log_line_prefix
    bool guessed = false;  // it was found among the usual ones, not given
};

// Why a file is not read, in words for the user: "this is a MySQL slow log, ..."
struct Refusal {
    std::string message;
};

// Looks at the first megabyte, and for a prefix at lines from the middle and the end as well.
//
// `prefix` is the log_line_prefix that the user names; it holds for every stderr log and syslog,
// and is not asked for others. Without it the usual ones are tried: the one that most of the lines
// begin with is taken, of several the one that tells most; fewer than half of them is a refusal.
[[nodiscard]] std::variant<LogFormat, Refusal> detect_format(
    std::string_view file, std::optional<std::string_view> prefix = std::nullopt);

}  // namespace workloads::logs
