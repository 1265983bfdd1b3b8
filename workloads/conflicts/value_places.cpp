#include "workloads/conflicts/value_places.hpp"

#include "workloads/letters.hpp"
#include "workloads/logs/statement_scan.hpp"
#include "workloads/synthesis/sql_tokens.hpp"

#include <algorithm>
#include <charconv>

namespace workloads::conflicts {
namespace {

using synthesis::SqlToken;
using Kind = SqlToken::Kind;

std::vector<SqlToken> significant(std::string_view text) {
    auto tokens = synthesis::tokens_of(text);
    std::erase_if(tokens, [](const SqlToken& token) {
        return token.kind == Kind::space || token.kind == Kind::comment;
    });
    while (!tokens.empty() && tokens.back().text == ";") {
        tokens.pop_back();
    }
    return tokens;
}

std::size_t number_of(std::string_view parameter) {
    std::size_t number = 0;
    std::from_chars(parameter.data() + 1, parameter.data() + parameter.size(), number);
    return number;
}

// Both texts, token by token.
class Alignment {
public:
    Alignment(std::string_view text, std::string_view normalised)
        : text_{significant(text)}, normalised_{significant(normalised)} {
        scanner_.scan(text);
        for (const auto& token : text_) {
            if (token.kind == Kind::parameter) {
                highest_ = std::max(highest_, number_of(token.text));
            }
        }
    }

    std::vector<ValuePlace> run() {
        for (std::size_t i = 0; i < highest_; ++i) {
            places_.push_back({ValuePlace::Kind::parameter, i, false});
        }
        while (at_ < text_.size() && at_normalised_ < normalised_.size()) {
            if (!step()) {
                return {};
            }
        }
        const bool both_over = at_ == text_.size() && at_normalised_ == normalised_.size();
        return both_over ? places_ : std::vector<ValuePlace>{};
    }

private:
    bool step() {
        const auto& made = normalised_[at_normalised_];
        if (made.kind == Kind::parameter && number_of(made.text) > highest_) {
            ++at_normalised_;
            return constant(number_of(made.text));
        }
        if (made.text == "CAST" && text_[at_].text != "CAST") {
            return cast();
        }
        if (made.text != text_[at_].text) {
            return false;
        }
        ++at_;
        ++at_normalised_;
        return true;
    }

    // interval '1 day' has become CAST($1 AS interval).
    bool cast() {
        const auto left = normalised_.size() - at_normalised_;
        if (left < 6 || normalised_[at_normalised_ + 1].text != "(" ||
            normalised_[at_normalised_ + 2].kind != Kind::parameter ||
            normalised_[at_normalised_ + 4].text != text_[at_].text ||
            normalised_[at_normalised_ + 5].text != ")") {
            return false;
        }
        const auto number = number_of(normalised_[at_normalised_ + 2].text);
        at_normalised_ += 6;
        ++at_;
        return constant(number);
    }

    bool constant(std::size_t number) {
        ValuePlace place;
        if (at_ < text_.size() && text_[at_].text == "-") {
            place.negative = true;
            ++at_;
        }
        if (at_ >= text_.size()) {
            return false;
        }
        const auto* begin = text_[at_].text.data();
        const auto& literals = scanner_.literals();
        const auto found =
            std::find_if(literals.begin(), literals.end(),
                         [&](std::string_view literal) { return literal.data() == begin; });
        if (found == literals.end()) {
            ++at_;  // TRUE, NULL
        } else {
            place.kind = ValuePlace::Kind::literal;
            place.index = static_cast<std::size_t>(found - literals.begin());
            const auto* end = found->data() + found->size();
            while (at_ < text_.size() && text_[at_].text.data() < end) {
                ++at_;
            }
        }
        if (number > places_.size()) {
            places_.resize(number);
        }
        places_[number - 1] = place;
        return true;
    }

    std::vector<SqlToken> text_, normalised_;
    logs::StatementScanner scanner_;
    std::size_t at_ = 0, at_normalised_ = 0, highest_ = 0;
    std::vector<ValuePlace> places_;
};

}  // namespace

std::vector<ValuePlace> places_of_values(std::string_view text, std::string_view normalised) {
    return Alignment{text, normalised}.run();
}

bool read_literal(std::string_view literal, std::string& value) {
    value.clear();
    if (literal.empty()) {
        return false;
    }
    if (is_digit(literal[0]) || literal[0] == '.') {
        value = literal;
        return true;
    }
    if (literal[0] == 'E' || literal[0] == 'e') {
        literal.remove_prefix(1);
        if (literal.find('\\') != std::string_view::npos) {
            return false;
        }
    }
    if (literal.size() < 2 || literal.front() != '\'' || literal.back() != '\'') {
        return false;
    }
    for (std::size_t i = 1; i + 1 < literal.size(); ++i) {
        if (literal[i] == '\'') {
            if (literal[i + 1] != '\'' || i + 2 >= literal.size()) {
                return false;  // a literal in several parts
            }
            ++i;
        }
        value += literal[i];
    }
    return true;
}

std::string written_literal(std::string_view value) {
    std::string out = "'";
    for (const char c : value) {
        out += c;
        if (c == '\'') {
            out += c;
        }
    }
    return out + "'";
}

}  // namespace workloads::conflicts
