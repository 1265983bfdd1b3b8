#include "harness/migration/output_lines.hpp"

#include <algorithm>
#include <cstdint>

namespace harness::migration {

namespace {

// The length of the UTF-8 character that begins the text; 0: none does (RFC 3629, section 4).
std::size_t character_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const auto continues = [&](std::size_t i, std::uint8_t low = 0x80, std::uint8_t high = 0xBF) {
        return i < text.size() && byte(i) >= low && byte(i) <= high;
    };
    const std::uint8_t first = byte(0);
    if (first < 0x80) {
        return 1;
    }
    if (first >= 0xC2 && first <= 0xDF) {
        return continues(1) ? 2 : 0;
    }
    if (first >= 0xE0 && first <= 0xEF) {
        const std::uint8_t low = first == 0xE0 ? 0xA0 : 0x80;
        const std::uint8_t high = first == 0xED ? 0x9F : 0xBF;
        return continues(1, low, high) && continues(2) ? 3 : 0;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        const std::uint8_t low = first == 0xF0 ? 0x90 : 0x80;
        const std::uint8_t high = first == 0xF4 ? 0x8F : 0xBF;
        return continues(1, low, high) && continues(2) && continues(3) ? 4 : 0;
    }
    return 0;
}

}  // namespace

void OutputLines::feed(std::string_view bytes) {
    for (const char c : bytes) {
        const bool pair = c == '\n' && after_return_;
        after_return_ = c == '\r';
        if (pair) {
            continue;
        }
        if (c == '\n' || (c == '\r' && !buffer_.empty())) {
            emit(buffer_.size());
        } else if (c != '\r') {
            buffer_ += c;
        } else {
            after_return_ = false;  // an empty line that ends in \r\n is one all the same
        }
        if (buffer_.size() == longest) {
            emit(std::max<std::size_t>(utf8_prefix(buffer_, longest - 1).size(), 1));
        }
    }
}

void OutputLines::finish() {
    if (!buffer_.empty()) {
        emit(buffer_.size());
    }
    after_return_ = false;
}

void OutputLines::emit(std::size_t length) {
    line_(std::string_view{buffer_}.substr(0, length));
    buffer_.erase(0, length);
}

std::string printable(std::string_view bytes) {
    static constexpr std::string_view replacement = "\xEF\xBF\xBD";
    std::string text;
    text.reserve(bytes.size());
    while (!bytes.empty()) {
        const std::size_t length = character_length(bytes);
        const auto first = static_cast<std::uint8_t>(bytes.front());
        const bool c1 = length == 2 && first == 0xC2 && static_cast<std::uint8_t>(bytes[1]) < 0xA0;
        const bool control =
            (length == 1 && (first < 0x20 || first == 0x7F) && first != '\t') || c1;
        text += length == 0 || control ? replacement : bytes.substr(0, length);
        bytes.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return text;
}

std::string_view utf8_prefix(std::string_view text, std::size_t bytes) noexcept {
    if (text.size() <= bytes) {
        return text;
    }
    // At most three continuation bytes belong to one character: invalid text is cut where it is.
    for (std::size_t back = 0; back < 4 && back <= bytes; ++back) {
        if ((static_cast<std::uint8_t>(text[bytes - back]) & 0xC0U) != 0x80U) {
            return text.substr(0, bytes - back);
        }
    }
    return text.substr(0, bytes);
}

std::string without_secrets(std::string text, const std::vector<std::string>& secrets) {
    for (const auto& secret : secrets) {
        if (secret.empty()) {
            continue;
        }
        for (std::size_t at = 0; (at = text.find(secret, at)) != std::string::npos; at += 3) {
            text.replace(at, secret.size(), "***");
        }
    }
    return text;
}

}  // namespace harness::migration
