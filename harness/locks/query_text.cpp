#include "harness/locks/query_text.hpp"

#include <cctype>

namespace harness::locks {
namespace {

bool is_word(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return std::isalnum(byte) != 0 || c == '_' || c == '$' || byte >= 0x80;
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

// Past the closing quote that belongs to the opening one at `from`.
std::size_t end_of_quoted(std::string_view text, std::size_t from, bool backslashes) {
    const char quote = text[from];
    for (std::size_t at = from + 1; at < text.size(); ++at) {
        if (backslashes && text[at] == '\\') {
            ++at;
        } else if (text[at] == quote) {
            if (at + 1 < text.size() && text[at + 1] == quote) {
                ++at;
            } else {
                return at + 1;
            }
        }
    }
    return text.size();
}

// The whole $tag$...$tag$ at `from`; `from` itself where no dollar quote begins there.
std::size_t end_of_dollar_quoted(std::string_view text, std::size_t from) {
    std::size_t close = from + 1;
    while (close < text.size() && text[close] != '$' && is_word(text[close])) {
        ++close;
    }
    const bool parameter = from + 1 < text.size() && is_digit(text[from + 1]);
    if (parameter || close >= text.size() || text[close] != '$') {
        return from;
    }
    const auto tag = text.substr(from, close - from + 1);
    const auto end = text.find(tag, close + 1);
    return end == std::string_view::npos ? text.size() : end + tag.size();
}

// -- to the end of the line, or /* */ (nested).
std::size_t end_of_comment(std::string_view text, std::size_t from) {
    if (text[from] == '-') {
        const auto end = text.find('\n', from);
        return end == std::string_view::npos ? text.size() : end;
    }
    int depth = 0;
    for (std::size_t at = from; at < text.size(); ++at) {
        const auto two = text.substr(at, 2);
        if (two == "/*") {
            ++depth;
            ++at;
        } else if (two == "*/") {
            ++at;
            if (--depth == 0) {
                return at + 1;
            }
        }
    }
    return text.size();
}

std::size_t end_of_number(std::string_view text, std::size_t from) {
    std::size_t at = from;
    while (at < text.size() && (is_word(text[at]) || text[at] == '.')) {
        const bool exponent = text[at] == 'e' || text[at] == 'E';
        ++at;
        if (exponent && at < text.size() && (text[at] == '+' || text[at] == '-')) {
            ++at;
        }
    }
    return at;
}

}  // namespace

std::string shorten_query(std::string_view query) {
    std::string out;
    for (const char c : query) {
        if (!is_space(c)) {
            out += c;
        } else if (!out.empty() && out.back() != ' ') {
            out += ' ';
        }
    }
    while (!out.empty() && out.back() == ' ') {
        out.pop_back();
    }
    if (out.size() > shown_query_bytes) {
        std::size_t end = shown_query_bytes;
        while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xc0U) == 0x80U) {
            --end;
        }
        out.resize(end);
        out += "...";
    }
    return out;
}

std::string mask_literals(std::string_view query) {
    std::string out;
    std::size_t at = 0;
    while (at < query.size()) {
        const char c = query[at];
        const auto two = query.substr(at, 2);
        if (c == '\'') {
            const bool escapes = !out.empty() && (out.back() == 'E' || out.back() == 'e') &&
                                 (out.size() == 1 || !is_word(out[out.size() - 2]));
            at = end_of_quoted(query, at, escapes);
            out += '?';
        } else if (c == '"') {
            const auto end = end_of_quoted(query, at, false);
            out += query.substr(at, end - at);
            at = end;
        } else if (two == "--" || two == "/*") {
            const auto end = end_of_comment(query, at);
            out += query.substr(at, end - at);
            at = end;
        } else if (c == '$' && end_of_dollar_quoted(query, at) != at) {
            at = end_of_dollar_quoted(query, at);
            out += '?';
        } else if (is_digit(c)) {
            at = end_of_number(query, at);
            out += '?';
        } else if (is_word(c)) {  // a name or $1, digits and all
            const auto begin = at;
            while (at < query.size() && is_word(query[at])) {
                ++at;
            }
            out += query.substr(begin, at - begin);
        } else {
            out += c;
            ++at;
        }
    }
    return out;
}

}  // namespace harness::locks
