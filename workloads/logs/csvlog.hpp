// Reads PostgreSQL's csvlog (log_destination = csvlog), versions 10 to 18.
#pragma once

#include "workloads/logs/log_entry.hpp"
#include "workloads/logs/log_time.hpp"
#include "workloads/logs/problems.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace workloads::logs {

// The columns of one file's records: 23 up to version 12, 24 in 13, 26 from 14 on. More than that,
// of a later version, are passed over.
//
// What is no record, because a crash left half of one or the file is damaged, costs no more than
// itself: a record begins with a time stamp in milliseconds, its numbers are numbers and it has the
// file's columns; where that fails, reading goes on at the next such time stamp, wherever it stands
// in a line, and the bytes between are a problem. Linear in the file's size whatever it holds.
class CsvReader {
public:
    static constexpr std::size_t known_columns = 26, most_columns = 64;

    // `file` must outlive the reader. `first_line` is the number of its first line.
    explicit CsvReader(std::string_view file, std::uint64_t first_line = 1);

    // The next record; false at the end of the file. The entry's views are valid until the next
    // call.
    bool next(LogEntry& entry);

    // Goes on at a record that was read before; lines are not counted any more.
    void move_to(std::uint64_t offset) noexcept { at_ = known_ = begin_ + offset; }

    // Complete once next() has returned false.
    [[nodiscard]] const Problems& problems() const noexcept { return problems_; }

    // The record that next() gave last, as its columns, quotes removed.
    [[nodiscard]] std::span<const std::string_view> columns() const noexcept {
        return {columns_.data(), count_};
    }
    // Whether the file quoted that column: an empty one that it did not quote is NULL.
    [[nodiscard]] bool quoted(std::size_t column) const noexcept { return quoted_[column]; }

    // Whether a record of a csvlog begins here: "2024-01-31 10:00:00.123 UTC,".
    [[nodiscard]] static bool begins_record(std::string_view text) noexcept;
    // Where the first one begins, npos: nowhere.
    [[nodiscard]] static std::size_t find_record(std::string_view text) noexcept;

private:
    enum class Scan { record, damaged, unfinished };

    Scan scan(const char* start);
    bool scan_quoted();
    void scan_plain();
    [[nodiscard]] bool holds_another(const char* start) const;
    void remove_doubled_quotes();
    bool fill(LogEntry& entry);
    void check_language(const LogEntry& entry);
    void pass_over(const char* from, const char* to, const char* why);

    const char *begin_, *at_, *end_;
    const char* known_ = nullptr;  // where a record begins that was read before
    std::uint64_t line_;
    std::uint64_t newlines_ = 0;   // in the record that is being scanned
    std::size_t usual_count_ = 0;  // columns of the file's records; 0 before the first
    std::size_t count_ = 0;
    bool has_doubled_ = false, finished_ = true;
    std::array<std::string_view, most_columns> columns_{};
    std::array<bool, most_columns> quoted_{}, doubled_{};
    std::string scratch_;  // of columns whose doubled quotes had to be removed
    bool localised_ = false;
    TimeReader time_, session_time_;
    Problems problems_;
};

}  // namespace workloads::logs
