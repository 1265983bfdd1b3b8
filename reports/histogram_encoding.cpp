// HdrHistogram's V2 encoding (HdrHistogram_c/docs and
// AbstractHistogram.encodeIntoCompressedByteBuffer): everything big-endian, counts as ZigZag
// LEB128-64b9B with runs of zeros as one negative number, the whole deflated behind an 8-byte
// header of its own.
#include "reports/histogram.hpp"
#include "reports/packed.hpp"

#include <algorithm>
#include <bit>

namespace reports {

namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::uint32_t cookie = 0x1c849313;             // V2 base 0x1c849303, word size bits 0x10
constexpr std::uint32_t compressed_cookie = 0x1c849314;  // the same of V2CompressedEncoding
constexpr std::uint32_t significant_digits = 2;

template <typename Word>
void put_big_endian(Bytes& out, Word word) {
    for (int shift = static_cast<int>(sizeof word) * 8 - 8; shift >= 0; shift -= 8) {
        out.push_back(static_cast<std::uint8_t>(word >> shift));
    }
}

// Seven bits a byte, and all eight of the ninth.
void put_zigzag(Bytes& out, std::int64_t value) {
    auto rest = (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
    for (int byte = 0; byte < 8 && rest >= 0x80; ++byte) {
        out.push_back(static_cast<std::uint8_t>(rest | 0x80));
        rest >>= 7;
    }
    out.push_back(static_cast<std::uint8_t>(rest));
}

Bytes encode_counts(const std::vector<std::uint64_t>& counts) {
    auto length = counts.size();
    while (length > 1 && counts[length - 1] == 0) {
        --length;
    }
    if (length == 0) {
        return {0};
    }
    Bytes out;
    for (std::size_t i = 0; i < length;) {
        if (counts[i] != 0) {
            put_zigzag(out, static_cast<std::int64_t>(counts[i++]));
            continue;
        }
        std::int64_t zeros = 0;
        while (i < length && counts[i] == 0) {
            ++zeros;
            ++i;
        }
        put_zigzag(out, zeros > 1 ? -zeros : 0);
    }
    return out;
}

}  // namespace

std::string Histogram::encode_v2_base64() const {
    const auto counts = encode_counts(counts_);
    Bytes plain;
    put_big_endian(plain, cookie);
    put_big_endian(plain, static_cast<std::uint32_t>(counts.size()));
    put_big_endian(plain, std::uint32_t{0});  // normalizing index offset
    put_big_endian(plain, significant_digits);
    put_big_endian(plain, std::uint64_t{1});  // lowest discernible value
    put_big_endian(plain, static_cast<std::uint64_t>(highest_us));
    put_big_endian(plain, std::bit_cast<std::uint64_t>(1.0));  // integer to double conversion ratio
    plain.insert(plain.end(), counts.begin(), counts.end());

    const auto packed = deflated(plain);
    Bytes out;
    put_big_endian(out, compressed_cookie);
    put_big_endian(out, static_cast<std::uint32_t>(packed.size()));
    out.insert(out.end(), packed.begin(), packed.end());
    return base64(out);
}

}  // namespace reports
