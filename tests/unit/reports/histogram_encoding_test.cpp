// The encoding is read back by a decoder that shares no code with the encoder.
#include "reports/histogram.hpp"
#include "reports/histogram_log.hpp"

#include <cstring>
#include <map>
#include <sstream>
#include <stdexcept>

#include <gtest/gtest.h>
#include <zlib.h>

namespace reports {
namespace {

using Bytes = std::vector<unsigned char>;

Bytes from_base64(const std::string& text) {
    const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    EXPECT_EQ(text.size() % 4, 0U);
    Bytes bytes;
    unsigned bits = 0;
    int held = 0;
    for (const char c : text) {
        if (c == '=') {
            break;
        }
        bits = (bits << 6) | static_cast<unsigned>(digits.find(c));
        held += 6;
        if (held >= 8) {
            held -= 8;
            bytes.push_back(static_cast<unsigned char>(bits >> held));
        }
    }
    return bytes;
}

std::uint64_t big_endian(const Bytes& bytes, std::size_t at, std::size_t size) {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < size; ++i) {
        word = word * 256 + bytes.at(at + i);
    }
    return word;
}

struct Decoded {
    std::uint64_t digits = 0, lowest = 0, highest = 0;
    double ratio = 0;
    std::map<std::int64_t, std::int64_t> counts = {};  // lowest value of the bucket -> count
};

// The value of a counts index as HdrHistogram's valueFromIndex computes it.
std::int64_t value_from_index(std::int64_t index) {
    std::int64_t bucket = (index >> 7) - 1;
    std::int64_t sub = (index & 127) + 128;
    if (bucket < 0) {
        sub -= 128;
        bucket = 0;
    }
    return sub << bucket;
}

Decoded decode(const std::string& base64) {
    const auto outer = from_base64(base64);
    EXPECT_EQ(big_endian(outer, 0, 4), 0x1c849314U);
    EXPECT_EQ(big_endian(outer, 4, 4), outer.size() - 8);
    Bytes inner(1 << 20);
    uLongf size = inner.size();
    EXPECT_EQ(uncompress(inner.data(), &size, outer.data() + 8, outer.size() - 8), Z_OK);
    inner.resize(size);
    EXPECT_EQ(big_endian(inner, 0, 4), 0x1c849313U);
    EXPECT_EQ(big_endian(inner, 4, 4), inner.size() - 40);
    EXPECT_EQ(big_endian(inner, 8, 4), 0U);
    Decoded decoded{.digits = big_endian(inner, 12, 4),
                    .lowest = big_endian(inner, 16, 8),
                    .highest = big_endian(inner, 24, 8)};
    const auto ratio = big_endian(inner, 32, 8);
    static_assert(sizeof ratio == sizeof decoded.ratio);
    std::memcpy(&decoded.ratio, &ratio, sizeof ratio);
    std::int64_t index = 0;
    for (std::size_t at = 40; at < inner.size();) {
        std::uint64_t word = 0;
        for (int byte = 0; byte < 9; ++byte) {
            const std::uint64_t next = inner.at(at++);
            if (byte == 8) {
                word |= next << 56;
                break;
            }
            word |= (next & 127) << (7 * byte);
            if (next < 128) {
                break;
            }
        }
        const auto value =
            static_cast<std::int64_t>(word >> 1) ^ -static_cast<std::int64_t>(word & 1);
        if (value < 0) {
            index += -value;
        } else {
            if (value > 0) {
                decoded.counts[value_from_index(index)] = value;
            }
            ++index;
        }
    }
    return decoded;
}

TEST(HistogramEncoding, StatesItsLayoutInTheHeader) {
    Histogram histogram;
    histogram.record_us(1);
    const auto decoded = decode(histogram.encode_v2_base64());
    EXPECT_EQ(decoded.digits, 2U);
    EXPECT_EQ(decoded.lowest, 1U);
    EXPECT_EQ(decoded.highest, 3'600'000'000U);
    EXPECT_EQ(decoded.ratio, 1.0);
}

TEST(HistogramEncoding, IsReadBackCountByCount) {
    Histogram histogram;
    std::map<std::int64_t, std::int64_t> expected;
    // Bucket edges, neighbours (no zero between them), single zeros and long runs of zeros; counts
    // that take one, two, five and nine bytes.
    const std::vector<std::pair<std::int64_t, std::uint64_t>> values{{1, 1},
                                                                     {2, 63},
                                                                     {4, 64},
                                                                     {255, 200},
                                                                     {256, 70'000},
                                                                     {258, 5},
                                                                     {1'024, 3'000'000'000},
                                                                     {1'000'000, 1},
                                                                     {3'600'000'000, 1ULL << 61}};
    for (const auto& [us, times] : values) {
        histogram.record_us(us, times);
        std::int64_t low = us;
        std::int64_t width = 1;
        while (low / width >= 256) {
            width *= 2;
        }
        expected[low / width * width] += static_cast<std::int64_t>(times);
    }
    EXPECT_EQ(decode(histogram.encode_v2_base64()).counts, expected);
}

TEST(HistogramEncoding, OfAnEmptyHistogramHasNoCounts) {
    EXPECT_TRUE(decode(Histogram{}.encode_v2_base64()).counts.empty());
    Histogram cleared;
    cleared.record_us(5'000);
    cleared.clear();
    EXPECT_TRUE(decode(cleared.encode_v2_base64()).counts.empty());
}

std::vector<std::string> split(const std::string& text, char at) {
    std::vector<std::string> parts;
    std::istringstream stream{text};
    for (std::string part; std::getline(stream, part, at);) {
        parts.push_back(part);
    }
    return parts;
}

TEST(HistogramLog, BeginsAsTheReadersExpect) {
    const auto lines = split(histogram_log_header(1'767'225'600.5, "2026-01-01T00:00:00Z"), '\n');
    EXPECT_EQ(lines.at(0), "#[Histogram log format version 1.3]");
    EXPECT_EQ(lines.at(1),
              "#[StartTime: 1767225600.500 (seconds since epoch), 2026-01-01T00:00:00Z]");
    EXPECT_EQ(lines.back(),
              "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
              "\"Interval_Compressed_Histogram\"");
}

TEST(HistogramLog, HasOneLineAnIntervalWithTheMaximumInMilliseconds) {
    Histogram histogram;
    histogram.record_us(12'345);
    const auto line = histogram_log_line("read", {}, 1.5, 10, histogram);
    const auto fields = split(line, ',');
    ASSERT_EQ(fields.size(), 5U);
    EXPECT_EQ(fields[0], "Tag=read/old");
    EXPECT_EQ(fields[1], "1.500");
    EXPECT_EQ(fields[2], "10.000");
    EXPECT_EQ(fields[3], "12.345");
    EXPECT_EQ(fields[4], histogram.encode_v2_base64() + "\n");
}

TEST(HistogramLog, LetsNoNameBreakTheLine) {
    const auto line =
        histogram_log_line("a,b\nc \"d\"=e", {.app = 1, .failed = true}, 0, 1, Histogram{});
    EXPECT_EQ(split(line, ',').at(0), "Tag=a_b_c__d__e/new/failed");
    EXPECT_EQ(split(line, ',').size(), 5U);
    EXPECT_EQ(split(line, '\n').size(), 1U);
}

TEST(HistogramLog, SaysHowManyValuesTheEncodingHasNoPlaceFor) {
    Histogram histogram;
    histogram.record_us(9'000'000'000, 3);
    const auto lines = split(histogram_log_line("read", {}, 0, 1, histogram), '\n');
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[1], "#[read/old: 3 values above one hour are not in the histogram above]");
}

}  // namespace
}  // namespace reports
