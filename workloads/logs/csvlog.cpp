#include "workloads/logs/csvlog.hpp"

#include "workloads/letters.hpp"
#include "workloads/logs/severity.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace workloads::logs {
namespace {

enum Column : std::size_t {
    log_time,
    user_name,
    database_name,
    process_id,
    connection_from,
    session_id,
    session_line_num,
    command_tag,
    session_start_time,
    virtual_transaction_id,
    transaction_id,
    error_severity,
    sql_state_code,
    message,
    detail,
    hint,
    internal_query,
    internal_query_pos,
    context,
    query,
    query_pos,
    location,
    application_name,
    backend_type,
    leader_pid,
    query_id,
};

constexpr Column text_columns[] = {
    user_name,   database_name,  connection_from, command_tag, message,  detail,
    hint,        internal_query, context,         query,       location, application_name,
    backend_type};
// Numbers, of which nothing is read; whatever else stands there is damage.
constexpr Column number_columns[] = {internal_query_pos, query_pos, leader_pid};

constexpr std::size_t columns_of_10 = 23, columns_of_13 = 24, columns_of_14 = 26;
constexpr std::size_t milliseconds_length = 23;
constexpr std::size_t longest_zone = 32;
constexpr const char* damaged_text = "this is no record of a csvlog, or a damaged one: passed over";
constexpr const char* short_text = "a record has fewer columns than the one before it";
constexpr const char* cut_off_text = "a record is cut off at the end of the file";

bool known_count(std::size_t count) {
    return count == columns_of_10 || count == columns_of_13 || count == columns_of_14;
}

// The first of `wanted` from `at` on, or `end`. Counts the newlines before it, which memchr would
// need a second pass for.
const char* find_quote(const char* at, const char* end, std::uint64_t& newlines) {
#ifdef __SSE2__
    const __m128i quotes = _mm_set1_epi8('"'), breaks = _mm_set1_epi8('\n');
    for (; end - at >= 16; at += 16) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        const auto found = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, quotes)));
        auto lines = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, breaks)));
        if (found != 0) {
            lines &= (found & (0U - found)) - 1;
            newlines += static_cast<unsigned>(std::popcount(lines));
            return at + std::countr_zero(found);
        }
        if (lines != 0) {
            newlines += static_cast<unsigned>(std::popcount(lines));
        }
    }
#endif
    for (; at != end && *at != '"'; ++at) {
        newlines += *at == '\n' ? 1 : 0;
    }
    return at;
}

// Where an unquoted column ends: at a comma or newline, or at a quote, which it cannot hold.
const char* find_column_end(const char* at, const char* end) {
#ifdef __SSE2__
    const __m128i commas = _mm_set1_epi8(','), breaks = _mm_set1_epi8('\n');
    const __m128i quotes = _mm_set1_epi8('"');
    for (; end - at >= 16; at += 16) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        const __m128i either =
            _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, commas), _mm_cmpeq_epi8(bytes, breaks)),
                         _mm_cmpeq_epi8(bytes, quotes));
        const auto found = static_cast<unsigned>(_mm_movemask_epi8(either));
        if (found != 0) {
            return at + std::countr_zero(found);
        }
    }
#endif
    while (at != end && *at != ',' && *at != '\n' && *at != '"') {
        ++at;
    }
    return at;
}

bool is_session_id(std::string_view text) {
    const std::size_t dot = text.find('.');
    if (dot == std::string_view::npos || dot == 0 || dot + 1 == text.size()) {
        return false;
    }
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || c == '.'; });
}

// Like read_number, but an empty column is 0.
template <typename Number>
bool read_optional(std::string_view text, Number& number) {
    number = 0;
    return text.empty() || read_number(text, number);
}

}  // namespace

CsvReader::CsvReader(std::string_view file, std::uint64_t first_line)
    : begin_{file.data()}, at_{begin_}, end_{begin_ + file.size()}, line_{first_line} {
    if (file.starts_with("\xEF\xBB\xBF")) {  // an editor's byte order mark
        at_ += 3;
    }
}

bool CsvReader::begins_record(std::string_view text) noexcept {
    if (stamp_length(text) != milliseconds_length) {
        return false;
    }
    const std::size_t zone = milliseconds_length + 1;
    if (text.size() < zone + 2 || text[milliseconds_length] != ' ') {
        return false;
    }
    const std::string_view rest = text.substr(zone, longest_zone + 2);
    const std::size_t comma = rest.find_first_of(",\" \t\r\n");
    return comma != std::string_view::npos && comma != 0 && comma + 1 < rest.size() &&
           rest[comma] == ',' && (rest[comma + 1] == '"' || rest[comma + 1] == ',');
}

bool CsvReader::next(LogEntry& entry) {
    while (at_ != end_ && (*at_ == '\n' || *at_ == '\r')) {  // empty lines are no loss
        line_ += *at_++ == '\n' ? 1 : 0;
    }
    const char *from = at_, *cut = end_;
    const auto next_start = [this](const char* after) {
        const auto left = static_cast<std::size_t>(end_ - after);
        return after + std::min(find_record({after, left}), left);
    };
    for (const char* start = at_; start != end_; start = next_start(start + 1)) {
        if (!begins_record({start, static_cast<std::size_t>(end_ - start)})) {
            continue;
        }
        const Scan found = scan(start);
        if (found == Scan::unfinished && cut == end_) {
            cut = start;
        }
        if (found != Scan::record) {
            continue;
        }
        remove_doubled_quotes();
        if (fill(entry)) {
            pass_over(from, start, damaged_text);
            if (count_ < usual_count_) {
                problems_.add({line_, 0, short_text});
            }
            if (known_count(count_)) {
                usual_count_ = count_;
            }
            entry.offset = static_cast<std::uint64_t>(start - begin_);
            entry.length = static_cast<std::uint64_t>(at_ - start);
            entry.line = line_;
            check_language(entry);
            line_ += newlines_;
            return true;
        }
    }
    pass_over(from, cut, damaged_text);
    pass_over(cut, end_, cut_off_text);
    at_ = end_;
    count_ = 0;
    return false;
}

// Leaves at_ behind the record where there is one.
CsvReader::Scan CsvReader::scan(const char* start) {
    at_ = start;
    count_ = 0;
    newlines_ = 0;
    has_doubled_ = false;
    finished_ = true;
    for (;;) {
        if (count_ == most_columns) {
            return Scan::damaged;
        }
        if (at_ != end_ && *at_ == '"') {
            if (!scan_quoted()) {
                return at_ == end_ ? Scan::unfinished : Scan::damaged;
            }
        } else {
            scan_plain();
        }
        ++count_;
        if (at_ == end_) {
            finished_ = false;
            break;
        }
        const char stop = *at_++;
        if (stop == '\n') {
            ++newlines_;
            break;
        }
        if (stop != ',') {
            return Scan::damaged;
        }
    }
    // What was a record once is one, whatever columns the one has that was read last.
    if (count_ == usual_count_ || (start == known_ && count_ >= columns_of_10)) {
        return Scan::record;
    }
    if (!finished_ && (usual_count_ != 0 || !known_count(count_))) {
        return Scan::unfinished;
    }
    if (count_ < columns_of_10) {
        return Scan::damaged;
    }
    // Another version's server goes on in the same file, or half a record is followed by the next
    // one in the same line.
    const bool plausible = known_count(count_) || count_ > known_columns;
    return plausible && !holds_another(start) ? Scan::record : Scan::damaged;
}

// From the quote that opens; false where it is not closed, or something follows that cannot.
bool CsvReader::scan_quoted() {
    const char* content = ++at_;
    bool doubled = false;
    for (;;) {
        at_ = find_quote(at_, end_, newlines_);
        if (at_ == end_) {
            return false;
        }
        if (at_ + 1 == end_ || at_[1] != '"') {
            break;
        }
        doubled = true;
        at_ += 2;
    }
    columns_[count_] = {content, static_cast<std::size_t>(at_ - content)};
    quoted_[count_] = true;
    doubled_[count_] = doubled;
    has_doubled_ |= doubled;
    ++at_;
    if (end_ - at_ >= 2 && at_[0] == '\r' && at_[1] == '\n') {  // a server on Windows
        ++at_;
    }
    return at_ == end_ || *at_ == ',' || *at_ == '\n';
}

void CsvReader::scan_plain() {
    const char* content = at_;
    at_ = find_column_end(at_, end_);
    std::size_t length = static_cast<std::size_t>(at_ - content);
    if (length != 0 && at_ != end_ && *at_ == '\n' && content[length - 1] == '\r') {
        --length;
    }
    columns_[count_] = {content, length};
    quoted_[count_] = false;
    doubled_[count_] = false;
}

// Whether the record just scanned swallowed the start of another one, outside quotes.
bool CsvReader::holds_another(const char* start) const {
    for (std::size_t i = 0; i < count_; ++i) {
        const char* first = columns_[i].data();
        const char* last = first + columns_[i].size();
        for (const char* at = first; !quoted_[i] && at != last; ++at) {
            if (at != start && begins_record({at, static_cast<std::size_t>(end_ - at)})) {
                return true;
            }
        }
    }
    return false;
}

void CsvReader::remove_doubled_quotes() {
    if (!has_doubled_) {
        return;
    }
    std::size_t total = 0;
    for (std::size_t i = 0; i < count_; ++i) {
        total += doubled_[i] ? columns_[i].size() : 0;
    }
    if (scratch_.size() < total) {
        scratch_.resize(total);
    }
    char* out = scratch_.data();
    for (std::size_t i = 0; i < count_; ++i) {
        if (!doubled_[i]) {
            continue;
        }
        const char* first = out;
        const std::string_view raw = columns_[i];
        for (std::size_t from = 0; from < raw.size();) {
            const std::size_t quote = std::min(raw.find('"', from), raw.size() - 1);
            std::memcpy(out, raw.data() + from, quote + 1 - from);
            out += quote + 1 - from;
            from = quote + (raw[quote] == '"' ? 2 : 1);
        }
        columns_[i] = {first, static_cast<std::size_t>(out - first)};
    }
}

// False where a column does not hold what it must: halves of two records in one line can have the
// right number of columns.
bool CsvReader::fill(LogEntry& entry) {
    const auto& column = columns_;
    entry = {};
    if (!time_.read(column[log_time], entry.time) || !read_number(column[process_id], entry.pid) ||
        !is_session_id(column[session_id]) ||
        !read_number(column[session_line_num], entry.session_line) ||
        !session_time_.read(column[session_start_time], entry.session_start) ||
        !read_optional(column[transaction_id], entry.transaction_id) ||
        column[error_severity].empty() || column[sql_state_code].size() != 5) {
        return false;
    }
    // The server quotes all text that is not NULL.
    for (const std::size_t text : text_columns) {
        if (text < count_ && !quoted_[text] && !column[text].empty()) {
            return false;
        }
    }
    for (const std::size_t number : number_columns) {
        if (number < count_ &&
            !std::all_of(column[number].begin(), column[number].end(), is_digit)) {
            return false;
        }
    }
    const auto of_transaction = [](char c) { return is_digit(c) || c == '/' || c == '-'; };
    if (!std::all_of(column[virtual_transaction_id].begin(), column[virtual_transaction_id].end(),
                     of_transaction)) {
        return false;
    }
    // What is cut in the middle of its last number still reads as one.
    const bool has_query_id = count_ > query_id && (finished_ || count_ > known_columns);
    if (has_query_id && !read_optional(column[query_id], entry.query_id)) {
        return false;
    }
    entry.session_id = column[session_id];
    entry.user = column[user_name];
    entry.database = column[database_name];
    entry.remote = column[connection_from];
    entry.command_tag = column[command_tag];
    entry.virtual_transaction = column[virtual_transaction_id];
    entry.severity = column[error_severity];
    entry.sqlstate = column[sql_state_code];
    entry.message = column[message];
    entry.detail = column[detail];
    entry.hint = column[hint];
    entry.context = column[context];
    entry.query = column[query];
    entry.application = column[application_name];
    if (count_ > backend_type) {
        entry.backend_type = column[backend_type];
    }
    return true;
}

std::size_t CsvReader::find_record(std::string_view text) noexcept {
    // The first dash of a time stamp is its fifth character.
    for (std::size_t dash = text.find('-', 4); dash != std::string_view::npos;
         dash = text.find('-', dash + 1)) {
        if (begins_record(text.substr(dash - 4))) {
            return dash - 4;
        }
    }
    return std::string_view::npos;
}

void CsvReader::check_language(const LogEntry& entry) {
    if (!localised_ && !known_severity(entry.severity)) {
        localised_ = true;
        problems_.add({entry.line, 0, localised_text});
    }
}

void CsvReader::pass_over(const char* from, const char* to, const char* why) {
    if (from != to) {
        problems_.add({line_, static_cast<std::uint64_t>(to - from), why});
        line_ += static_cast<std::uint64_t>(std::count(from, to, '\n'));
    }
}

}  // namespace workloads::logs
