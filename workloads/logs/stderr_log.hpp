// Reads what PostgreSQL writes with log_destination = stderr or syslog.
#pragma once

#include "workloads/logs/line_prefix.hpp"
#include "workloads/logs/log_entry.hpp"
#include "workloads/logs/problems.hpp"
#include "workloads/logs/syslog_line.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace workloads::logs {

enum class Envelope { none, syslog };

// Lines that begin with a tab go on with the line before; DETAIL, HINT, QUERY, CONTEXT, STATEMENT,
// LOCATION and BACKTRACE lines belong to the last record of their process, also where lines of
// others came between (no logging collector, or syslog), as long as not more than `patience`
// records have begun since. Records come in the order of their first lines.
//
// From syslog the pieces of a message, "[5-1]", "[5-2]", are joined; where one is missing the
// record is a problem and left out.
//
// A line without the prefix is a problem. What the format cannot tell: a record whose later lines
// are missing, and half a line that another one follows without a line break, which reads as one.
// A last line without its newline is cut off, and the record it belongs to left out.
class StderrReader {
public:
    static constexpr std::size_t patience = 64;

    // `file` must outlive the reader. `first_line` is the number of its first line.
    StderrReader(std::string_view file, LinePrefix prefix, Envelope envelope = Envelope::none,
                 std::uint64_t first_line = 1);

    // The next record; false at the end of the file. The entry's views are valid until the next
    // call. Its length reaches to its last line's end, and spans lines of others where they came
    // between.
    bool next(LogEntry& entry);

    // Goes on at a record that was read before; lines are not counted any more.
    void move_to(std::uint64_t offset) noexcept;

    // Complete once next() has returned false.
    [[nodiscard]] const Problems& problems() const noexcept { return problems_; }

private:
    enum Part : std::size_t {
        message,
        detail,
        hint,
        query,
        context,
        statement,
        location,
        backtrace,
        part_count
    };
    // A run of the file's bytes that belongs to a part.
    struct Piece {
        std::string_view text;
        bool on_new_line = false;
    };
    struct Pending {
        LogEntry entry;
        std::string remote;
        std::uint64_t syslog_message = 0, syslog_piece = 0;  // its latest
        bool piece_missing = false;
        std::array<std::vector<Piece>, part_count> parts;
        Part last_part = message;
    };
    struct Line {
        std::string_view text;
        std::uint64_t offset = 0, length = 0;
    };

    [[nodiscard]] Pending& pending(std::uint64_t number) { return *pending_[number % patience]; }
    bool take_oldest(LogEntry& entry, bool& whole);
    bool read_line(Line& line);
    void take_line();
    void take_text(const Line& line, std::string_view text, const SyslogLine& wrapped);
    void begin_record(const Line& line, std::string_view text, const SyslogLine& wrapped);
    void add_part(const Line& line, std::string_view word, std::string_view text,
                  const SyslogLine& wrapped);
    void go_on(const Line& line, Pending& record, std::string_view text);
    static void follow_pieces(Pending& record, const SyslogLine& wrapped);
    [[nodiscard]] Pending* newest_of(std::int64_t pid);
    void pass_over(const Line& line, const char* why);
    void drop_what_is_cut();
    void give(Pending& record, LogEntry& entry);
    void append_lines(std::string_view text);
    std::string_view assemble(const std::vector<Piece>& pieces);

    std::string_view file_;
    std::size_t at_ = 0;
    std::uint64_t line_, next_line_;
    LinePrefix prefix_;
    Envelope envelope_;
    bool crlf_ = false, localised_ = false, cut_ = false;
    std::vector<std::unique_ptr<Pending>> pending_;  // a ring: [given_, begun_) wait
    std::uint64_t begun_ = 0, given_ = 0;
    Pending* last_ = nullptr;  // whose line came last
    LogEntry read_;            // of the line that is being read
    std::string remote_, scratch_;
    Problems problems_;
};

}  // namespace workloads::logs
