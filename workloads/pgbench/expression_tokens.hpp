// The words of pgbench's expressions.
#pragma once

#include "workloads/pgbench/expression.hpp"

#include <string_view>

namespace workloads::pgbench {

struct Token {
    enum class Kind : std::uint8_t {
        end,
        number,          // value
        highest_plus_1,  // 9223372036854775808, which only a minus sign makes a number
        variable,        // text: its name
        function,        // text: a name that is no keyword
        keyword,         // text: in small letters
        symbol,          // text: an operator, a parenthesis or a comma
        bad,             // text: why
    };
    Kind kind = Kind::end;
    std::string_view text{};
    std::size_t offset = 0;
    Value value{};

    [[nodiscard]] bool is(Kind wanted, std::string_view word) const {
        return kind == wanted && text == word;
    }
    [[nodiscard]] bool is_symbol(std::string_view word) const { return is(Kind::symbol, word); }
    [[nodiscard]] bool is_keyword(std::string_view word) const { return is(Kind::keyword, word); }
};

class Tokens {
public:
    explicit Tokens(const ExpressionText& text)
        : text_{text.script}, at_{text.from}, end_{text.to} {
        advance();
    }

    [[nodiscard]] const Token& next() const { return next_; }
    Token take();

private:
    void advance();
    void skip_spaces();
    void read_number();
    void read_word();
    [[nodiscard]] std::size_t end_of_name(std::size_t from) const;

    std::string_view text_;
    std::size_t at_, end_;
    Token next_;
};

}  // namespace workloads::pgbench
