#include "workloads/synthesis/sql_tokens.hpp"

#include "workloads/letters.hpp"

#include <algorithm>

namespace workloads::synthesis {
namespace {

using Kind = SqlToken::Kind;

class Cutter {
public:
    explicit Cutter(std::string_view sql) : sql_{sql} {}

    std::vector<SqlToken> cut() {
        std::vector<SqlToken> tokens;
        while (at_ < sql_.size()) {
            const std::size_t start = at_;
            const Kind kind = step();
            tokens.push_back({kind, sql_.substr(start, at_ - start)});
        }
        return tokens;
    }

private:
    [[nodiscard]] char peek(std::size_t k = 0) const {
        return at_ + k < sql_.size() ? sql_[at_ + k] : '\0';
    }

    Kind step() {
        const char c = peek();
        if (is_space(c)) {
            skip_while(is_space);
            return Kind::space;
        }
        if (c == '-' && peek(1) == '-') {
            at_ = std::min(sql_.find_first_of("\r\n", at_), sql_.size());
            return Kind::comment;
        }
        if (c == '/' && peek(1) == '*') {
            skip_block_comment();
            return Kind::comment;
        }
        if (c == '\'' || c == '"') {
            skip_quoted(c, false);
            return Kind::quoted;
        }
        if (c == '$') {
            return dollar();
        }
        if (is_identifier_start(c)) {
            return word();
        }
        if (is_digit(c)) {
            skip_while([](char next) { return is_identifier_part(next) || next == '.'; });
            return Kind::word;
        }
        ++at_;
        return Kind::other;
    }

    template <typename Test>
    void skip_while(Test test) {
        while (at_ < sql_.size() && test(sql_[at_])) {
            ++at_;
        }
    }

    void skip_block_comment() {
        int depth = 0;
        do {
            if (peek() == '/' && peek(1) == '*') {
                ++depth;
                at_ += 2;
            } else if (peek() == '*' && peek(1) == '/') {
                --depth;
                at_ += 2;
            } else {
                ++at_;
            }
        } while (depth > 0 && at_ < sql_.size());
        at_ = std::min(at_, sql_.size());
    }

    void skip_quoted(char quote, bool escapes) {
        for (++at_; at_ < sql_.size(); ++at_) {
            if (escapes && sql_[at_] == '\\') {
                ++at_;
            } else if (sql_[at_] == quote) {
                if (peek(1) != quote) {
                    ++at_;
                    return;
                }
                ++at_;
            }
        }
        at_ = sql_.size();
    }

    Kind dollar() {
        if (is_digit(peek(1))) {
            ++at_;
            skip_while(is_digit);
            return Kind::parameter;
        }
        std::size_t end = at_ + 1;
        while (end < sql_.size() && is_identifier_part(sql_[end]) && sql_[end] != '$') {
            ++end;
        }
        if (end >= sql_.size() || sql_[end] != '$') {
            ++at_;
            return Kind::other;
        }
        const auto tag = sql_.substr(at_, end + 1 - at_);
        const auto close = sql_.find(tag, end + 1);
        at_ = close == std::string_view::npos ? sql_.size() : close + tag.size();
        return Kind::quoted;
    }

    // E'...', B'...', X'...', N'...', U&'...' and U&"..." are one token.
    Kind word() {
        const char first = peek();
        const char lower = first >= 'A' && first <= 'Z' ? static_cast<char>(first + 32) : first;
        if (peek(1) == '\'' && (lower == 'e' || lower == 'b' || lower == 'x' || lower == 'n')) {
            ++at_;
            skip_quoted('\'', lower == 'e');
            return Kind::quoted;
        }
        if (lower == 'u' && peek(1) == '&' && (peek(2) == '\'' || peek(2) == '"')) {
            at_ += 2;
            skip_quoted(peek(), false);
            return Kind::quoted;
        }
        skip_while(is_identifier_part);
        return Kind::word;
    }

    std::string_view sql_;
    std::size_t at_ = 0;
};

}  // namespace

std::vector<SqlToken> tokens_of(std::string_view sql) {
    return Cutter{sql}.cut();
}

}  // namespace workloads::synthesis
