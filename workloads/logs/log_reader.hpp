// A log file in whichever format it is.
#pragma once

#include "workloads/logs/csvlog.hpp"
#include "workloads/logs/jsonlog.hpp"
#include "workloads/logs/log_format.hpp"
#include "workloads/logs/stderr_log.hpp"

#include <cstdint>
#include <string_view>
#include <variant>

namespace workloads::logs {

// Reads the records of one file in order. A set of rotated files is read one after the other, each
// with a reader of its own: the server ends a file behind a whole record, whose session goes on in
// the next file.
//
// One record alone is read again by a reader of `file.substr(entry.offset, entry.length)`, whose
// first one it is, or by one of the whole file that was moved there.
class LogReader {
public:
    // `file` must outlive the reader. `format` as detect_format() gives it: a prefix that cannot be
    // read is a mistake of the caller's and throws std::invalid_argument.
    LogReader(std::string_view file, const LogFormat& format, std::uint64_t first_line = 1);

    // The next record; false at the end of the file. The entry's views are valid until the next
    // call.
    bool next(LogEntry& entry) {
        return std::visit([&](auto& reader) { return reader.next(entry); }, reader_);
    }

    // The record at that offset, which was read before, comes next, and then those behind it. Their
    // lines are not told any more. Requires an offset within the file.
    void move_to(std::uint64_t offset) {
        std::visit([&](auto& reader) { reader.move_to(offset); }, reader_);
    }

    // Complete once next() has returned false.
    [[nodiscard]] const Problems& problems() const {
        return std::visit([](const auto& reader) -> const Problems& { return reader.problems(); },
                          reader_);
    }

private:
    std::variant<CsvReader, JsonReader, StderrReader> reader_;
};

}  // namespace workloads::logs
