#include "reports/packed.hpp"

#include <stdexcept>

#include <zlib.h>

namespace reports {

std::vector<std::uint8_t> deflated(std::span<const std::uint8_t> plain) {
    uLongf size = compressBound(static_cast<uLong>(plain.size()));
    std::vector<std::uint8_t> out(size);
    if (compress2(out.data(), &size, plain.data(), static_cast<uLong>(plain.size()),
                  Z_DEFAULT_COMPRESSION) != Z_OK) {
        throw std::runtime_error{"zlib could not deflate a report's data: out of memory"};
    }
    out.resize(size);
    return out;
}

std::string base64(std::span<const std::uint8_t> bytes) {
    static constexpr char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const auto left = bytes.size() - i;
        std::uint32_t word = static_cast<std::uint32_t>(bytes[i]) << 16;
        word |= left > 1 ? static_cast<std::uint32_t>(bytes[i + 1]) << 8 : 0U;
        word |= left > 2 ? static_cast<std::uint32_t>(bytes[i + 2]) : 0U;
        out += digits[word >> 18];
        out += digits[(word >> 12) & 63];
        out += left > 1 ? digits[(word >> 6) & 63] : '=';
        out += left > 2 ? digits[word & 63] : '=';
    }
    return out;
}

}  // namespace reports
