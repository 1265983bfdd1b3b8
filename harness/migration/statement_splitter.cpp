#include "harness/migration/statement_splitter.hpp"

#include <algorithm>

namespace harness::migration {

namespace {

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}
bool is_word_begin(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_word(char c) {
    return is_word_begin(c) || is_digit(c) || c == '$';
}

// ASCII only: keywords are.
std::string upper(std::string_view text) {
    std::string result{text};
    for (char& c : result) {
        c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return result;
}

// Where the blanks and comments that begin at `at` end.
std::size_t skip_blanks(std::string_view sql, std::size_t at) {
    int depth = 0;
    while (at < sql.size()) {
        const auto pair = sql.substr(at, 2);
        if (pair == "/*" || (depth > 0 && pair == "*/")) {
            depth += pair == "/*" ? 1 : -1;
            at += 2;
        } else if (depth > 0 || is_blank(sql[at])) {
            ++at;
        } else if (pair == "--") {
            at = std::min(sql.find('\n', at), sql.size());
        } else {
            break;
        }
    }
    return at;
}

}  // namespace

void StatementSplitter::feed(std::string_view bytes, std::vector<Statement>& statements) {
    buffer_ += bytes;
    scan(false, statements);
}

std::string StatementSplitter::finish(std::vector<Statement>& statements) {
    scan(true, statements);
    const auto open = [&](const char* what) {
        return std::string{what} + " that begins in line " + std::to_string(open_line_) +
               " is never closed";
    };
    if (refused_) {
        return {};
    }
    switch (state_) {
        case State::string:
        case State::escape_string:
            return open("a string");
        case State::quoted_name:
            return open("a quoted name");
        case State::dollar:
            return open("a dollar-quoted string");
        case State::block_comment:
            return open("a comment");
        case State::plain:
        case State::line_comment:
            break;
    }
    end_statement(statements);
    return {};
}

void StatementSplitter::scan(bool final, std::vector<Statement>& statements) {
    while (!refused_ && at_ < buffer_.size() && take(final, statements)) {
    }
    if (begin_ && at_ - *begin_ > longest_statement) {
        refused_ = Statement{"a statement of more than 1 GB", begin_line_};
    }
    drop_consumed();
}

bool StatementSplitter::take(bool final, std::vector<Statement>& statements) {
    switch (state_) {
        case State::plain:
            return take_plain(final, statements);
        case State::string:
        case State::escape_string:
            return take_string(final);
        case State::quoted_name:
            return take_until("\"");
        case State::dollar:
            return take_until(dollar_tag_);
        case State::line_comment:
            return take_until("\n");
        case State::block_comment:
            return take_block_comment(final);
    }
    return false;
}

bool StatementSplitter::take_plain(bool final, std::vector<Statement>& statements) {
    const char c = buffer_[at_];
    if (at_ + 1 == buffer_.size() && !final && !is_blank(c)) {
        return false;  // what it is depends on the byte after it
    }
    const char next = at_ + 1 < buffer_.size() ? buffer_[at_ + 1] : '\0';
    if (is_blank(c)) {
        consume(1);
        return true;
    }
    if (c == '-' && next == '-') {
        enter(State::line_comment, 2);
        return true;
    }
    if (c == '/' && next == '*') {
        comment_depth_ = 1;
        enter(State::block_comment, 2);
        return true;
    }
    if (c == '\\') {
        return take_psql_command(final);
    }
    if (c == ';') {
        if (paren_depth_ <= 0 && body_depth_ == 0) {
            end_statement(statements);
        }
        consume(1);
        return true;
    }
    begin_statement();
    if (is_word_begin(c) || is_digit(c)) {
        return take_word(final);
    }
    if (c == '$') {
        return take_dollar(final);
    }
    if (c == '\'') {
        enter(continues_escape_string() ? State::escape_string : State::string, 1);
    } else if (c == '"') {
        enter(State::quoted_name, 1);
    } else {
        paren_depth_ += c == '(' ? 1 : c == ')' ? -1 : 0;
        consume(1);
    }
    return true;
}

bool StatementSplitter::take_word(bool final) {
    const auto begin = buffer_.begin() + static_cast<std::ptrdiff_t>(at_);
    const auto end = std::find_if_not(begin, buffer_.end(), is_word);
    if (end == buffer_.end() && !final) {
        return false;
    }
    const std::string_view word{&*begin, static_cast<std::size_t>(end - begin)};
    const bool escapes = (word == "E" || word == "e") && end != buffer_.end() && *end == '\'';
    count_word(word);
    if (escapes) {
        enter(State::escape_string, 2);
    } else {
        consume(word.size());
    }
    return true;
}

// $tag$, or a parameter such as $1.
bool StatementSplitter::take_dollar(bool final) {
    std::size_t end = at_ + 1;
    while (end < buffer_.size() && buffer_[end] != '$' && is_word(buffer_[end]) &&
           !(end == at_ + 1 && is_digit(buffer_[end]))) {
        ++end;
    }
    if (end == buffer_.size() && !final) {
        return false;
    }
    if (end == buffer_.size() || buffer_[end] != '$') {
        consume(1);
        return true;
    }
    dollar_tag_ = buffer_.substr(at_, end - at_ + 1);
    enter(State::dollar, dollar_tag_.size());
    return true;
}

bool StatementSplitter::take_psql_command(bool final) {
    const std::size_t end = buffer_.find('\n', at_);
    if (end == std::string::npos && !final) {
        return false;
    }
    const std::string_view line{buffer_.data() + at_, std::min(end, buffer_.size()) - at_};
    const auto command = line.substr(0, line.find_first_of(" \t\r"));
    if (!begin_ && (command == "\\restrict" || command == "\\unrestrict")) {
        consume(line.size());
        return true;
    }
    refused_ = Statement{begin_ ? "a backslash outside of a string"
                                : "the psql command " + std::string{command.substr(0, 40)},
                         line_};
    return false;
}

bool StatementSplitter::take_string(bool final) {
    const bool escapes = state_ == State::escape_string;
    const std::size_t stop =
        std::min(buffer_.find_first_of(escapes ? "'\\" : "'", at_), buffer_.size());
    consume(stop - at_);
    if (at_ == buffer_.size() || (at_ + 1 == buffer_.size() && !final)) {
        return false;
    }
    const bool pair =
        at_ + 1 < buffer_.size() && (buffer_[at_] == '\\' || buffer_[at_ + 1] == '\'');
    if (pair) {
        consume(2);
        return true;
    }
    consume(1);
    if (buffer_[at_ - 1] == '\'') {
        escape_end_ = escapes ? std::optional{at_ - *begin_} : std::nullopt;
        state_ = State::plain;
    }
    return true;
}

// E'a' and 'b' in the next line are one string, escapes and all (SQL's string continuation).
bool StatementSplitter::continues_escape_string() const {
    if (!escape_end_) {
        return false;
    }
    const auto between =
        std::string_view{buffer_}.substr(*begin_ + *escape_end_, at_ - *begin_ - *escape_end_);
    return between.find('\n') != std::string_view::npos &&
           std::all_of(between.begin(), between.end(), is_blank);
}

bool StatementSplitter::take_block_comment(bool final) {
    const std::size_t stop = std::min(buffer_.find_first_of("*/", at_), buffer_.size());
    consume(stop - at_);
    if (at_ == buffer_.size() || (at_ + 1 == buffer_.size() && !final)) {
        return false;
    }
    const auto pair = std::string_view{buffer_}.substr(at_, 2);
    if (pair == "*/" && --comment_depth_ == 0) {
        state_ = State::plain;
    } else if (pair == "/*") {
        ++comment_depth_;
    }
    consume(pair == "*/" || pair == "/*" ? 2 : 1);
    return true;
}

bool StatementSplitter::take_until(std::string_view end) {
    const std::size_t stop = buffer_.find(end, at_);
    if (stop == std::string::npos) {
        // The end's first bytes may be here already.
        const std::size_t keep = std::min(end.size() - 1, buffer_.size() - at_);
        const std::size_t length = buffer_.size() - at_ - keep;
        consume(length);
        return false;
    }
    consume(stop - at_ + end.size());
    state_ = State::plain;
    return true;
}

void StatementSplitter::enter(State state, std::size_t length) {
    open_line_ = line_;
    consume(length);
    state_ = state;
}

// As psql counts: in CREATE [OR REPLACE] FUNCTION | PROCEDURE a body may stand between BEGIN and
// END, whose semicolons end no statement; CASE ends with END too.
void StatementSplitter::count_word(std::string_view word) {
    const std::string keyword = word.size() <= 9 ? upper(word) : std::string{};
    if (words_ < 4) {
        const bool counts = keyword == "CREATE" || keyword == "OR" || keyword == "REPLACE" ||
                            keyword == "FUNCTION" || keyword == "PROCEDURE";
        word_initials_[words_++] = counts ? keyword.front() : ' ';
    }
    const std::string_view initials{word_initials_, static_cast<std::size_t>(words_)};
    const bool routine = initials.starts_with("CF") || initials.starts_with("CP") ||
                         initials == "CORF" || initials == "CORP";
    if (!routine || paren_depth_ > 0) {
        return;
    }
    if (keyword == "BEGIN" || (keyword == "CASE" && body_depth_ > 0)) {
        ++body_depth_;
    } else if (keyword == "END" && body_depth_ > 0) {
        --body_depth_;
    }
}

void StatementSplitter::consume(std::size_t length) {
    const auto from = buffer_.begin() + static_cast<std::ptrdiff_t>(at_);
    line_ += static_cast<int>(std::count(from, from + static_cast<std::ptrdiff_t>(length), '\n'));
    at_ += length;
}

void StatementSplitter::begin_statement() {
    if (!begin_) {
        begin_ = at_;
        begin_line_ = line_;
    }
}

void StatementSplitter::end_statement(std::vector<Statement>& statements) {
    if (begin_) {
        auto sql = buffer_.substr(*begin_, at_ - *begin_);
        sql.erase(std::find_if_not(sql.rbegin(), sql.rend(), is_blank).base(), sql.end());
        statements.push_back({std::move(sql), begin_line_});
    }
    begin_.reset();
    escape_end_.reset();
    paren_depth_ = body_depth_ = words_ = 0;
}

void StatementSplitter::drop_consumed() {
    const std::size_t keep = begin_.value_or(at_);
    buffer_.erase(0, keep);
    at_ -= keep;
    if (begin_) {
        begin_ = 0;
    }
}

std::vector<std::string> first_words(std::string_view sql, std::size_t count) {
    std::vector<std::string> words;
    std::size_t at = skip_blanks(sql, 0);
    while (words.size() < count && at < sql.size() && is_word_begin(sql[at])) {
        std::size_t end = at;
        while (end < sql.size() && is_word(sql[end])) {
            ++end;
        }
        words.push_back(upper(sql.substr(at, end - at)));
        at = skip_blanks(sql, end);
    }
    return words;
}

bool copies_from_stdin(std::string_view sql) {
    const auto words = first_words(sql, 1);
    if (words.empty() || words.front() != "COPY") {
        return false;
    }
    // The table and its columns, or a query in parentheses, which may hold a FROM of its own.
    int depth = 0;
    bool from = false;
    for (std::size_t at = 0; at < sql.size();) {
        at = skip_blanks(sql, at);
        if (at == sql.size()) {
            break;
        }
        const char c = sql[at];
        if (c == '"' || c == '\'') {
            at = std::min(sql.find(c, at + 1), sql.size() - 1) + 1;
            from = false;
        } else if (is_word_begin(c)) {
            std::size_t end = at;
            while (end < sql.size() && is_word(sql[end])) {
                ++end;
            }
            const auto word = upper(sql.substr(at, end - at));
            if (depth == 0 && from && word == "STDIN") {
                return true;
            }
            from = depth == 0 && word == "FROM";
            at = end;
        } else {
            depth += c == '(' ? 1 : c == ')' ? -1 : 0;
            ++at;
        }
    }
    return false;
}

TransactionControl transaction_control(std::string_view sql) {
    const auto words = first_words(sql, 4);
    const auto word = [&](std::size_t i) { return i < words.size() ? words[i] : std::string{}; };
    if (word(0) == "BEGIN" || (word(0) == "START" && word(1) == "TRANSACTION")) {
        return TransactionControl::begin;
    }
    if (word(0) == "PREPARE" && word(1) == "TRANSACTION") {
        return TransactionControl::end;
    }
    if (word(0) != "COMMIT" && word(0) != "END" && word(0) != "ROLLBACK" && word(0) != "ABORT") {
        return TransactionControl::none;
    }
    const std::size_t rest = word(1) == "WORK" || word(1) == "TRANSACTION" ? 2 : 1;
    const bool chained = word(rest) == "AND" && word(rest + 1) == "CHAIN";
    const bool other = word(rest) == "PREPARED" || word(rest) == "TO";
    if (chained) {
        return TransactionControl::chain;
    }
    return other ? TransactionControl::none : TransactionControl::end;
}

}  // namespace harness::migration
