// The lexer follows PostgreSQL's src/backend/parser/scan.l with standard_conforming_strings = on.
#include "workloads/letters.hpp"
#include "workloads/logs/mask.hpp"
#include "workloads/logs/mask_parts.hpp"

#include <algorithm>
#include <utility>

namespace workloads::logs {
namespace {

bool is_word(std::string_view text, std::string_view upper_case) {
    return text.size() == upper_case.size() &&
           std::equal(text.begin(), text.end(), upper_case.begin(), [](char a, char b) {
               return (a >= 'a' && a <= 'z' ? static_cast<char>(a - 'a' + 'A') : a) == b;
           });
}

// Where the words behind SET x = or SET x TO are a value: those of the application's own settings
// (app.tenant) and its name. What the server's own are set to are the server's words, or names.
class SettingValue {
public:
    [[nodiscard]] bool is_value() const { return state_ == State::value; }

    void word(std::string_view text) {
        if (state_ == State::start) {
            state_ = is_word(text, "SET")                                ? State::name
                     : is_word(text, "ALTER") || is_word(text, "CREATE") ? State::before_set
                                                                         : State::other;
        } else if (state_ == State::before_set && is_word(text, "SET")) {
            state_ = State::name;
        } else if (state_ == State::value) {
            state_ = State::behind_value;
        } else if (state_ == State::behind_value) {
            state_ = is_word(text, "SET") ? State::name : State::before_set;
            own_ = false;
        } else if (state_ == State::name) {
            if (is_word(text, "TO")) {
                assign();
            } else {
                own_ = own_ || is_word(text, "APPLICATION_NAME") || text == "\"";
            }
        }
    }
    void literal() { state_ = state_ == State::value ? State::behind_value : state_; }
    void sign(char c) {
        if (c == ';') {
            *this = {};
        } else if (state_ == State::behind_value && c == ',') {
            state_ = State::value;
        } else if (state_ == State::name && c == '.') {
            own_ = true;
        } else if (state_ == State::name && c == '=') {
            assign();
        }
    }

private:
    enum class State { start, before_set, name, value, behind_value, other };
    void assign() { state_ = own_ ? State::value : State::other; }
    State state_ = State::start;
    bool own_ = false;
};

// Copies SQL and hands its literals to the masker.
class Rewriter {
public:
    Rewriter(std::string_view sql, const Masker& masker, const Masker::Hash& hash,
             Masker::QuotedNames quoted)
        : sql_{sql}, masker_{masker}, hash_{hash}, quoted_{quoted} {}

    // False: a literal or a quoted name was never closed.
    [[nodiscard]] bool terminated() const { return terminated_; }

    std::string rewritten() {
        out_.reserve(sql_.size());
        while (at_ < sql_.size()) {
            step();
        }
        return std::move(out_);
    }

private:
    void step() {
        const char c = sql_[at_];
        if (c == '-' && peek(1) == '-') {
            comment(std::min(sql_.find_first_of("\r\n", at_), sql_.size()));
        } else if (c == '/' && peek(1) == '*') {
            comment(end_of_comment());
        } else if (c == '\'') {
            string(Kind::plain);
        } else if (c == '"') {
            quoted_name();
        } else if (c == '$') {
            dollar();
        } else if (is_identifier_start(c)) {
            word();
        } else if (is_digit(c) || (c == '.' && is_digit(peek(1)))) {
            number();
        } else {
            setting_.sign(c);
            out_ += c;
            ++at_;
        }
    }

    enum class Kind { plain, escapes, unicode, bits, hexadecimal };

    [[nodiscard]] char peek(std::size_t k) const {
        return at_ + k < sql_.size() ? sql_[at_ + k] : '\0';
    }

    void mask_rest() {
        terminated_ = false;
        out_ += masker_.characters(sql_.substr(at_));
        at_ = sql_.size();
    }
    void keep_to(std::size_t end) {
        if (end == std::string_view::npos) {
            return mask_rest();
        }
        out_ += sql_.substr(at_, end - at_);
        at_ = end;
    }

    // Its marks stay, being no letters.
    void comment(std::size_t end) {
        out_ += masker_.characters(sql_.substr(at_, end - at_));
        at_ = end;
    }
    [[nodiscard]] std::size_t end_of_comment() const {
        std::size_t depth = 0, at = at_;
        do {
            const std::size_t mark = sql_.find_first_of("/*", at);
            if (mark == std::string_view::npos || mark + 1 >= sql_.size()) {
                return sql_.size();
            }
            const std::string_view both = sql_.substr(mark, 2);
            depth += both == "/*" ? 1 : 0;
            depth -= both == "*/" ? 1 : 0;
            at = mark + (both == "/*" || both == "*/" ? 2 : 1);
        } while (depth > 0);
        return at;
    }

    // Behind the quote that closes what opens at `from`; npos: none does.
    [[nodiscard]] std::size_t end_of_quoted(std::size_t from, char quote) const {
        for (std::size_t at = from + 1;;) {
            const std::size_t close = sql_.find(quote, at);
            if (close == std::string_view::npos) {
                return close;
            }
            if (close + 1 >= sql_.size() || sql_[close + 1] != quote) {
                return close + 1;
            }
            at = close + 2;
        }
    }
    [[nodiscard]] std::size_t end_of_escape_string(std::size_t from) const {
        for (std::size_t at = from + 1; at < sql_.size(); ++at) {
            if (sql_[at] == '\\') {
                ++at;
            } else if (sql_[at] == '\'') {
                if (at + 1 < sql_.size() && sql_[at + 1] == '\'') {
                    ++at;
                } else {
                    return at + 1;
                }
            }
        }
        return std::string_view::npos;
    }

    // From its quote on. What continues it on a later line is of the same kind.
    void string(Kind kind) {
        setting_.literal();
        for (;;) {
            one_string(kind);
            const std::size_t next = continuation();
            if (next == std::string_view::npos) {
                return;
            }
            out_ += masker_.characters(sql_.substr(at_, next - at_));  // of comments the words
            at_ = next;
        }
    }
    [[nodiscard]] std::size_t continuation() const {
        bool newline = false;
        for (std::size_t at = at_; at < sql_.size(); ++at) {
            const char c = sql_[at];
            if (c == '\'' && newline) {
                return at;
            }
            if (c == '-' && at + 1 < sql_.size() && sql_[at + 1] == '-') {
                at = sql_.find_first_of("\r\n", at);
                if (at == std::string_view::npos) {
                    break;
                }
                newline = true;
            } else if (!is_space(c)) {
                break;
            }
            newline = newline || c == '\n' || c == '\r';
        }
        return std::string_view::npos;
    }

    void one_string(Kind kind) {
        const std::size_t end =
            kind == Kind::escapes ? end_of_escape_string(at_) : end_of_quoted(at_, '\'');
        if (end == std::string_view::npos) {
            return mask_rest();
        }
        const std::string_view content = sql_.substr(at_ + 1, end - at_ - 2);
        out_ += '\'';
        switch (kind) {
            case Kind::plain:
                put_plain(content);
                break;
            case Kind::bits:
                put_bits(content);
                break;
            case Kind::hexadecimal:
                put_hexadecimal(content);
                break;
            case Kind::escapes:
            case Kind::unicode:
                put_escaped(content, kind == Kind::unicode);
                break;
        }
        out_ += '\'';
        at_ = end;
    }

    // What the literal means is masked, so that it stays equal to the same value elsewhere.
    void put_plain(std::string_view content) {
        std::string meant;
        for (std::size_t i = 0; i < content.size(); ++i) {
            meant += content[i];
            i += content[i] == '\'' ? 1 : 0;
        }
        for (const char c : masker_.value(meant)) {
            out_ += c;
            if (c == '\'') {
                out_ += c;
            }
        }
    }
    void put_bits(std::string_view content) {
        Stream stream{hash_(content)};
        for (const char c : content) {
            out_ += is_digit(c) ? stream.from('0', 2) : c;
        }
    }
    void put_hexadecimal(std::string_view content) {
        Stream stream{hash_(content)};
        for (const char c : content) {
            out_ += is_hex(c) ? hex_like(c, stream) : c;
        }
    }

    // E'...' and U&'...': an escape stays one, and what it stands for is valid in any encoding.
    void put_escaped(std::string_view content, bool unicode) {
        if (content.find('\\') == std::string_view::npos) {
            return put_plain(content);
        }
        Stream stream{hash_(content)};
        for (std::size_t at = 0; at < content.size();) {
            if (content[at] == '\\' && at + 1 < content.size()) {
                at = put_escape(content, at, unicode, stream);
            } else {
                put_like(out_, content, at, stream);
            }
        }
    }

    void put_digits(std::string_view zeros, std::size_t count, Stream& stream) {
        out_ += zeros;
        for (std::size_t i = zeros.size(); i < count; ++i) {
            out_ += stream.from('1', 9);
        }
    }

    // Gives where the escape ends.
    std::size_t put_escape(std::string_view content, std::size_t at, bool unicode, Stream& stream) {
        const auto run = [&](std::size_t from, std::size_t most, auto fits) {
            std::size_t end = from;
            while (end < content.size() && end < from + most && fits(content[end])) {
                ++end;
            }
            return end - from;
        };
        const auto octal = [](char c) { return c >= '0' && c <= '7'; };
        const char kind = content[at + 1];
        out_ += '\\';
        if (unicode) {
            const bool six = kind == '+';
            out_ += six ? "+" : "";
            const std::size_t from = at + (six ? 2 : 1);
            const std::size_t digits = run(from, six ? 6 : 4, is_hex);
            if (digits == 0) {
                out_ += six ? "" : std::string(1, kind == '\\' ? '\\' : '?');
                return at + 2;
            }
            put_digits(six ? "00" : "", digits, stream);
            return from + digits;
        }
        if (kind == 'u' || kind == 'U') {
            const std::size_t digits = run(at + 2, kind == 'u' ? 4 : 8, is_hex);
            out_ += kind;
            put_digits(kind == 'U' && digits == 8 ? "0000" : "", digits, stream);
            return at + 2 + digits;
        }
        if (kind == 'x') {
            const std::size_t digits = run(at + 2, 2, is_hex);
            out_ += 'x';
            put_digits(digits == 2 ? "4" : "", digits, stream);
            return at + 2 + digits;
        }
        if (const std::size_t digits = run(at + 1, 3, octal); digits != 0) {
            out_ += digits == 3 ? "1" : "";
            for (std::size_t i = digits == 3 ? 1 : 0; i < digits; ++i) {
                out_ += stream.from('1', 5);
            }
            return at + 1 + digits;
        }
        // \n and the like are white space; any other character stands for itself.
        if (std::string_view{"bfnrt"}.find(kind) != std::string_view::npos) {
            out_ += kind;
            return at + 2;
        }
        std::size_t next = at + 1;
        if (is_name_start(kind)) {
            out_ += 'z';  // no escape's letter
            return at + 2;
        }
        put_like(out_, content, next, stream);
        return next;
    }

    void dollar() {
        if (is_digit(peek(1))) {  // $1
            std::size_t end = at_ + 1;
            while (end < sql_.size() && is_digit(sql_[end])) {
                ++end;
            }
            return keep_to(end);
        }
        std::size_t end = at_ + 1;
        if (end < sql_.size() && is_identifier_start(sql_[end])) {
            while (end < sql_.size() && sql_[end] != '$' && is_identifier_part(sql_[end])) {
                ++end;
            }
        }
        if (end >= sql_.size() || sql_[end] != '$') {
            out_ += '$';
            ++at_;
            return;
        }
        const std::string_view tag = sql_.substr(at_, end + 1 - at_);
        const std::size_t close = sql_.find(tag, end + 1);
        if (close == std::string_view::npos) {
            return mask_rest();
        }
        std::string content = masker_.value(sql_.substr(end + 1, close - end - 1));
        // A tag within may have become this one.
        if (content.find(tag) != std::string::npos) {
            std::replace(content.begin(), content.end(), '$', '_');
        }
        out_.append(tag).append(content).append(tag);
        at_ = close + tag.size();
    }

    // An identifier or keyword, or what opens a literal: E'', B'', X'', N'', U&''.
    void word() {
        const char upper = static_cast<char>(sql_[at_] & ~0x20);
        if (peek(1) == '\'' && (upper == 'E' || upper == 'B' || upper == 'X' || upper == 'N')) {
            out_ += sql_[at_++];
            return string(upper == 'E'   ? Kind::escapes
                          : upper == 'B' ? Kind::bits
                          : upper == 'X' ? Kind::hexadecimal
                                         : Kind::plain);
        }
        if (upper == 'U' && peek(1) == '&' && (peek(2) == '\'' || peek(2) == '"')) {
            out_ += sql_.substr(at_, 2);
            at_ += 2;
            return peek(0) == '"' ? step() : string(Kind::unicode);
        }
        const std::size_t start = at_;
        while (at_ < sql_.size() && is_identifier_part(sql_[at_])) {
            ++at_;
        }
        const std::string_view found = sql_.substr(start, at_ - start);
        out_ += setting_.is_value() && !is_word(found, "DEFAULT") ? masker_.value(found)
                                                                  : std::string{found};
        setting_.word(found);
    }

    void quoted_name() {
        const std::size_t end = end_of_quoted(at_, '"');
        if (end == std::string_view::npos ||
            (quoted_ == Masker::QuotedNames::keep && !setting_.is_value())) {
            setting_.word("\"");
            return keep_to(end);
        }
        const std::string_view name = sql_.substr(at_ + 1, end - at_ - 2);
        out_.append(1, '"').append(masker_.value(name)).append(1, '"');
        setting_.word("\"");
        at_ = end;
    }

    void number() {
        setting_.literal();
        const char base = static_cast<char>(peek(1) | 0x20);
        if (sql_[at_] == '0' && (base == 'x' || base == 'o' || base == 'b')) {
            return based_number(base);
        }
        const Decimal decimal = decimal_at(sql_, at_);
        if (decimal.length == 0) {  // the first point of 1..2
            out_ += sql_[at_++];
            return;
        }
        const std::string_view text = sql_.substr(at_, decimal.length);
        out_ += masker_.value(text);
        at_ += decimal.length;
    }
    // 0x1F, 0o17, 0b101, of version 16 on.
    void based_number(char base) {
        std::size_t end = at_ + 2;
        while (end < sql_.size() && (is_hex(sql_[end]) || sql_[end] == '_')) {
            ++end;
        }
        Stream stream{hash_(sql_.substr(at_, end - at_))};
        out_ += sql_.substr(at_, 2);
        for (const char c : sql_.substr(at_ + 2, end - at_ - 2)) {
            const unsigned top = base == 'b' ? 2 : 8;
            out_ += c == '_' ? c : base == 'x' ? hex_like(c, stream) : stream.from('0', top);
        }
        at_ = end;
    }

    std::string_view sql_;
    const Masker& masker_;
    const Masker::Hash& hash_;
    Masker::QuotedNames quoted_;
    SettingValue setting_;
    bool terminated_ = true;
    std::size_t at_ = 0;
    std::string out_;
};

}  // namespace

std::string Masker::literals(std::string_view text) const {
    return Rewriter{text, *this, hash_, QuotedNames::keep}.rewritten();
}

// What the grammar takes is terminated: where it seems not to be, it was read wrongly.
std::string Masker::sql(std::string_view text, QuotedNames quoted) const {
    if (!is_sql_(text)) {
        return characters(text);
    }
    Rewriter rewriter{text, *this, hash_, quoted};
    std::string out = rewriter.rewritten();
    return rewriter.terminated() ? out : characters(text);
}

}  // namespace workloads::logs
