// Cuts a stream of SQL into statements, as psql does, without holding the file in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace harness::migration {

struct Statement {
    std::string sql;  // without the semicolon, from its first word on
    int line = 0;     // of its first word, from 1
};

// Knows strings ('' and E'', standard_conforming_strings on), quoted names, dollar quotes, nested
// comments, parentheses (CREATE RULE ... DO (a; b)) and SQL function bodies (BEGIN ATOMIC ... END).
// Bytes above 127 are part of words, which is right for UTF-8.
class StatementSplitter {
public:
    // A statement longer than this is refused: PostgreSQL itself takes at most 1 GB.
    static constexpr std::size_t longest_statement = std::size_t{1} << 30U;

    // Appends the statements that are whole now. A chunk may end anywhere.
    void feed(std::string_view bytes, std::vector<Statement>& statements);

    // The end of the file: a last statement without a semicolon counts. Empty string: all is well,
    // else what was left open, as "a string that begins in line 12 is never closed".
    [[nodiscard]] std::string finish(std::vector<Statement>& statements);

    // A psql command (\copy, \connect) or a statement that is too long stopped the splitter: what
    // it is, and its line. \restrict and \unrestrict, which pg_dump writes, mean nothing here and
    // are skipped.
    [[nodiscard]] const std::optional<Statement>& refused() const noexcept { return refused_; }

private:
    enum class State : std::uint8_t {
        plain,
        string,         // '...'
        escape_string,  // E'...'
        quoted_name,
        dollar,
        line_comment,
        block_comment,
    };

    void scan(bool final, std::vector<Statement>& statements);
    // One token or as much of it as is there; false: more bytes are needed.
    bool take(bool final, std::vector<Statement>& statements);
    bool take_plain(bool final, std::vector<Statement>& statements);
    bool take_word(bool final);
    bool take_dollar(bool final);
    bool take_psql_command(bool final);
    bool take_string(bool final);
    bool take_block_comment(bool final);
    bool take_until(std::string_view end);
    void enter(State state, std::size_t length);
    [[nodiscard]] bool continues_escape_string() const;
    void count_word(std::string_view word);
    void consume(std::size_t length);
    void begin_statement();
    void end_statement(std::vector<Statement>& statements);
    void drop_consumed();

    std::string buffer_;
    std::size_t at_ = 0;                // the next byte to look at
    std::optional<std::size_t> begin_;  // where the statement begins
    State state_ = State::plain;
    int line_ = 1, begin_line_ = 1, open_line_ = 1;
    int comment_depth_ = 0, paren_depth_ = 0, body_depth_ = 0, words_ = 0;
    char word_initials_[4] = {};  // of CREATE OR REPLACE FUNCTION
    std::string dollar_tag_;
    std::optional<std::size_t> escape_end_;  // where the last E'...' ended, from begin_
    std::optional<Statement> refused_;
};

// The statement's first words in upper case, comments skipped, at most `count`; ends at anything
// that is neither a word nor a blank.
[[nodiscard]] std::vector<std::string> first_words(std::string_view sql, std::size_t count);

// True for COPY ... FROM STDIN.
[[nodiscard]] bool copies_from_stdin(std::string_view sql);

enum class TransactionControl : std::uint8_t { none, begin, end, chain };
// BEGIN, START TRANSACTION / COMMIT, END, ROLLBACK, ABORT, PREPARE TRANSACTION. Savepoints are
// none. chain: COMMIT AND CHAIN, ROLLBACK AND CHAIN.
[[nodiscard]] TransactionControl transaction_control(std::string_view sql);

}  // namespace harness::migration
