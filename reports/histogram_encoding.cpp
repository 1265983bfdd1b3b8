// HdrHistogram's V2 encoding (HdrHistogram_c/docs and
// AbstractHistogram.encodeIntoCompressedByteBuffer): everything big-endian, counts as ZigZag
// LEB128-64b9B with runs of zeros as one negative number, the whole deflated behind an 8-byte
// header of its own.
#include "reports/histogram.hpp"
#include "reports/packed_text.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>

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

class Reader {
public:
    explicit Reader(std::string_view bytes) : bytes_{bytes} {}

    [[nodiscard]] bool done() const noexcept { return at_ == bytes_.size(); }
    [[nodiscard]] bool good() const noexcept { return good_; }

    template <typename Word>
    Word big_endian() {
        Word word = 0;
        for (std::size_t i = 0; i < sizeof word; ++i) {
            word = static_cast<Word>(word << 8 | byte());
        }
        return word;
    }

    std::int64_t zigzag() {
        std::uint64_t value = 0;
        for (unsigned i = 0; i < 9; ++i) {
            const std::uint64_t next = byte();
            value |= (i < 8 ? next & 0x7fU : next) << (7 * i);
            if (i < 8 && (next & 0x80U) == 0) {
                break;
            }
        }
        return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1U);
    }

private:
    std::uint8_t byte() {
        good_ = good_ && at_ < bytes_.size();
        return good_ ? static_cast<std::uint8_t>(bytes_[at_++]) : std::uint8_t{0};
    }

    std::string_view bytes_;
    std::size_t at_ = 0;
    bool good_ = true;
};

constexpr std::size_t header_bytes = 40, longest_bytes = 64'000;

// What base64 and the outer header hide; empty: it is not one of ours.
std::optional<std::string> unwrapped(std::string_view text) {
    const auto bytes = from_base64(text);
    if (!bytes) {
        return std::nullopt;
    }
    Reader outer{*bytes};
    const auto kind = outer.big_endian<std::uint32_t>();
    const auto length = outer.big_endian<std::uint32_t>();
    if (!outer.good() || kind != compressed_cookie || length != bytes->size() - 8) {
        return std::nullopt;
    }
    return inflated(std::string_view{*bytes}.substr(8), longest_bytes);
}

}  // namespace

std::optional<Histogram> Histogram::decode_v2_base64(std::string_view text) {
    const auto plain = unwrapped(text);
    if (!plain || plain->size() < header_bytes) {
        return std::nullopt;
    }
    Reader in{*plain};
    const auto kind = in.big_endian<std::uint32_t>();
    const auto length = in.big_endian<std::uint32_t>();
    const auto offset = in.big_endian<std::uint32_t>();
    const auto digits = in.big_endian<std::uint32_t>();
    const auto lowest = in.big_endian<std::uint64_t>();
    const auto highest = in.big_endian<std::uint64_t>();
    in.big_endian<std::uint64_t>();  // conversion ratio
    if (kind != cookie || length != plain->size() - header_bytes || offset != 0 ||
        digits != significant_digits || lowest != 1 || highest != highest_us) {
        return std::nullopt;
    }
    Histogram made;
    std::size_t index = 0;
    while (!in.done() && in.good()) {
        const auto value = in.zigzag();
        if (value < -static_cast<std::int64_t>(bucket_count)) {
            return std::nullopt;
        }
        if (value <= 0) {
            index += value == 0 ? 1 : static_cast<std::size_t>(-value);
        } else if (index < bucket_count) {
            made.record_us(upper_edge_us(index++), static_cast<std::uint64_t>(value));
        }
        if (index > bucket_count) {
            return std::nullopt;
        }
    }
    return in.good() ? std::optional{std::move(made)} : std::nullopt;
}

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

    const auto packed = deflated({reinterpret_cast<const char*>(plain.data()), plain.size()});
    Bytes out;
    put_big_endian(out, compressed_cookie);
    put_big_endian(out, static_cast<std::uint32_t>(packed.size()));
    out.insert(out.end(), packed.begin(), packed.end());
    return base64({reinterpret_cast<const char*>(out.data()), out.size()});
}

}  // namespace reports
