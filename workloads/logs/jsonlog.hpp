// Reads PostgreSQL's jsonlog (log_destination = jsonlog), version 15 and later.
#pragma once

#include "workloads/logs/log_entry.hpp"
#include "workloads/logs/log_time.hpp"
#include "workloads/logs/problems.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace workloads::logs {

// One object a line, its members in any order; members that are not known are passed over, nested
// ones too. Bytes that are no UTF-8 are kept; half a surrogate pair becomes U+FFFD.
//
// A line that is no such object is a problem and costs no more than itself; where a whole record
// follows half of one in the same line, only the half. Linear in the file's size.
class JsonReader {
public:
    // `file` must outlive the reader. `first_line` is the number of its first line.
    explicit JsonReader(std::string_view file, std::uint64_t first_line = 1);

    // The next record; false at the end of the file. The entry's views are valid until the next
    // call.
    bool next(LogEntry& entry);

    // Goes on at a record that was read before; lines are not counted any more.
    void move_to(std::uint64_t offset) noexcept { at_ = begin_ + offset; }

    // Complete once next() has returned false.
    [[nodiscard]] const Problems& problems() const noexcept { return problems_; }

    // Whether a jsonlog's record begins here: `{"timestamp":"`, as the server writes it.
    [[nodiscard]] static bool begins_record(std::string_view text) noexcept;

    static constexpr std::size_t member_count = 22;

private:
    bool read_object(const char* start);
    bool read_member();
    bool read_string(std::string_view& raw, bool& escaped);
    bool skip_value();
    void skip_spaces();
    [[nodiscard]] bool skip(char c);
    [[nodiscard]] std::size_t member_named(std::string_view key);
    bool resolve_escapes();
    bool fill(LogEntry& entry);
    void check_language(const LogEntry& entry);
    void pass_over(const char* from, const char* to);

    const char *begin_, *at_, *end_;
    const char* stop_;  // of the line that is being read
    std::uint64_t line_;
    std::array<std::string_view, member_count> values_{};
    std::array<bool, member_count> escaped_{};
    std::size_t expected_ = 0;  // the server always keeps one order
    std::string scratch_;       // of values whose escapes had to be resolved
    bool localised_ = false;
    TimeReader time_, session_time_;
    Problems problems_;
};

}  // namespace workloads::logs
