// The scanner follows PostgreSQL's src/backend/parser/scan.l with standard_conforming_strings = on,
// and keeps one bit of grammar: whether the last token ended an operand. A slice's colon stands
// after an operand, a placeholder never does.
#include "workloads/placeholders.hpp"

#include "workloads/letters.hpp"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

namespace workloads {
namespace {

// Words after which an expression goes on, so that in brackets `[... AND :x]` is a placeholder and
// no slice of a column AND. Reserved in PostgreSQL and therefore no columns, but for BETWEEN and
// ESCAPE, which nobody calls a column. ZONE is a fine column name and counts only after TIME.
constexpr std::string_view expression_words[] = {
    "ALL",    "AND",      "ANY",    "ASYMMETRIC", "BETWEEN", "BOTH",    "CASE", "DISTINCT",  "ELSE",
    "ESCAPE", "FROM",     "HAVING", "ILIKE",      "IN",      "LEADING", "LIKE", "LIMIT",     "NOT",
    "OFFSET", "ON",       "OR",     "RETURNING",  "SELECT",  "SIMILAR", "SOME", "SYMMETRIC", "THEN",
    "TO",     "TRAILING", "USING",  "VARIADIC",   "WHEN",    "WHERE",
};

static_assert(std::is_sorted(std::begin(expression_words), std::end(expression_words)));

std::string upper(std::string_view word) {
    std::string out{word};
    for (char& c : out) {
        if (c >= 'a' && c <= 'z') {
            c = static_cast<char>(c - 'a' + 'A');
        }
    }
    return out;
}

class Scanner {
public:
    explicit Scanner(std::string_view sql) : sql_{sql} {}

    std::variant<CutStatement, TextError> cut() {
        if (const auto nul = sql_.find('\0'); nul != std::string_view::npos) {
            return TextError{"a NUL byte cannot stand in a statement", nul};
        }
        while (at_ < sql_.size() && !error_) {
            step();
        }
        if (error_) {
            return *std::move(error_);
        }
        cut_.pieces.emplace_back(sql_.substr(piece_start_));
        return std::move(cut_);
    }

private:
    void step() {
        const char c = sql_[at_];
        if (is_space(c)) {
            ++at_;
        } else if (c == '-' && peek(1) == '-') {
            skip_line_comment();
        } else if (c == '/' && peek(1) == '*') {
            skip_block_comment();
        } else if (c == '\'') {
            skip_quoted('\'', "this string literal is never closed");
        } else if (c == '"') {
            skip_quoted('"', "this quoted name is never closed");
        } else if (c == '$') {
            dollar();
        } else if (c == ':') {
            colon();
        } else if (is_identifier_start(c)) {
            word();
        } else if (is_digit(c)) {
            number();
        } else {
            punctuation(c);
        }
    }

    // The k-th byte from here; NUL, which the statement does not hold, past its end.
    [[nodiscard]] char peek(std::size_t k) const {
        return at_ + k < sql_.size() ? sql_[at_ + k] : '\0';
    }

    void fail(std::size_t offset, std::string message) {
        error_ = TextError{std::move(message), offset};
    }

    void end_operand() {
        after_operand_ = true;
        last_word_ = {};
        after_dot_ = false;
    }
    void expect_operand() {
        after_operand_ = false;
        last_word_ = {};
        after_dot_ = false;
    }

    void skip_line_comment() { at_ = std::min(sql_.find_first_of("\r\n", at_), sql_.size()); }

    void skip_block_comment() {
        const std::size_t start = at_;
        std::size_t depth = 0;
        do {
            if (at_ >= sql_.size()) {
                return fail(start, "this comment is never closed (comments nest)");
            }
            if (sql_[at_] == '/' && peek(1) == '*') {
                ++depth;
                at_ += 2;
            } else if (sql_[at_] == '*' && peek(1) == '/') {
                --depth;
                at_ += 2;
            } else {
                ++at_;
            }
        } while (depth > 0);
    }

    // '...' and "...", and what follows B, N, X or U& too: only their quote itself is doubled.
    void skip_quoted(char quote, const char* complaint) {
        const std::size_t start = at_;
        do {
            const std::size_t close = sql_.find(quote, at_ + 1);
            if (close == std::string_view::npos) {
                return fail(start, complaint);
            }
            at_ = close + 1;
        } while (peek(0) == quote);
        end_operand();
    }

    // E'...' from its quote. Backslashes escape, also in the parts that continue the literal.
    void skip_escape_string() {
        const std::size_t start = at_;
        do {
            ++at_;
            for (;;) {
                if (at_ >= sql_.size()) {
                    return fail(start - 1,
                                "this string literal is never closed (in E'...' a "
                                "backslash escapes the next character)");
                }
                const char c = sql_[at_++];
                if (c == '\\') {
                    ++at_;
                } else if (c == '\'') {
                    if (peek(0) != '\'') {
                        break;
                    }
                    ++at_;
                }
            }
        } while (continues());
        end_operand();
    }

    // Whether a further part of the literal that ended here follows: past whitespace and comments
    // with a newline among them. Moves to its quote.
    bool continues() {
        bool newline = false;
        for (std::size_t ahead = at_; ahead < sql_.size(); ++ahead) {
            const char c = sql_[ahead];
            if (c == '\n' || c == '\r') {
                newline = true;
            } else if (c == '-' && ahead + 1 < sql_.size() && sql_[ahead + 1] == '-') {
                const std::size_t end = sql_.find_first_of("\r\n", ahead);
                if (end == std::string_view::npos) {
                    return false;
                }
                newline = true;
                ahead = end;
            } else if (c == '\'' && newline) {
                at_ = ahead;
                return true;
            } else if (!is_space(c)) {
                return false;
            }
        }
        return false;
    }

    void dollar() {
        if (is_digit(peek(1))) {
            std::size_t end = at_ + 1;
            while (end < sql_.size() && is_digit(sql_[end])) {
                ++end;
            }
            return fail(at_, std::string{sql_.substr(at_, end - at_)} +
                                 " cannot be written here: parameters are numbered by the harness; "
                                 "write :name");
        }
        std::size_t end = at_ + 1;
        if (end < sql_.size() && is_identifier_start(sql_[end])) {
            while (end < sql_.size() && sql_[end] != '$' && is_identifier_part(sql_[end])) {
                ++end;
            }
        }
        if (end >= sql_.size() || sql_[end] != '$') {
            ++at_;  // no dollar quote: the server will say what it thinks of a lone $
            return expect_operand();
        }
        const std::string_view tag = sql_.substr(at_, end + 1 - at_);
        const std::size_t close = sql_.find(tag, end + 1);
        if (close == std::string_view::npos) {
            return fail(at_, "this dollar quote is never closed by " + std::string{tag});
        }
        at_ = close + tag.size();
        end_operand();
    }

    void colon() {
        const char next = peek(1);
        if (next == ':' || next == '=') {  // a cast, or a named argument
            at_ += 2;
            return expect_operand();
        }
        const bool slice = in_brackets() && after_operand_;
        if (slice || !is_identifier_start(next)) {  // also `1: 2`, `JSON_OBJECT('k' : 1)`
            ++at_;
            return expect_operand();
        }
        placeholder();
    }

    void placeholder() {
        std::size_t end = at_ + 1;
        while (end < sql_.size() && is_name_part(sql_[end])) {
            ++end;
        }
        if (end < sql_.size() && is_identifier_part(sql_[end])) {
            return fail(at_,
                        "a placeholder's name is made of the letters A to Z, digits and _ only");
        }
        cut_.pieces.emplace_back(sql_.substr(piece_start_, at_ - piece_start_));
        cut_.names.emplace_back(sql_.substr(at_ + 1, end - at_ - 1));
        cut_.offsets.push_back(at_);
        at_ = piece_start_ = end;
        end_operand();
    }

    void word() {
        if ((sql_[at_] == 'e' || sql_[at_] == 'E') && peek(1) == '\'') {
            ++at_;
            return skip_escape_string();
        }
        const std::size_t start = at_;
        while (at_ < sql_.size() && is_identifier_part(sql_[at_])) {
            ++at_;
        }
        const std::string word = upper(sql_.substr(start, at_ - start));
        const bool after_time = last_word_ == "TIME";
        const bool a_column = after_dot_;  // t.limit
        end_operand();
        if (!a_column) {
            last_word_ = word;
            after_operand_ = !(std::binary_search(std::begin(expression_words),
                                                  std::end(expression_words), word) ||
                               (after_time && word == "ZONE"));
        }
    }

    // Digits, points and underscores, and an exponent, lest 1e5$$ end in an identifier. The letters
    // of 0xff come as a word, which is an operand as well.
    void number() {
        while (at_ < sql_.size() && (is_digit(sql_[at_]) || sql_[at_] == '.' || sql_[at_] == '_')) {
            ++at_;
        }
        if (peek(0) == 'e' || peek(0) == 'E') {
            const std::size_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
            if (is_digit(peek(1 + sign))) {
                at_ += 1 + sign;
                while (is_digit(peek(0))) {
                    ++at_;
                }
            }
        }
        end_operand();
    }

    void punctuation(char c) {
        if (c == '.' && is_digit(peek(1))) {
            return number();
        }
        ++at_;
        if (c == '(' || c == '[') {
            brackets_.push_back({c, last_word_ == "OPERATOR"});
        } else if (c == ')' || c == ']') {
            bool names_an_operator = false;  // OPERATOR(pg_catalog.+)
            if (!brackets_.empty() && brackets_.back().open == (c == ')' ? '(' : '[')) {
                names_an_operator = brackets_.back().names_an_operator;
                brackets_.pop_back();
            }
            return names_an_operator ? expect_operand() : end_operand();
        }
        expect_operand();
        after_dot_ = c == '.';
    }

    [[nodiscard]] bool in_brackets() const {
        return !brackets_.empty() && brackets_.back().open == '[';
    }

    struct Bracket {
        char open;
        bool names_an_operator;
    };

    std::string_view sql_;
    std::size_t at_ = 0, piece_start_ = 0;
    bool after_operand_ = false, after_dot_ = false;
    std::string last_word_;  // in capitals, when the last token is a word
    std::vector<Bracket> brackets_;
    CutStatement cut_;
    std::optional<TextError> error_;
};

// Whether a character would run together with a token written right beside it: `SELECT:id` must not
// become `SELECT5`, nor `:a'x'` one literal.
bool sticks(char c) {
    return is_identifier_part(c) || c == '\'' || c == '"' || c == '.';
}

}  // namespace

std::variant<CutStatement, TextError> cut_placeholders(std::string_view sql) {
    return Scanner{sql}.cut();
}

void append_apart(std::string& out, std::string_view token) {
    if (!out.empty() && !token.empty() && sticks(out.back()) && sticks(token.front())) {
        out += ' ';
    }
    out += token;
}

std::string CutStatement::numbered(std::vector<std::string>& parameters) const {
    parameters.clear();
    std::unordered_map<std::string_view, std::size_t> numbers;
    std::string out = pieces[0];
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto [found, is_new] = numbers.try_emplace(names[i], numbers.size() + 1);
        if (is_new) {
            parameters.push_back(names[i]);
        }
        append_apart(out, "$" + std::to_string(found->second));
        append_apart(out, pieces[i + 1]);
    }
    return out;
}

}  // namespace workloads
