#include "workloads/call_text.hpp"

#include "workloads/letters.hpp"

#include <optional>
#include <utility>

namespace workloads {
namespace {

class Reader {
public:
    explicit Reader(std::string_view text) : text_{text} {}

    std::variant<Call, Argument, TextError> read() {
        if (const auto nul = text_.find('\0'); nul != std::string_view::npos) {
            return TextError{"a NUL byte cannot be part of a value", nul};
        }
        skip_space();
        if (at_end()) {
            return TextError{"the value is empty; write '' for an empty text", 0};
        }
        if (is_name_start(text_[at_])) {
            const std::size_t start = at_;
            Call call{read_name(), start, {}};
            skip_space();
            if (peek() == '(') {
                return read_arguments(std::move(call));
            }
            at_ = start;
        }
        return read_literal();
    }

private:
    std::variant<Call, Argument, TextError> read_arguments(Call call) {
        const std::size_t open = at_++;
        skip_space();
        if (peek() == ')') {
            ++at_;
            return finish(std::move(call));
        }
        for (;;) {
            skip_space();
            if (at_end()) {
                return TextError{"the parenthesis is never closed", open};
            }
            std::optional<Argument> argument =
                is_quote(peek()) ? read_quoted() : read_bare_argument();
            if (!argument) {
                return error_;
            }
            call.arguments.push_back(*std::move(argument));
            skip_space();
            if (at_end()) {
                return TextError{"the parenthesis is never closed", open};
            }
            const char c = text_[at_++];
            if (c == ')') {
                return finish(std::move(call));
            }
            if (c != ',') {
                return TextError{std::string{"expected ',' or ')' after an argument"} +
                                     (call.arguments.back().quoted
                                          ? "; a quote inside a quoted argument is doubled"
                                          : ""),
                                 at_ - 1};
            }
        }
    }

    std::variant<Call, Argument, TextError> finish(Call call) {
        skip_space();
        if (!at_end()) {
            return TextError{"nothing may follow the closing parenthesis of " + call.name +
                                 "(); put the whole text in quotes if it is meant as it stands",
                             at_};
        }
        return call;
    }

    std::variant<Call, Argument, TextError> read_literal() {
        if (is_quote(text_[at_])) {
            std::optional<Argument> quoted = read_quoted();
            if (!quoted) {
                return error_;
            }
            skip_space();
            if (!at_end()) {
                return TextError{
                    "nothing may follow the closing quote; a quote inside a quoted text "
                    "is written twice",
                    at_};
            }
            return *std::move(quoted);
        }
        return Argument{std::string{trimmed(text_.substr(at_))}, false, at_};
    }

    std::optional<Argument> read_quoted() {
        const std::size_t open = at_;
        const char quote = text_[at_++];
        Argument argument{{}, true, open};
        while (!at_end()) {
            const char c = text_[at_++];
            if (c != quote) {
                argument.text += c;
            } else if (peek() == quote) {
                argument.text += c;
                ++at_;
            } else {
                return argument;
            }
        }
        error_ = {"the quote is never closed", open};
        return std::nullopt;
    }

    std::optional<Argument> read_bare_argument() {
        const std::size_t start = at_;
        while (!at_end() && text_[at_] != ',' && text_[at_] != ')') {
            if (is_quote(text_[at_]) || text_[at_] == '(') {
                error_ = {"an argument that holds a quote or a parenthesis must stand in quotes",
                          at_};
                return std::nullopt;
            }
            ++at_;
        }
        const std::string_view text = trimmed(text_.substr(start, at_ - start));
        if (text.empty()) {
            error_ = {"an argument is missing here; write '' for an empty text", start};
            return std::nullopt;
        }
        return Argument{std::string{text}, false, start};
    }

    std::string read_name() {
        const std::size_t start = at_;
        while (!at_end() && is_name_part(text_[at_])) {
            ++at_;
        }
        return std::string{text_.substr(start, at_ - start)};
    }

    static std::string_view trimmed(std::string_view text) {
        while (!text.empty() && is_space(text.back())) {
            text.remove_suffix(1);
        }
        return text;
    }
    static bool is_quote(char c) { return c == '\'' || c == '"'; }
    [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
    [[nodiscard]] char peek() const { return at_end() ? '\0' : text_[at_]; }
    void skip_space() {
        while (!at_end() && is_space(text_[at_])) {
            ++at_;
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
    TextError error_;
};

}  // namespace

std::variant<Call, Argument, TextError> read_call(std::string_view text) {
    return Reader{text}.read();
}

}  // namespace workloads
