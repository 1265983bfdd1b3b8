#include "workloads/logs/mask_parts.hpp"

namespace workloads::logs {
namespace {

// The bytes of the UTF-8 character at `at`; 0: there is none.
std::size_t character_length(std::string_view text, std::size_t at) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t length = lead >= 0xF0 && lead < 0xF5   ? 4
                               : lead >= 0xE0 && lead < 0xF0 ? 3
                               : lead >= 0xC2 && lead < 0xE0 ? 2
                                                             : 0;
    if (length == 0 || text.size() - at < length) {
        return 0;
    }
    for (std::size_t i = at + 1; i < at + length; ++i) {
        if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) {
            return 0;
        }
    }
    return length;
}

// Another letter or sign of as many bytes: U+00E0 on, U+4E00 on, U+1F300 on.
void put_character(std::string& out, std::size_t length, Stream& stream) {
    if (length == 2) {
        out += '\xC3';
        out += stream.from('\xA0', 23);  // to U+00F6
    } else if (length == 3) {
        out += stream.from('\xE5', 4);
        out += stream.from('\x80', 64);
        out += stream.from('\x80', 64);
    } else {
        out += "\xF0\x9F";
        out += stream.from('\x8C', 8);
        out += stream.from('\x80', 64);
    }
}

// Digits from `at` on, as a number that is not larger.
void put_number(std::string& out, std::string_view digits, Stream& stream) {
    for (std::size_t i = 0; i < digits.size(); ++i) {
        const char c = digits[i];
        if (i == 0 && digits.size() > 1 && is_digit(c)) {
            out += c <= '1' ? c : stream.from('1', static_cast<unsigned>(c - '1'));
        } else {
            out += is_digit(c) ? stream.from('0', 10) : c;
        }
    }
}

std::size_t digits_at(std::string_view text, std::size_t at) {
    std::size_t end = at;
    while (end < text.size() && (is_digit(text[end]) || (end > at && text[end] == '_'))) {
        ++end;
    }
    return end - at;
}

}  // namespace

char hex_like(char c, Stream& stream) {
    if (is_digit(c)) {
        return stream.from('0', 10);
    }
    return stream.from(c >= 'a' ? 'a' : 'A', 6);
}

void put_like(std::string& out, std::string_view text, std::size_t& at, Stream& stream) {
    const char c = text[at];
    if (is_digit(c)) {
        out += stream.from('0', 10);
    } else if (c >= 'a' && c <= 'z') {
        out += stream.from('a', 26);
    } else if (c >= 'A' && c <= 'Z') {
        out += stream.from('A', 26);
    } else if (static_cast<unsigned char>(c) >= 0x80) {
        const std::size_t length = character_length(text, at);
        if (length != 0) {
            put_character(out, length, stream);
            at += length;
            return;
        }
        out += '?';  // no UTF-8: a byte of another encoding
    } else {
        out += c;
    }
    ++at;
}

Decimal decimal_at(std::string_view text, std::size_t at) {
    Decimal found;
    found.whole = digits_at(text, at);
    std::size_t end = at + found.whole;
    if (end < text.size() && text[end] == '.' &&
        !(end + 1 < text.size() && text[end + 1] == '.')) {  // 1..10 is a range
        found.fraction = 1 + digits_at(text, end + 1);
        end += found.fraction;
    }
    if (found.whole == 0 && found.fraction < 2) {
        return {};
    }
    if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
        const std::size_t sign =
            end + 1 < text.size() && (text[end + 1] == '+' || text[end + 1] == '-') ? 1 : 0;
        if (const std::size_t digits = digits_at(text, end + 1 + sign); digits != 0) {
            found.exponent = 1 + sign + digits;
            end += found.exponent;
        }
    }
    found.length = end - at;
    return found;
}

void put_decimal(std::string& out, std::string_view text, const Decimal& decimal, Stream& stream) {
    put_number(out, text.substr(0, decimal.whole), stream);
    for (const char c : text.substr(decimal.whole, decimal.fraction)) {
        out += is_digit(c) ? stream.from('0', 10) : c;
    }
    // An exponent that grew would overflow.
    std::string_view exponent = text.substr(decimal.whole + decimal.fraction, decimal.exponent);
    for (const char c : exponent) {
        out += !is_digit(c) || c == '0' ? c : stream.from('0', static_cast<unsigned>(c - '0'));
    }
}

}  // namespace workloads::logs
