#include "workloads/logs/stderr_log.hpp"

#include "workloads/letters.hpp"
#include "workloads/logs/severity.hpp"
#include "workloads/logs/syslog_line.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

namespace workloads::logs {
namespace {

constexpr const char* cut_off_text = "a record is cut off at the end of the file";
constexpr const char* no_prefix_text =
    "a line does not begin with the log_line_prefix: passed over";
constexpr const char* other_program_text = "a line of another program: passed over";
constexpr const char* orphan_text =
    "a line adds to a record that is not in the file (DETAIL, STATEMENT, ...): passed over";
constexpr const char* missing_piece_text =
    "a piece of a syslog message is missing: the record is left out";
constexpr const char* no_time_text = "a line has no time: passed over";

// "syntax error at character 15": the other formats have the position in a column of its own.
std::string_view without_position(std::string_view message) {
    const std::size_t last = message.find_last_not_of("0123456789");
    constexpr std::string_view words = " at character ";
    if (last == std::string_view::npos || last + 1 == message.size() ||
        !message.substr(0, last + 1).ends_with(words)) {
        return message;
    }
    return message.substr(0, last + 1 - words.size());
}

bool opens_with_sqlstate(std::string_view message) {
    return message.size() >= 7 && message.substr(5, 2) == ": " &&
           std::all_of(message.begin(), message.begin() + 5,
                       [](char c) { return is_digit(c) || (c >= 'A' && c <= 'Z'); });
}

}  // namespace

StderrReader::StderrReader(std::string_view file, LinePrefix prefix, Envelope envelope,
                           std::uint64_t first_line)
    : file_{file},
      line_{first_line},
      next_line_{first_line},
      prefix_{std::move(prefix)},
      envelope_{envelope} {
    if (file.starts_with("\xEF\xBB\xBF")) {  // an editor's byte order mark
        at_ = 3;
    }
    const std::size_t newline = file.find('\n');
    crlf_ = newline != std::string_view::npos && newline > 0 && file[newline - 1] == '\r';
    pending_.reserve(patience);
    for (std::size_t i = 0; i < patience; ++i) {
        pending_.push_back(std::make_unique<Pending>());
    }
}

// What was read ahead is given up.
void StderrReader::move_to(std::uint64_t offset) noexcept {
    at_ = static_cast<std::size_t>(offset);
    begun_ = given_ = 0;
    last_ = nullptr;
    cut_ = false;
}

bool StderrReader::next(LogEntry& entry) {
    bool whole = false;
    while (take_oldest(entry, whole)) {
        if (whole) {
            return true;
        }
    }
    return false;
}

// False: there is none. Where a piece of it is missing it is not given.
bool StderrReader::take_oldest(LogEntry& entry, bool& whole) {
    // The last record's lines are read to their end before any other is given.
    while (at_ < file_.size() &&
           (begun_ - given_ < patience || (envelope_ == Envelope::none && file_[at_] == '\t'))) {
        take_line();
    }
    if (at_ >= file_.size()) {
        drop_what_is_cut();
    }
    if (given_ == begun_) {
        return false;
    }
    Pending& oldest = pending(given_);
    ++given_;
    if (last_ == &oldest) {
        last_ = nullptr;
    }
    whole = !oldest.piece_missing;
    if (whole) {
        give(oldest, entry);
    } else {
        problems_.add({oldest.entry.line, oldest.entry.length, missing_piece_text});
    }
    return true;
}

// False for an empty line, or what is left of one without its newline.
bool StderrReader::read_line(Line& line) {
    const std::size_t newline = file_.find('\n', at_);
    const std::size_t stop = std::min(newline, file_.size());
    line.offset = at_;
    line.length = std::min(newline, file_.size() - 1) + 1 - at_;
    line.text = file_.substr(at_, stop - at_);
    if (crlf_ && line.text.ends_with('\r')) {
        line.text.remove_suffix(1);
    }
    cut_ = newline == std::string_view::npos;
    at_ = stop + (cut_ ? 0 : 1);
    line_ = next_line_;
    next_line_ += cut_ ? 0 : 1;
    return !line.text.empty();
}

void StderrReader::take_line() {
    Line line;
    if (!read_line(line)) {
        return;
    }
    if (envelope_ == Envelope::none) {
        if (line.text.front() == '\t') {
            return last_ != nullptr ? go_on(line, *last_, line.text) : pass_over(line, orphan_text);
        }
        return take_text(line, line.text, {});
    }
    const auto wrapped = read_syslog_line(line.text);
    if (!wrapped) {
        return pass_over(line, other_program_text);
    }
    take_text(line, wrapped->text, *wrapped);
}

// What the server wrote in this line; the rest is known from syslog.
void StderrReader::take_text(const Line& line, std::string_view text, const SyslogLine& wrapped) {
    read_ = {};
    const auto prefix = prefix_.read(text, read_, remote_);
    if (!prefix) {
        Pending* record = wrapped.pid == 0 ? nullptr : newest_of(wrapped.pid);
        if (record != nullptr && record->syslog_message == wrapped.message) {
            follow_pieces(*record, wrapped);
            return go_on(line, *record, text);
        }
        last_ = nullptr;
        return pass_over(line, no_prefix_text);
    }
    if (read_.pid == 0) {
        read_.pid = wrapped.pid;
    }
    if (!read_.time.known) {
        read_.time = wrapped.time;
    }
    text.remove_prefix(*prefix);
    const LineTag tag = read_tag(text);
    if (adds_to_record(tag.word)) {
        return add_part(line, tag.word, text.substr(tag.length), wrapped);
    }
    if (!read_.time.known) {
        last_ = nullptr;
        return pass_over(line, no_time_text);
    }
    read_.severity = tag.word;
    if (!localised_ && !known_severity(tag.word)) {
        localised_ = true;
        problems_.add({line_, 0, localised_text});
    }
    begin_record(line, text.substr(tag.length), wrapped);
}

void StderrReader::begin_record(const Line& line, std::string_view text,
                                const SyslogLine& wrapped) {
    Pending& record = pending(begun_++);
    // An address that had to be rewritten lies in remote_.
    if (read_.remote.data() == remote_.data()) {
        record.remote.swap(remote_);
        read_.remote = record.remote;
    }
    record.entry = read_;
    record.entry.offset = line.offset;
    record.entry.length = line.length;
    record.entry.line = line_;
    record.syslog_message = wrapped.message;
    record.syslog_piece = 0;
    record.piece_missing = false;
    follow_pieces(record, wrapped);
    for (auto& part : record.parts) {
        part.clear();
    }
    record.parts[message].push_back({text, false});
    record.last_part = message;
    last_ = &record;
}

// Counted from 1 in each message; 0: not logged.
void StderrReader::follow_pieces(Pending& record, const SyslogLine& wrapped) {
    record.piece_missing =
        record.piece_missing || (wrapped.piece != 0 && wrapped.piece != record.syslog_piece + 1);
    record.syslog_piece = wrapped.piece;
}

void StderrReader::add_part(const Line& line, std::string_view word, std::string_view text,
                            const SyslogLine& wrapped) {
    constexpr std::string_view words[] = {"",        "DETAIL",    "HINT",     "QUERY",
                                          "CONTEXT", "STATEMENT", "LOCATION", "BACKTRACE"};
    static_assert(std::size(words) == part_count);
    Pending* record = newest_of(read_.pid);
    last_ = record;
    if (record == nullptr || record->syslog_message != wrapped.message) {
        last_ = nullptr;
        return pass_over(line, orphan_text);
    }
    follow_pieces(*record, wrapped);
    const auto found = std::find(std::begin(words), std::end(words), word) - std::begin(words);
    record->last_part = static_cast<Part>(found);
    auto& part = record->parts[record->last_part];
    part.clear();
    part.push_back({text, false});
    ++record->entry.session_line_count;
    record->entry.length = line.offset + line.length - record->entry.offset;
}

// A line that goes on with the one before, from its tab if it has one.
void StderrReader::go_on(const Line& line, Pending& record, std::string_view text) {
    auto& pieces = record.parts[record.last_part];
    Piece& before = pieces.back();
    last_ = &record;
    record.entry.length = line.offset + line.length - record.entry.offset;
    // A statement of a million lines is one piece. Its tabs go when it is given.
    if (envelope_ == Envelope::none) {
        const char* first = before.text.data();
        before.text = {first, static_cast<std::size_t>(text.data() + text.size() - first)};
        return;
    }
    std::size_t tab = text.starts_with('\t') ? 1 : 0;
    tab = text.starts_with("#011") ? 4 : tab;
    pieces.push_back({text.substr(tab), tab != 0});
}

StderrReader::Pending* StderrReader::newest_of(std::int64_t pid) {
    for (std::uint64_t number = begun_; number != given_; --number) {
        Pending& record = pending(number - 1);
        if (record.entry.pid == pid) {
            return &record;
        }
    }
    return nullptr;
}

void StderrReader::pass_over(const Line& line, const char* why) {
    problems_.add({line_, line.length, cut_ ? cut_off_text : why});
    cut_ = false;
}

// The record that the last line belongs to is not whole when that has no newline.
void StderrReader::drop_what_is_cut() {
    if (!std::exchange(cut_, false) || last_ == nullptr) {
        return;
    }
    problems_.add({last_->entry.line, last_->entry.length, cut_off_text});
    // The ring keeps its order: the records behind it move up.
    for (std::uint64_t number = given_; number != begun_; ++number) {
        if (&pending(number) != last_) {
            continue;
        }
        for (; number + 1 != begun_; ++number) {
            std::swap(pending_[number % patience], pending_[(number + 1) % patience]);
        }
        --begun_;
        break;
    }
    last_ = nullptr;
}

void StderrReader::give(Pending& record, LogEntry& entry) {
    auto& parts = record.parts;
    std::size_t room = 0;
    for (const auto& part : parts) {
        for (const auto& piece : part) {
            room += piece.text.size() + 1;
        }
    }
    scratch_.clear();
    scratch_.reserve(room);  // views into it must hold while it grows
    entry = record.entry;
    entry.message = assemble(parts[message]);
    entry.detail = assemble(parts[detail]);
    entry.hint = assemble(parts[hint]);
    entry.context = assemble(parts[context]);
    entry.query = assemble(parts[statement]);
    // log_error_verbosity = verbose.
    if (!parts[location].empty() && entry.sqlstate.empty() && opens_with_sqlstate(entry.message)) {
        entry.sqlstate = entry.message.substr(0, 5);
        entry.message.remove_prefix(7);
    }
    if (entry.severity != "LOG" && (!parts[statement].empty() || !parts[query].empty())) {
        entry.message = without_position(entry.message);
    }
}

std::string_view StderrReader::assemble(const std::vector<Piece>& pieces) {
    if (pieces.empty()) {
        return {};
    }
    const bool one_line = pieces.size() == 1 && pieces[0].text.find('\n') == std::string_view::npos;
    if (one_line && envelope_ == Envelope::none) {
        return pieces[0].text;
    }
    const std::size_t start = scratch_.size();
    for (const auto& piece : pieces) {
        if (piece.on_new_line) {
            scratch_ += '\n';
        }
        if (envelope_ == Envelope::syslog) {
            append_control_characters(scratch_, piece.text);
            continue;
        }
        append_lines(piece.text);
    }
    return std::string_view{scratch_}.substr(start);
}

// Without the tab that follows each line break.
void StderrReader::append_lines(std::string_view text) {
    for (;;) {
        const std::size_t newline = text.find('\n');
        std::string_view line = text.substr(0, newline);
        if (newline == std::string_view::npos) {
            scratch_ += line;
            return;
        }
        if (crlf_ && line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        scratch_ += line;
        scratch_ += '\n';
        text.remove_prefix(newline + 1);
        if (text.starts_with('\t')) {
            text.remove_prefix(1);
        }
    }
}

}  // namespace workloads::logs
