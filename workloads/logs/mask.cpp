#include "workloads/logs/mask.hpp"

#include "workloads/letters.hpp"
#include "workloads/logs/log_time.hpp"
#include "workloads/logs/mask_parts.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace workloads::logs {
namespace {

bool is_uuid(std::string_view text) {
    if (text.size() != 36) {
        return false;
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : !is_hex(text[i])) {
            return false;
        }
    }
    return true;
}

bool is_bytea(std::string_view text) {
    return text.size() > 2 && text.starts_with("\\x") &&
           std::all_of(text.begin() + 2, text.end(), is_hex);
}

// A date, with a time where there is one; what follows is as any text.
bool is_date(std::string_view text) {
    constexpr std::string_view shape = "0000-00-00";
    return text.size() >= shape.size() &&
           std::equal(shape.begin(), shape.end(), text.begin(),
                      [](char s, char c) { return s == '0' ? is_digit(c) : s == c; });
}

void put_date(std::string& out, std::string_view text, Stream& stream) {
    // The highest digit of each place: days to 28, hours to 19, all others as they come.
    constexpr std::string_view highest = "2099-09-19 19:59:59";
    const std::size_t time = stamp_length(text);
    const std::size_t length = time == 0 ? 10 : 19;
    for (std::size_t i = 0; i < length; ++i) {
        const char top = highest[i];
        const bool nonzero = i == 6 || i == 9;  // month and day
        if (!is_digit(top)) {
            out += text[i];
        } else if (i < 2) {
            out += i == 0 ? '2' : '0';
        } else {
            out += nonzero ? stream.from('1', static_cast<unsigned>(top - '0'))
                           : stream.from('0', static_cast<unsigned>(top - '0') + 1);
        }
    }
    for (std::size_t at = length; at < text.size();) {
        const bool zone = at > 0 && (text[at - 1] == '+' || text[at - 1] == '-');
        if (zone && is_digit(text[at])) {  // +14 at most
            out += '0';
            ++at;
        } else if (is_digit(text[at]) && text[at - 1] == ':') {
            out += stream.from('0', 6);
            ++at;
        } else {
            put_like(out, text, at, stream);
        }
    }
}

bool is_constant_word(std::string_view text) {
    constexpr std::string_view words[] = {"true", "false", "null", "NULL", "TRUE", "FALSE"};
    return std::find(std::begin(words), std::end(words), text) != std::end(words);
}

void put_text(std::string& out, std::string_view text, Stream& stream) {
    for (std::size_t at = 0; at < text.size();) {
        if (is_name_start(text[at])) {
            std::size_t end = at;
            while (end < text.size() && is_name_part(text[end])) {
                ++end;
            }
            if (is_constant_word(text.substr(at, end - at))) {
                out += text.substr(at, end - at);
                at = end;
                continue;
            }
            while (at < end) {
                put_like(out, text, at, stream);
            }
        } else {
            put_like(out, text, at, stream);
        }
    }
}

}  // namespace

Masker::Masker(Hash hash, Grammar is_sql) : hash_{std::move(hash)}, is_sql_{std::move(is_sql)} {}

std::string Masker::characters(std::string_view text) const {
    Stream stream{hash_(text)};
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        put_like(out, text, at, stream);
    }
    return out;
}

std::string Masker::value(std::string_view text) const {
    std::string out;
    out.reserve(text.size());
    const std::size_t sign = text.starts_with('-') || text.starts_with('+') ? 1 : 0;
    if (const Decimal decimal = decimal_at(text, sign);
        decimal.length != 0 && sign + decimal.length == text.size()) {
        // -5 is the masked 5 with its sign.
        Stream stream{hash_(text.substr(sign))};
        out += text.substr(0, sign);
        put_decimal(out, text.substr(sign), decimal, stream);
        return out;
    }
    Stream stream{hash_(text)};
    if (is_uuid(text) || is_bytea(text)) {
        const std::size_t head = text[0] == '\\' ? 2 : 0;
        out += text.substr(0, head);
        for (const char c : text.substr(head)) {
            out += is_hex(c) ? hex_like(c, stream) : c;
        }
    } else if (is_date(text)) {
        put_date(out, text, stream);
    } else if (text == "t" || text == "f") {  // a boolean
        out += stream.below(2) == 0 ? 't' : 'f';
    } else {
        put_text(out, text, stream);
    }
    return out;
}

}  // namespace workloads::logs
