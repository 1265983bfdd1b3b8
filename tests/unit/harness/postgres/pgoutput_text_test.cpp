#include "harness/postgres/pgoutput_text.hpp"

#include "tests/unit/harness/postgres/field_bytes.hpp"

#include <bit>
#include <string>

#include <gtest/gtest.h>

namespace {

using namespace tests;
using checksum::Presence;
using checksum::Scale;
using harness::postgres::FieldDecoder;
using harness::postgres::FieldType;
using harness::postgres::MalformedField;
using harness::postgres::value_of_text;
using harness::postgres::Wire;

constexpr std::int64_t day_us = 86'400'000'000;

struct Pair {
    Wire wire;
    std::string text;
    std::string binary;
};

TEST(PgoutputText, IsTheValueThatTheBinaryFormIs) {
    const Pair pairs[] = {
        {Wire::int2, "-32768", be<std::int16_t>(-32768)},
        {Wire::int4, "2147483647", be<std::int32_t>(2147483647)},
        {Wire::int8, "-9223372036854775808", be<std::int64_t>(INT64_MIN)},
        {Wire::oid, "4294967295", be<std::uint32_t>(4294967295U)},
        {Wire::numeric, "-12.50", numeric_bytes(0, 0x4000, 2, {12, 5000})},
        {Wire::numeric, "NaN", numeric_bytes(0, 0xC000, 0, {})},
        {Wire::float8, "0.1", be<std::uint64_t>(std::bit_cast<std::uint64_t>(0.1))},
        {Wire::float8, "-Infinity",
         be<std::uint64_t>(std::bit_cast<std::uint64_t>(-std::numeric_limits<double>::infinity()))},
        {Wire::float8, "NaN", be<std::uint64_t>(0x7FF8000000000000U)},
        {Wire::float8, "-0", be<std::uint64_t>(0x8000000000000000U)},
        {Wire::float4, "0.1", be<std::uint32_t>(std::bit_cast<std::uint32_t>(0.1F))},
        {Wire::text, "  a ", "  a "},
        {Wire::bpchar, "ab   ", "ab   "},
        {Wire::bpchar, "   ", "   "},
        {Wire::bytea, "\\x00ff1a", std::string{"\x00\xff\x1a", 3}},
        {Wire::bytea, "\\x", ""},
        {Wire::boolean, "t", "\1"},
        {Wire::boolean, "f", std::string(1, '\0')},
        {Wire::date, "2000-01-01", be<std::int32_t>(0)},
        {Wire::date, "1999-12-31", be<std::int32_t>(-1)},
        {Wire::date, "2024-02-29", be<std::int32_t>(8825)},
        {Wire::date, "0001-01-01 BC", be<std::int32_t>(-730485)},
        {Wire::date, "4714-11-24 BC", be<std::int32_t>(-2451545)},
        {Wire::date, "5874897-12-31", be<std::int32_t>(2145031948)},
        {Wire::date, "infinity", be<std::int32_t>(INT32_MAX)},
        {Wire::date, "-infinity", be<std::int32_t>(INT32_MIN)},
        {Wire::timestamp, "2000-01-02 00:00:00", be<std::int64_t>(day_us)},
        {Wire::timestamp, "1999-12-31 23:59:59.999999", be<std::int64_t>(-1)},
        {Wire::timestamp, "2000-01-01 00:00:00.5", be<std::int64_t>(500'000)},
        {Wire::timestamp, "infinity", be<std::int64_t>(INT64_MAX)},
        {Wire::timestamptz, "2000-01-01 01:00:00+00", be<std::int64_t>(3'600'000'000)},
        {Wire::timestamptz, "-infinity", be<std::int64_t>(INT64_MIN)},
        {Wire::time, "24:00:00", be<std::int64_t>(day_us)},
        {Wire::time, "00:00:00.000001", be<std::int64_t>(1)},
        {Wire::uuid, "00112233-4455-6677-8899-aabbccddeeff",
         std::string{"\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff", 16}},
        {Wire::json, "{\"a\":  1}", "{\"a\":  1}"},
        {Wire::jsonb, "{\"a\": 1}", "\1{\"a\": 1}"},
    };
    for (const auto& [wire, text, binary] : pairs) {
        SCOPED_TRACE(text);
        checksum::Arena arena;
        for (const Scale scale : {Scale::by_value, Scale::strict}) {
            const FieldType type{.wire = wire};
            FieldDecoder decoder{scale};
            const auto of_text = value_of_text(type, text, scale, arena);
            EXPECT_EQ(of_text.presence, Presence::value);
            EXPECT_EQ(of_text, decoder.decode(type, binary, arena));
        }
    }
}

TEST(PgoutputText, OfOtherTypesIsUnknown) {
    checksum::Arena arena;
    for (const Wire wire : {Wire::interval, Wire::timetz, Wire::verbatim, Wire::array, Wire::range,
                            Wire::multirange, Wire::composite, Wire::character}) {
        EXPECT_EQ(value_of_text({.wire = wire}, "x", Scale::by_value, arena).presence,
                  Presence::unknown);
    }
}

TEST(PgoutputText, RefusesWhatIsNoValueOfTheType) {
    checksum::Arena arena;
    const std::pair<Wire, const char*> wrong[] = {
        {Wire::int4, ""},
        {Wire::int4, "1x"},
        {Wire::int8, "9223372036854775808"},
        {Wire::numeric, "1..2"},
        {Wire::float8, "one"},
        {Wire::boolean, "true"},
        {Wire::bytea, "\\000"},
        {Wire::bytea, "\\x0"},
        {Wire::bytea, "\\xzz"},
        {Wire::uuid, "0011"},
        {Wire::date, "2024-13-01"},
        {Wire::date, "01.02.2024"},
        {Wire::date, ""},
        {Wire::date, "2024-01-01 x"},
        {Wire::timestamptz, "2024-01-01 00:00:00+01"},
        {Wire::time, "12:00"},
        {Wire::time, "12:00:00.1234567"},
        {Wire::timestamp, "5874897-01-01 00:00:00"},
    };
    for (const auto& [wire, text] : wrong) {
        EXPECT_THROW(static_cast<void>(value_of_text({.wire = wire}, text, Scale::by_value, arena)),
                     MalformedField)
            << text;
    }
}

}  // namespace
