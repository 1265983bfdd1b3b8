// The words with which a server opens a record, in English.
#pragma once

#include <algorithm>
#include <string_view>

namespace workloads::logs {

constexpr const char* localised_text =
    "severities are not in English: messages cannot be understood; set lc_messages = 'C' on the "
    "server";

// DEBUG1 to DEBUG5 are those of csvlog and jsonlog.
[[nodiscard]] inline bool known_severity(std::string_view word) {
    constexpr std::string_view words[] = {"LOG",    "ERROR",  "FATAL", "WARNING", "NOTICE",
                                          "PANIC",  "INFO",   "DEBUG", "DEBUG1",  "DEBUG2",
                                          "DEBUG3", "DEBUG4", "DEBUG5"};
    return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

}  // namespace workloads::logs
