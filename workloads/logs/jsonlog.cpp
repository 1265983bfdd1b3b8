// A scanner of its own, not nlohmann's: that one allocates for each key and value and reads some
// 90 MB/s; the objects here are flat and most of their values need no copy.
#include "workloads/logs/jsonlog.hpp"

#include "workloads/letters.hpp"
#include "workloads/logs/severity.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <iterator>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace workloads::logs {
namespace {

enum Member : std::size_t {
    timestamp,
    user,
    dbname,
    pid,
    remote_host,
    remote_port,
    session_id,
    line_num,
    ps,
    session_start,
    vxid,
    txid,
    error_severity,
    state_code,
    message,
    detail,
    hint,
    context,
    statement,
    application_name,
    backend_type,
    query_id,
    no_member,
};

// In the server's order.
constexpr std::string_view names[] = {
    "timestamp",    "user",       "dbname",         "pid",        "remote_host",
    "remote_port",  "session_id", "line_num",       "ps",         "session_start",
    "vxid",         "txid",       "error_severity", "state_code", "message",
    "detail",       "hint",       "context",        "statement",  "application_name",
    "backend_type", "query_id"};
static_assert(std::size(names) == no_member && no_member == JsonReader::member_count);

constexpr std::string_view opening = "{\"timestamp\":\"";
constexpr const char* damaged_text =
    "this is no record of a jsonlog, or a damaged one: passed over";
constexpr const char* cut_off_text = "a record is cut off at the end of the file";
constexpr std::size_t deepest = 64;

// The quote that may end a string, or a backslash; `end` where neither comes.
const char* find_quote_or_backslash(const char* at, const char* end) {
#ifdef __SSE2__
    const __m128i quotes = _mm_set1_epi8('"'), backslashes = _mm_set1_epi8('\\');
    for (; end - at >= 16; at += 16) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        const auto found = static_cast<unsigned>(_mm_movemask_epi8(
            _mm_or_si128(_mm_cmpeq_epi8(bytes, quotes), _mm_cmpeq_epi8(bytes, backslashes))));
        if (found != 0) {
            return at + std::countr_zero(found);
        }
    }
#endif
    while (at != end && *at != '"' && *at != '\\') {
        ++at;
    }
    return at;
}

int hex_digit(char c) {
    if (is_digit(c)) {
        return c - '0';
    }
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// The four digits of a \u at `at`; -1: there are none.
int hex_unit(std::string_view text, std::size_t at) {
    if (text.size() - at < 4) {
        return -1;
    }
    int unit = 0;
    for (std::size_t i = at; i < at + 4; ++i) {
        const int digit = hex_digit(text[i]);
        if (digit < 0) {
            return -1;
        }
        unit = unit * 16 + digit;
    }
    return unit;
}

char* put_utf8(char* out, unsigned code) {
    const auto put = [&out](unsigned byte) { *out++ = static_cast<char>(byte); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xC0 | code >> 6);
        put(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        put(0xE0 | code >> 12);
        put(0x80 | (code >> 6 & 0x3F));
        put(0x80 | (code & 0x3F));
    } else {
        put(0xF0 | code >> 18);
        put(0x80 | (code >> 12 & 0x3F));
        put(0x80 | (code >> 6 & 0x3F));
        put(0x80 | (code & 0x3F));
    }
    return out;
}

// Reads the digits behind a \u at `at`, and a second \u that completes a surrogate pair; moves `at`
// behind them. False where they are no digits.
bool put_unit(std::string_view raw, std::size_t& at, char*& out) {
    constexpr unsigned replacement = 0xFFFD;
    const int first = hex_unit(raw, at);
    if (first < 0) {
        return false;
    }
    at += 4;
    auto code = static_cast<unsigned>(first);
    if (code >= 0xD800 && code < 0xDC00 && raw.size() - at >= 6 && raw[at] == '\\' &&
        raw[at + 1] == 'u') {
        const int second = hex_unit(raw, at + 2);
        if (second >= 0xDC00 && second < 0xE000) {
            code = 0x10000 + ((code - 0xD800) << 10) + (static_cast<unsigned>(second) - 0xDC00);
            at += 6;
        }
    }
    out = put_utf8(out, code >= 0xD800 && code < 0xE000 ? replacement : code);
    return true;
}

// What `raw` means, to `out`, which has room for as many bytes. Null where an escape is none.
char* resolve(std::string_view raw, char* out) {
    for (std::size_t at = 0; at < raw.size();) {
        const std::size_t backslash = std::min(raw.find('\\', at), raw.size());
        std::memcpy(out, raw.data() + at, backslash - at);
        out += backslash - at;
        at = backslash + 2;
        if (backslash == raw.size()) {
            break;
        }
        if (raw[backslash + 1] ==
            'u') {  // a backslash never ends a string: the scan has seen to it
            if (!put_unit(raw, at, out)) {
                return nullptr;
            }
            continue;
        }
        constexpr std::string_view letters = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
        const std::size_t letter = letters.find(raw[backslash + 1]);
        if (letter == std::string_view::npos) {
            return nullptr;
        }
        *out++ = meanings[letter];
    }
    return out;
}

}  // namespace

JsonReader::JsonReader(std::string_view file, std::uint64_t first_line)
    : begin_{file.data()},
      at_{begin_},
      end_{begin_ + file.size()},
      stop_{begin_},
      line_{first_line} {
    if (file.starts_with("\xEF\xBB\xBF")) {  // an editor's byte order mark
        at_ += 3;
    }
}

bool JsonReader::begins_record(std::string_view text) noexcept {
    return text.starts_with(opening);
}

bool JsonReader::next(LogEntry& entry) {
    while (at_ != end_) {
        const char* line = at_;
        const auto* newline = static_cast<const char*>(
            std::memchr(line, '\n', static_cast<std::size_t>(end_ - line)));
        stop_ = newline == nullptr ? end_ : newline;
        const char* next_line = newline == nullptr ? end_ : newline + 1;
        const std::string_view text{line, static_cast<std::size_t>(stop_ - line)};
        if (text.find_first_not_of(" \t\r") == std::string_view::npos) {
            at_ = next_line;
            line_ += newline == nullptr ? 0 : 1;
            continue;
        }
        for (std::size_t start = 0; start != std::string_view::npos;
             start = text.find(opening, start + 1)) {
            if (read_object(line + start) && resolve_escapes() && fill(entry)) {
                pass_over(line, line + start);
                entry.offset = static_cast<std::uint64_t>(line + start - begin_);
                entry.length = static_cast<std::uint64_t>(next_line - line) - start;
                entry.line = line_;
                check_language(entry);
                at_ = next_line;
                line_ += newline == nullptr ? 0 : 1;
                return true;
            }
        }
        pass_over(line, next_line);
        at_ = next_line;
        line_ += newline == nullptr ? 0 : 1;
    }
    return false;
}

void JsonReader::check_language(const LogEntry& entry) {
    if (!localised_ && !known_severity(entry.severity)) {
        localised_ = true;
        problems_.add({entry.line, 0, localised_text});
    }
}

void JsonReader::pass_over(const char* from, const char* to) {
    if (from != to) {
        const bool cut = to == end_ && to[-1] != '\n' &&
                         begins_record({from, static_cast<std::size_t>(to - from)});
        problems_.add(
            {line_, static_cast<std::uint64_t>(to - from), cut ? cut_off_text : damaged_text});
    }
}

void JsonReader::skip_spaces() {
    while (at_ != stop_ && is_space(*at_)) {
        ++at_;
    }
}

// Spaces, and the character where it comes next.
bool JsonReader::skip(char c) {
    skip_spaces();
    if (at_ == stop_ || *at_ != c) {
        return false;
    }
    ++at_;
    return true;
}

// Nothing may follow the object in its line.
bool JsonReader::read_object(const char* start) {
    at_ = start;
    values_.fill({});
    escaped_.fill(false);
    expected_ = 0;
    if (!skip('{')) {
        return false;
    }
    if (!skip('}')) {
        do {
            if (!read_member()) {
                return false;
            }
        } while (skip(','));
        if (!skip('}')) {
            return false;
        }
    }
    skip_spaces();
    return at_ == stop_;
}

bool JsonReader::read_member() {
    std::string_view key;
    bool escaped = false;
    if (!skip('"') || !read_string(key, escaped) || !skip(':')) {
        return false;
    }
    skip_spaces();
    const std::size_t member = escaped ? no_member : member_named(key);
    if (member == no_member) {
        return skip_value();
    }
    if (at_ != stop_ && *at_ == '"') {
        ++at_;
        return read_string(values_[member], escaped_[member]);
    }
    const char* first = at_;
    if (!skip_value()) {
        return false;
    }
    values_[member] = {first, static_cast<std::size_t>(at_ - first)};
    escaped_[member] = false;
    if (values_[member] == "null") {
        values_[member] = {};
    }
    return true;
}

// From behind the opening quote to behind the closing one; `raw` is what stands between.
bool JsonReader::read_string(std::string_view& raw, bool& escaped) {
    const char* first = at_;
    escaped = false;
    for (;;) {
        at_ = find_quote_or_backslash(at_, stop_);
        if (at_ == stop_) {
            return false;
        }
        if (*at_ == '"') {
            break;
        }
        if (stop_ - at_ < 2) {
            return false;
        }
        escaped = true;
        at_ += 2;
    }
    raw = {first, static_cast<std::size_t>(at_ - first)};
    ++at_;
    return true;
}

// A number, word, string, array or object; of the nested ones only the brackets are looked at.
bool JsonReader::skip_value() {
    const char* first = at_;
    std::size_t depth = 0;
    while (at_ != stop_) {
        const char c = *at_;
        if (depth == 0 && (c == ',' || c == '}' || c == ']' || is_space(c))) {
            break;
        }
        ++at_;
        if (c == '"') {
            std::string_view raw;
            bool escaped = false;
            if (!read_string(raw, escaped)) {
                return false;
            }
        } else if (c == '{' || c == '[') {
            if (++depth > deepest) {
                return false;
            }
        } else if (c == '}' || c == ']') {
            --depth;
        }
    }
    return at_ != first && depth == 0;
}

std::size_t JsonReader::member_named(std::string_view key) {
    for (std::size_t i = 0; i < no_member; ++i) {
        const std::size_t member = (expected_ + i) % no_member;
        if (names[member] == key) {
            expected_ = (member + 1) % no_member;
            return member;
        }
    }
    return no_member;
}

bool JsonReader::resolve_escapes() {
    // An address in full: the other formats have host and port in one.
    const bool has_port = !values_[remote_port].empty();
    std::size_t total =
        has_port ? values_[remote_host].size() + 1 + values_[remote_port].size() : 0;
    for (std::size_t i = 0; i < no_member; ++i) {
        total += escaped_[i] ? values_[i].size() : 0;
    }
    if (scratch_.size() < total) {
        scratch_.resize(total);
    }
    char* out = scratch_.data();
    for (std::size_t i = 0; i < no_member; ++i) {
        if (!escaped_[i]) {
            continue;
        }
        char* const end = resolve(values_[i], out);
        if (end == nullptr) {
            return false;
        }
        values_[i] = {out, static_cast<std::size_t>(end - out)};
        out = end;
    }
    if (has_port) {
        char* end = std::copy(values_[remote_host].begin(), values_[remote_host].end(), out);
        *end++ = ':';
        end = std::copy(values_[remote_port].begin(), values_[remote_port].end(), end);
        values_[remote_host] = {out, static_cast<std::size_t>(end - out)};
    }
    return true;
}

bool JsonReader::fill(LogEntry& entry) {
    const auto optional = [&](Member member, auto& number) {
        return values_[member].empty() || read_number(values_[member], number);
    };
    entry = {};
    if (!time_.read(values_[timestamp], entry.time) || !read_number(values_[pid], entry.pid) ||
        values_[error_severity].empty() || !optional(line_num, entry.session_line) ||
        !optional(txid, entry.transaction_id) || !optional(query_id, entry.query_id) ||
        (!values_[session_start].empty() &&
         !session_time_.read(values_[session_start], entry.session_start))) {
        return false;
    }
    entry.session_id = values_[session_id];
    entry.user = values_[user];
    entry.database = values_[dbname];
    entry.remote = values_[remote_host];
    entry.command_tag = values_[ps];
    entry.virtual_transaction = values_[vxid];
    entry.severity = values_[error_severity];
    // The server leaves out what is zero.
    entry.sqlstate = values_[state_code].empty() ? "00000" : values_[state_code];
    entry.message = values_[message];
    entry.detail = values_[detail];
    entry.hint = values_[hint];
    entry.context = values_[context];
    entry.query = values_[statement];
    entry.application = values_[application_name];
    entry.backend_type = values_[backend_type];
    return true;
}

}  // namespace workloads::logs
