#include "workloads/pgbench/expression_tokens.hpp"

#include "workloads/letters.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace workloads::pgbench {
namespace {

constexpr std::array<std::string_view, 14> keywords{"and", "case",   "else", "end",     "false",
                                                    "is",  "isnull", "not",  "notnull", "null",
                                                    "or",  "then",   "true", "when"};

// The longer ones first.
constexpr std::array<std::string_view, 21> symbols{"<<", ">>", "<=", ">=", "<>", "!=", "+",
                                                   "-",  "*",  "/",  "%",  "=",  "<",  ">",
                                                   "|",  "&",  "#",  "~",  "(",  ")",  ","};

bool is_letter(char c) {
    return is_name_start(c) || static_cast<unsigned char>(c) >= 0x80;
}

std::string_view keyword_of(std::string_view word) {
    const auto same = [&](std::string_view keyword) {
        return std::equal(word.begin(), word.end(), keyword.begin(), keyword.end(),
                          [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
    };
    const auto* found = std::find_if(keywords.begin(), keywords.end(), same);
    return found == keywords.end() ? std::string_view{} : *found;
}

}  // namespace

Token Tokens::take() {
    const Token taken = next_;
    advance();
    return taken;
}

void Tokens::skip_spaces() {
    while (at_ < end_) {
        if (is_space(text_[at_])) {
            ++at_;
        } else if (text_.substr(at_, 2) == "\\\n") {
            at_ += 2;
        } else if (text_.substr(at_, 3) == "\\\r\n") {
            at_ += 3;
        } else {
            return;
        }
    }
}

std::size_t Tokens::end_of_name(std::size_t from) const {
    while (from < end_ && (is_letter(text_[from]) || is_digit(text_[from]))) {
        ++from;
    }
    return from;
}

void Tokens::advance() {
    skip_spaces();
    next_ = {};
    next_.offset = at_;
    if (at_ >= end_) {
        return;
    }
    const char c = text_[at_];
    const bool digit_follows = at_ + 1 < end_ && is_digit(text_[at_ + 1]);
    if (is_digit(c) || (c == '.' && digit_follows)) {
        return read_number();
    }
    if (is_letter(c)) {
        return read_word();
    }
    if (const std::size_t end = end_of_name(at_ + 1); c == ':' && end > at_ + 1) {
        next_.kind = Token::Kind::variable;
        next_.text = text_.substr(at_ + 1, end - at_ - 1);
        at_ = end;
        return;
    }
    for (const auto symbol : symbols) {
        if (text_.substr(at_, std::min(symbol.size(), end_ - at_)) == symbol) {
            next_.kind = Token::Kind::symbol;
            next_.text = symbol;
            at_ += symbol.size();
            return;
        }
    }
    next_.kind = Token::Kind::bad;
    next_.text = "unexpected character";
    at_ = end_;
}

void Tokens::read_number() {
    const std::size_t from = at_;
    const auto skip_digits = [&] {
        while (at_ < end_ && is_digit(text_[at_])) {
            ++at_;
        }
    };
    skip_digits();
    bool whole = true;
    if (at_ < end_ && text_[at_] == '.') {
        whole = false;
        ++at_;
        skip_digits();
    }
    if (at_ < end_ && (text_[at_] == 'e' || text_[at_] == 'E')) {
        const std::size_t sign = at_ + 1 < end_ && (text_[at_ + 1] == '+' || text_[at_ + 1] == '-');
        if (at_ + 1 + sign < end_ && is_digit(text_[at_ + 1 + sign])) {
            whole = false;
            at_ += 1 + sign;
            skip_digits();
        }
    }
    const auto text = text_.substr(from, at_ - from);
    const char* const end = text.data() + text.size();
    next_.kind = Token::Kind::number;
    if (text == "9223372036854775808") {
        next_.kind = Token::Kind::highest_plus_1;
    } else if (whole) {
        std::int64_t value = 0;
        if (std::from_chars(text.data(), end, value).ec != std::errc{}) {
            next_.kind = Token::Kind::bad;
            next_.text = "an integer of more than 64 bits";
        }
        next_.value = Value::of(value);
    } else {
        double value = 0;
        if (std::from_chars(text.data(), end, value).ec != std::errc{}) {
            next_.kind = Token::Kind::bad;
            next_.text = "a number beyond the range of a double";
        }
        next_.value = Value::of(value);
    }
}

void Tokens::read_word() {
    const std::size_t end = end_of_name(at_);
    next_.text = text_.substr(at_, end - at_);
    next_.kind = Token::Kind::function;
    at_ = end;
    if (const auto keyword = keyword_of(next_.text); !keyword.empty()) {
        next_.kind = Token::Kind::keyword;
        next_.text = keyword;
    }
}

}  // namespace workloads::pgbench
