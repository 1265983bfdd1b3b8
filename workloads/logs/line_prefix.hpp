// log_line_prefix: what stands before each line of a stderr log.
#pragma once

#include "workloads/logs/log_entry.hpp"
#include "workloads/logs/log_time.hpp"
#include "workloads/values.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace workloads::logs {

// What a line opens with behind its prefix: "LOG", "DETAIL", ...
// What a log needs for every reason why a statement might be less than exactly replayable.
inline constexpr std::string_view recommended_prefix = "%m [%p] %q%c %l %u@%d %a %e %i ";

struct LineTag {
    std::string_view word;
    std::size_t length = 0;  // with the colon and the two spaces; 0: there is none
};

// A word and ":  " at the start of `text`; any word of up to 40 bytes without a space.
[[nodiscard]] LineTag read_tag(std::string_view text);

// Whether a tag's word adds to the record before it: DETAIL, HINT, QUERY, CONTEXT, STATEMENT,
// LOCATION, BACKTRACE.
[[nodiscard]] bool adds_to_record(std::string_view word);

// All escapes of PostgreSQL 10 to 18, with padding. A name that holds the very text which follows
// it in the prefix is cut where the rest of the line still makes sense.
class LinePrefix {
public:
    // `format` as in postgresql.conf. Errors: an unknown escape; neither %m, %t nor %n; neither %p
    // nor %c, unless something else in the line tells them (syslog); two escapes with nothing
    // between them; a line break. Each says what to write instead.
    enum class Needs { time_and_session, nothing };
    [[nodiscard]] static std::variant<LinePrefix, TextError> parse(
        std::string_view format, Needs needs = Needs::time_and_session);

    // Reads the prefix at the start of a line; a tag must follow. Gives where the tag begins, and
    // nothing where the line has no such prefix; `entry` is then untouched. Fills times, session,
    // names and sqlstate as far as the prefix has them; "[unknown]" is left empty. `scratch` holds
    // the address where that had to be rewritten.
    std::optional<std::size_t> read(std::string_view line, LogEntry& entry, std::string& scratch);

    // The prefix of a record's line, `number` being that line's (%l). Escapes that an entry knows
    // nothing of (%P, %L) stay empty; the session's part is left out where all of it is empty.
    [[nodiscard]] std::string write(const LogEntry& entry, std::uint64_t number) const;

    // Whether one of these escapes is in it.
    [[nodiscard]] bool has(std::string_view escapes) const;
    // How much a prefix tells: the number of its escapes.
    [[nodiscard]] std::size_t escapes() const noexcept { return escapes_; }
    [[nodiscard]] const std::string& format() const noexcept { return format_; }

private:
    struct Element {
        char escape = 0;  // 0: the text itself; 'q': background processes end here
        std::size_t width = 0;
        bool left = false;  // padded on the right
        std::string text;
    };

    static Element read_escape(std::string_view format, std::size_t& at);
    bool match(std::size_t element, std::size_t at);
    bool match_field(std::size_t element, std::size_t at);
    bool take(std::size_t element, std::size_t from, std::size_t to);
    bool ends_here(std::size_t at);
    void fill(LogEntry& entry, std::string& scratch) const;

    std::string format_;
    std::vector<Element> elements_;
    std::size_t escapes_ = 0;

    // Of the line that is being read.
    std::string_view line_;
    std::size_t end_ = 0, steps_ = 0;
    std::array<std::string_view, 128> values_{};  // by escape
    LogTime written_, started_;
    TimeReader time_, session_time_;
};

}  // namespace workloads::logs
