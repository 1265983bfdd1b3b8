#include "harness/postgres/copy_decoder.hpp"

#include "tests/unit/harness/postgres/copy_bytes.hpp"

#include <random>

#include <gtest/gtest.h>

namespace {

using harness::postgres::CopyDecoder;
using harness::postgres::FieldType;
using harness::postgres::MalformedCopy;
using harness::postgres::Wire;
using namespace tests;

using Rows = std::vector<std::vector<std::string>>;

std::vector<FieldType> number_and_text() { return {{.wire = Wire::int8}, {.wire = Wire::text}}; }

std::string shown(const checksum::Value& value) {
    if (value.presence == checksum::Presence::null) {
        return "NULL";
    }
    return value.kind == checksum::Kind::number
               ? std::to_string(checksum::load<std::int64_t>(value.bytes.data()))
               : std::string{value.bytes};
}

// Feeds pieces of so many bytes, each in memory of its own that ends with it: a sanitizer sees
// whoever reads past it.
Rows rows_of(const std::string& stream, std::size_t piece_size, CopyDecoder& decoder) {
    Rows rows;
    for (std::size_t at = 0; at < stream.size(); at += piece_size) {
        const std::size_t size = std::min(piece_size, stream.size() - at);
        const auto piece = std::make_unique<char[]>(size);
        std::copy_n(stream.data() + at, size, piece.get());
        decoder.feed({piece.get(), size});
        while (const auto row = decoder.next()) {
            rows.emplace_back();
            for (const auto& value : *row) {
                rows.back().push_back(shown(value));
            }
        }
    }
    return rows;
}

Rows rows_of(const std::string& stream, std::size_t piece_size = 1'000'000) {
    CopyDecoder decoder{number_and_text(), checksum::Scale::by_value};
    return rows_of(stream, piece_size, decoder);
}

std::string three_rows() {
    return copy_header + copy_row({be<std::int64_t>(1), "one"}) +
           copy_row({std::nullopt, std::nullopt}) +
           copy_row({be<std::int64_t>(-3), std::string(300, 'x')}) + copy_trailer;
}

TEST(CopyDecoder, GivesTheSameRowsWhereverTheStreamIsCut) {
    const std::string stream = three_rows();
    const Rows expected{{"1", "one"}, {"NULL", "NULL"}, {"-3", std::string(300, 'x')}};

    for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
        CopyDecoder decoder{number_and_text(), checksum::Scale::by_value};
        EXPECT_EQ(rows_of(stream, piece, decoder), expected) << piece;
        EXPECT_TRUE(decoder.finished()) << piece;
    }
}

TEST(CopyDecoder, IsNotFinishedUntilTheTrailer) {
    const std::string stream = three_rows();
    for (std::size_t size = 0; size < stream.size(); ++size) {
        CopyDecoder decoder{number_and_text(), checksum::Scale::by_value};
        static_cast<void>(rows_of(stream.substr(0, size), 1000, decoder));
        EXPECT_FALSE(decoder.finished()) << size;
    }
}

TEST(CopyDecoder, StartsAgainForAnotherStream) {
    CopyDecoder decoder{number_and_text(), checksum::Scale::by_value};
    static_cast<void>(rows_of(three_rows().substr(0, 30), 7, decoder));
    decoder.restart();

    EXPECT_EQ(rows_of(three_rows(), 7, decoder).size(), 3U);
    EXPECT_TRUE(decoder.finished());
}

TEST(CopyDecoder, SkipsAnExtensionOfTheHeader) {
    const std::string stream = copy_header.substr(0, 15) + be<std::int32_t>(5) + "later" +
                               copy_row({be<std::int64_t>(1), "one"}) + copy_trailer;

    EXPECT_EQ(rows_of(stream), (Rows{{"1", "one"}}));
    EXPECT_EQ(rows_of(stream, 1), (Rows{{"1", "one"}}));
}

TEST(CopyDecoder, RefusesWhatIsNoCopyStream) {
    const std::string row = copy_row({be<std::int64_t>(1), "one"});
    const std::string flags = copy_header.substr(0, 11);
    const std::pair<const char*, std::string> streams[] = {
        {"another signature", "PGCOPX\n\377\r\n" + std::string(9, '\0')},
        {"text format", "1\tone\n"},
        {"rows with oids", flags + be<std::int32_t>(1 << 16) + be<std::int32_t>(0) + row},
        {"an endless header", flags + be<std::int32_t>(0) + be<std::int32_t>(-1)},
        {"too few fields", copy_header + copy_row({be<std::int64_t>(1)})},
        {"too many fields", copy_header + copy_row({be<std::int64_t>(1), "one", "two"})},
        {"a negative count", copy_header + be<std::int16_t>(-2)},
        {"a negative length", copy_header + be<std::int16_t>(2) + be<std::int32_t>(-2)},
        {"a length past 1 GB", copy_header + be<std::int16_t>(2) + be<std::int32_t>(0x40000000)},
        {"a short number", copy_header + copy_row({be<std::int32_t>(1), "one"})},
        {"more after the end", three_rows() + "x"},
    };
    for (const auto& [what, stream] : streams) {
        EXPECT_THROW(static_cast<void>(rows_of(stream)), MalformedCopy) << what;
        EXPECT_THROW(static_cast<void>(rows_of(stream, 1)), MalformedCopy) << what;
    }
}

// What a broken or malicious server may send: an error or other rows, never a read past the end (this
// test runs under the sanitizers, too).
TEST(CopyDecoder, SurvivesAnyDamage) {
    const std::vector<FieldType> types{
        {.wire = Wire::numeric},
        {.wire = Wire::array, .parts = {{.wire = Wire::composite, .parts = {{.wire = Wire::int4}}}}},
        {.wire = Wire::multirange, .parts = {{.wire = Wire::int4}}},
        {.wire = Wire::interval},
        {.wire = Wire::jsonb}};
    const std::string composite = be<std::int32_t>(1) + be<std::int32_t>(23) +
                                  sized(be<std::int32_t>(5));
    const std::string range = std::string{"\2"} + sized(be<std::int32_t>(1)) +
                              sized(be<std::int32_t>(9));
    const std::string good =
        copy_header + copy_row({numeric_bytes(1, 0, 2, {1, 2345, 6700}),
                                array_bytes(16'400, {composite, std::nullopt}),
                                be<std::int32_t>(1) + sized(range), std::string(16, '\1'),
                                "\1{\"a\": 1}"}) +
        copy_trailer;
    std::mt19937 random{42};
    int refused = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string stream = good;
        for (int changes = 1 + static_cast<int>(random() % 3); changes > 0; --changes) {
            stream[random() % stream.size()] = static_cast<char>(random());
        }
        stream.resize(1 + random() % stream.size());
        CopyDecoder decoder{types, checksum::Scale::by_value};
        try {
            static_cast<void>(rows_of(stream, 1 + random() % 80, decoder));
        } catch (const MalformedCopy&) {
            ++refused;
        }
    }
    EXPECT_GT(refused, 1000);
    CopyDecoder decoder{types, checksum::Scale::by_value};
    EXPECT_EQ(rows_of(good, 1000, decoder).size(), 1U) << "the undamaged one is whole";
}

}  // namespace
