#include "harness/database/percent_encoding.hpp"

namespace harness::database {

std::string percent_encoded(std::string_view text, HexDigits digits) {
    const char* const digit = digits == HexDigits::upper ? "0123456789ABCDEF" : "0123456789abcdef";
    std::string result;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
            c == '-' || c == '.' || c == '_' || c == '~') {
            result += c;
        } else {
            result += '%';
            result += digit[byte >> 4U];
            result += digit[byte & 15U];
        }
    }
    return result;
}

}  // namespace harness::database
