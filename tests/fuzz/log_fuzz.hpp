// What the fuzzers of log readers have in common.
#pragma once

#include "workloads/logs/log_entry.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace fuzz {

inline void require(bool holds, const char* what) {
    if (!holds) {
        std::fprintf(stderr, "%s\n", what);
        std::abort();
    }
}

// Reads every byte that an entry points to, for the sanitizer to see.
inline std::uint64_t touch(const workloads::logs::LogEntry& entry) {
    std::uint64_t sum = 0;
    for (const auto text :
         {entry.time.zone, entry.session_start.zone, entry.session_id, entry.user, entry.database,
          entry.application, entry.backend_type, entry.command_tag, entry.remote,
          entry.virtual_transaction, entry.severity, entry.sqlstate, entry.message, entry.detail,
          entry.hint, entry.context, entry.query}) {
        for (const char c : text) {
            sum = sum * 31 + static_cast<unsigned char>(c);
        }
    }
    return sum;
}

// The bytes of all records, after checking that they follow each other and that each reads the
// same when it is all there is.
template <typename Reader, typename Open>
std::uint64_t read_all(Reader& reader, std::string_view file, Open open) {
    std::uint64_t bytes = 0, end = 0;
    workloads::logs::LogEntry entry;
    while (reader.next(entry)) {
        require(entry.offset >= end, "records do not overlap");
        end = entry.offset + entry.length;
        require(end <= file.size(), "a record is in the file");
        bytes += entry.length;
        auto alone = open(file.substr(entry.offset, entry.length));
        workloads::logs::LogEntry again;
        require(alone.next(again), "a record is one when it is alone");
        require(touch(again) == touch(entry), "a record is the same when it is alone");
    }
    return bytes;
}

}  // namespace fuzz
