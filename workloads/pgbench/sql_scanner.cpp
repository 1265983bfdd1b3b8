#include "workloads/pgbench/sql_scanner.hpp"

#include "workloads/letters.hpp"

#include <algorithm>
#include <array>

namespace workloads::pgbench {
namespace {

bool starts_variable(char c) {
    return is_identifier_start(c);
}

bool continues_variable(char c) {
    return is_identifier_start(c) || is_digit(c);
}

// What may stand right beside a number without becoming one token with it, or another one.
bool stands_apart(char before, char after) {
    constexpr std::string_view left = "(,=<>+*/%|&#[", right = "),;=<>+-*/%|&#^:]";
    return (is_space(before) || left.find(before) != std::string_view::npos) &&
           (is_space(after) || right.find(after) != std::string_view::npos);
}

class Scanner {
public:
    Scanner(std::string_view script, std::size_t from) : text_{script}, at_{from} {}

    ScannedStatement scan() {
        skip_spaces();
        made_.offset = at_;
        while (at_ < text_.size() && !ended_ && !made_.error) {
            step();
        }
        made_.next = at_;
        trim();
        return std::move(made_);
    }

private:
    using Where = Mention::Where;

    [[nodiscard]] char peek(std::size_t ahead = 0) const {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }
    [[nodiscard]] bool comes(std::string_view word) const {
        return text_.substr(at_, word.size()) == word;
    }

    void copy(std::size_t bytes) {
        made_.pieces.back().append(text_.substr(at_, bytes));
        at_ += bytes;
    }

    // One byte, or the variable that begins there.
    void copy_or_mention(Where where) {
        if (peek() != ':') {
            return copy(1);
        }
        if (at_ + 1 < text_.size() && starts_variable(text_[at_ + 1])) {
            return mention(where);
        }
        do {  // a cast: what follows it is no variable
            copy(1);
        } while (peek() == ':');
    }

    void mention(Where where) {
        const std::size_t from = at_++;
        while (at_ < text_.size() && continues_variable(text_[at_])) {
            ++at_;
        }
        mention_end_ = at_;
        if (where == Where::apart) {
            const char before = from == made_.offset ? '(' : text_[from - 1];
            const char after = at_ < text_.size() ? text_[at_] : ';';
            where = stands_apart(before, after) ? Where::apart : Where::glued;
        }
        made_.mentions.push_back(
            {std::string{text_.substr(from + 1, at_ - from - 1)}, where, from});
        made_.pieces.emplace_back();
    }

    // Also what stands for it: comments, before the statement begins.
    void skip_spaces() {
        while (at_ < text_.size()) {
            if (is_space(text_[at_])) {
                ++at_;
            } else if (comes("--")) {
                at_ = std::min(text_.find('\n', at_), text_.size());
            } else {
                return;
            }
        }
    }

    void step() {
        const char c = peek();
        if (c == '\'') {
            quoted('\'', Where::literal, escapes_before_quote());
        } else if (c == '"') {
            quoted('"', Where::quoted_name, false);
        } else if (comes("--")) {
            at_ = std::min(text_.find('\n', at_), text_.size());
        } else if (comes("/*")) {
            comment();
        } else if (c == '$' && dollar_quote()) {
            return;
        } else if (is_identifier_start(c)) {
            word();
        } else if (is_digit(c)) {
            while (is_identifier_part(peek())) {
                copy(1);
            }
        } else if (c == '\\') {
            backslash();
        } else if (c == ';' && parentheses_ == 0 && blocks_ == 0) {
            ++at_;
            made_.end = ScannedStatement::End::semicolon;
            ended_ = true;
        } else {
            parentheses_ += c == '(' ? 1 : c == ')' && parentheses_ > 0 ? -1 : 0;
            copy_or_mention(Where::apart);
        }
    }

    // \; joins statements, \: is a colon; any other is a command, wherever it stands.
    void backslash() {
        if (peek(1) == ';' || peek(1) == ':') {
            made_.combined = made_.combined || peek(1) == ';';
            ++at_;
            copy(1);
            return;
        }
        ++at_;
        made_.end = ScannedStatement::End::backslash;
        ended_ = true;
    }

    void unterminated(std::size_t from, const char* what) {
        made_.error = TextError{std::string{"unterminated "} + what, from};
    }

    // E'...' reads backslashes as escapes.
    [[nodiscard]] bool escapes_before_quote() const {
        if (at_ == 0 || at_ == mention_end_ || (text_[at_ - 1] != 'e' && text_[at_ - 1] != 'E')) {
            return false;
        }
        return at_ < 2 || !is_identifier_part(text_[at_ - 2]);
    }

    void quoted(char quote, Where where, bool escapes) {
        const std::size_t from = at_;
        copy(1);
        while (at_ < text_.size()) {
            if (escapes && peek() == '\\' && at_ + 1 < text_.size()) {
                copy(2);
            } else if (peek() != quote) {
                copy_or_mention(where);
            } else if (peek(1) == quote) {
                copy(2);
            } else {
                return copy(1);
            }
        }
        unterminated(from, quote == '"' ? "quoted name" : "literal");
    }

    void comment() {
        const std::size_t from = at_;
        int depth = 0;
        do {
            if (comes("/*")) {
                ++depth;
                copy(2);
            } else if (comes("*/")) {
                --depth;
                copy(2);
            } else if (at_ < text_.size()) {
                copy_or_mention(Where::comment);
            } else {
                return unterminated(from, "comment");
            }
        } while (depth > 0);
    }

    // $$ or $name$, which ends at its like.
    bool dollar_quote() {
        std::size_t end = at_ + 1;
        if (end < text_.size() && is_identifier_start(text_[end])) {
            while (end < text_.size() &&
                   (is_identifier_start(text_[end]) || is_digit(text_[end]))) {
                ++end;
            }
        }
        if (end >= text_.size() || text_[end] != '$') {
            return false;
        }
        const std::size_t from = at_;
        const auto tag = text_.substr(at_, end + 1 - at_);
        copy(tag.size());
        const std::size_t close = text_.find(tag, at_);
        if (close == std::string_view::npos) {
            unterminated(from, "dollar-quoted text");
            return true;
        }
        while (at_ < close) {
            copy_or_mention(Where::dollar_quote);
        }
        copy(tag.size());
        return true;
    }

    // The semicolons between BEGIN and END belong to the body of a function (PostgreSQL 14).
    void word() {
        std::string word;
        while (is_identifier_part(peek()) && at_ < text_.size()) {
            word += static_cast<char>(peek() >= 'A' && peek() <= 'Z' ? peek() + 32 : peek());
            copy(1);
        }
        if (words_ < first_words_.size()) {
            first_words_[words_++] = word;
        }
        if (!creates_routine()) {
            return;
        }
        if (word == "begin" || (word == "case" && blocks_ > 0)) {
            ++blocks_;
        } else if (word == "end" && blocks_ > 0) {
            --blocks_;
        }
    }

    [[nodiscard]] bool creates_routine() const {
        const auto routine = [](const std::string& word) {
            return word == "function" || word == "procedure";
        };
        return first_words_[0] == "create" &&
               (routine(first_words_[1]) ||
                (first_words_[1] == "or" && first_words_[2] == "replace" &&
                 routine(first_words_[3])));
    }

    void trim() {
        auto& last = made_.pieces.back();
        while (!last.empty() && is_space(last.back())) {
            last.pop_back();
        }
    }

    std::string_view text_;
    std::size_t at_;
    ScannedStatement made_;
    std::size_t mention_end_ = std::string_view::npos;
    bool ended_ = false;
    int parentheses_ = 0, blocks_ = 0;
    std::array<std::string, 4> first_words_;
    std::size_t words_ = 0;
};

}  // namespace

bool ScannedStatement::blank() const {
    return mentions.empty() && std::all_of(pieces[0].begin(), pieces[0].end(), is_space);
}

ScannedStatement scan_statement(std::string_view script, std::size_t from) {
    return Scanner{script, from}.scan();
}

}  // namespace workloads::pgbench
