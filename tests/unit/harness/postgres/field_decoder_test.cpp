#include "harness/postgres/field_decoder.hpp"

#include "tests/unit/harness/postgres/field_bytes.hpp"

#include <bit>
#include <limits>

#include <gtest/gtest.h>

namespace {

using checksum::Kind;
using checksum::Scale;
using harness::postgres::FieldDecoder;
using harness::postgres::FieldType;
using harness::postgres::MalformedField;
using harness::postgres::Wire;
using namespace tests;

// Kind, tag and canonical bytes: what two values are compared by.
struct Canonical {
    Kind kind;
    std::uint32_t tag;
    std::string bytes;
    bool operator==(const Canonical&) const = default;
};

Canonical decoded(const FieldType& type, const std::string& field, Scale scale = Scale::by_value) {
    FieldDecoder decoder{scale};
    checksum::Arena arena;
    const auto exact = std::make_unique<char[]>(field.size());  // ends where the field ends
    std::copy(field.begin(), field.end(), exact.get());
    const auto value = decoder.decode(type, {exact.get(), field.size()}, arena);
    return {value.kind, value.tag, std::string{value.bytes}};
}

Canonical decoded(Wire wire, const std::string& field, Scale scale = Scale::by_value) {
    return decoded(FieldType{.wire = wire}, field, scale);
}

TEST(FieldDecoder, IntegersOfEveryWidthAreOneKind) {
    const auto wide = decoded(Wire::int8, be<std::int64_t>(-7));

    EXPECT_EQ(decoded(Wire::int4, be<std::int32_t>(-7)), wide);
    EXPECT_EQ(decoded(Wire::int2, be<std::int16_t>(-7)), wide);
    EXPECT_EQ(wide.kind, Kind::number);
    EXPECT_EQ(decoded(Wire::oid, be<std::uint32_t>(4'000'000'000U)),
              decoded(Wire::int8, be<std::int64_t>(4'000'000'000)))
        << "oids are unsigned";
}

TEST(FieldDecoder, NumericsCompareByValueUnlessStrict) {
    const std::string one = numeric_bytes(0, 0, 0, {1}), one_00 = numeric_bytes(0, 0, 2, {1});

    EXPECT_EQ(decoded(Wire::numeric, one), decoded(Wire::int4, be<std::int32_t>(1)));
    EXPECT_EQ(decoded(Wire::numeric, one), decoded(Wire::numeric, one_00));
    EXPECT_NE(decoded(Wire::numeric, one, Scale::strict),
              decoded(Wire::numeric, one_00, Scale::strict));
    EXPECT_NE(decoded(Wire::numeric, one),
              decoded(Wire::numeric, numeric_bytes(0, 0x4000, 0, {1})));
    EXPECT_NE(decoded(Wire::numeric, numeric_bytes(0, 0xC000, 0, {})),
              decoded(Wire::numeric, numeric_bytes(0, 0xD000, 0, {})));
    // 1234.5678 and 12.345678: the same digits at another place.
    EXPECT_NE(decoded(Wire::numeric, numeric_bytes(0, 0, 4, {1234, 5678})),
              decoded(Wire::numeric, numeric_bytes(-1, 0, 8, {1234, 5678})));
}

TEST(FieldDecoder, FloatsOfBothWidthsAreOneKindWithOneZeroAndOneNaN) {
    const auto real = [](double value) {
        return decoded(Wire::float8, be<std::int64_t>(std::bit_cast<std::int64_t>(value)));
    };
    EXPECT_EQ(decoded(Wire::float4, be<std::int32_t>(std::bit_cast<std::int32_t>(0.5F))),
              real(0.5));
    EXPECT_EQ(real(-0.0), real(0.0));
    EXPECT_EQ(real(std::numeric_limits<double>::quiet_NaN()),
              real(-std::numeric_limits<double>::quiet_NaN()));
}

TEST(FieldDecoder, TextIsTextWithoutABlankPaddedTypesPadding) {
    EXPECT_EQ(decoded(Wire::bpchar, "ab  "), decoded(Wire::text, "ab"));
    EXPECT_EQ(decoded(Wire::bpchar, "   "), decoded(Wire::text, ""));
    EXPECT_NE(decoded(Wire::text, "ab "), decoded(Wire::text, "ab"));
    EXPECT_EQ(decoded(Wire::character, std::string(1, '\0')), decoded(Wire::text, ""));
    EXPECT_EQ(decoded(Wire::character, "x"), decoded(Wire::text, "x"));
}

TEST(FieldDecoder, DatesAreTimestampsAtMidnight) {
    constexpr std::int64_t day_us = 86'400'000'000;
    EXPECT_EQ(decoded(Wire::date, be<std::int32_t>(2)),
              decoded(Wire::timestamp, be<std::int64_t>(2 * day_us)));
    EXPECT_EQ(decoded(Wire::date, be<std::int32_t>(std::numeric_limits<std::int32_t>::max())),
              decoded(Wire::timestamp, be<std::int64_t>(std::numeric_limits<std::int64_t>::max())));
    EXPECT_NE(decoded(Wire::timestamp, be<std::int64_t>(5)),
              decoded(Wire::timestamptz, be<std::int64_t>(5)));
}

TEST(FieldDecoder, AnIntervalsPartsStayApart) {
    const std::string day = be<std::int64_t>(0) + be<std::int32_t>(1) + be<std::int32_t>(0);
    const std::string hours = be<std::int64_t>(86'400'000'000) + be<std::int64_t>(0);

    EXPECT_NE(decoded(Wire::interval, day), decoded(Wire::interval, hours));
    EXPECT_NE(decoded(Wire::timetz, be<std::int64_t>(5) + be<std::int32_t>(3600)),
              decoded(Wire::timetz, be<std::int64_t>(5) + be<std::int32_t>(0)));
}

TEST(FieldDecoder, JsonbLosesItsVersionAndJsonNothing) {
    EXPECT_EQ(decoded(Wire::jsonb, "\1{\"a\": 1}").bytes, "{\"a\": 1}");
    EXPECT_NE(decoded(Wire::json, "{\"a\":1}"), decoded(Wire::json, "{\"a\": 1}"));
    EXPECT_THROW(static_cast<void>(decoded(Wire::jsonb, "\2{}")), MalformedField);
    EXPECT_THROW(static_cast<void>(decoded(Wire::jsonb, "")), MalformedField);
}

FieldType array_of(FieldType element) {
    return {.wire = Wire::array, .tag = 1, .parts = {std::move(element)}};
}

TEST(FieldDecoder, ArraysCompareByElementsAndNotByTheOidsTheyEmbed) {
    // The same enum in two databases.
    const auto here = decoded(array_of({.wire = Wire::text, .oid = 16'400}),
                              array_bytes(16'400, {"new", std::nullopt}));
    const auto there = decoded(array_of({.wire = Wire::text, .oid = 23'999}),
                               array_bytes(23'999, {"new", std::nullopt}));
    EXPECT_EQ(here, there);

    const auto ints = decoded(array_of({.wire = Wire::int4}),
                              array_bytes(23, {be<std::int32_t>(1), be<std::int32_t>(2)}));
    EXPECT_EQ(ints, decoded(array_of({.wire = Wire::int8}),
                            array_bytes(20, {be<std::int64_t>(1), be<std::int64_t>(2)})))
        << "widened";
    EXPECT_NE(ints, decoded(array_of({.wire = Wire::int4}),
                            array_bytes(23, {be<std::int32_t>(2), be<std::int32_t>(1)})))
        << "another order";
    EXPECT_NE(ints, decoded(array_of({.wire = Wire::int4}),
                            array_bytes(23, {be<std::int32_t>(1), be<std::int32_t>(2)}, 0)))
        << "another lower bound";
}

TEST(FieldDecoder, ElementsCannotRunIntoEachOther) {
    const auto texts = [](const std::vector<Field>& elements) {
        return decoded(array_of({.wire = Wire::text}), array_bytes(25, elements));
    };
    EXPECT_NE(texts({"ab", "c"}), texts({"a", "bc"}));
    EXPECT_NE(texts({"NULL"}), texts({std::nullopt}));
    EXPECT_NE(texts({""}), texts({std::nullopt}));
    EXPECT_NE(texts({""}), texts({}));
}

std::string composite_bytes(std::uint32_t oid, const std::vector<Field>& fields) {
    std::string bytes = be<std::int32_t>(static_cast<std::int32_t>(fields.size()));
    for (const auto& field : fields) {
        bytes += be<std::uint32_t>(oid) + sized(field);
    }
    return bytes;
}

TEST(FieldDecoder, CompositesRangesAndMultirangesAreTakenApart) {
    const FieldType pair{
        .wire = Wire::composite, .tag = 2, .parts = {{.wire = Wire::int4}, {.wire = Wire::int4}}};
    const FieldType wide_pair{
        .wire = Wire::composite, .tag = 2, .parts = {{.wire = Wire::int8}, {.wire = Wire::int8}}};
    EXPECT_EQ(decoded(pair, composite_bytes(23, {be<std::int32_t>(1), std::nullopt})),
              decoded(wide_pair, composite_bytes(20, {be<std::int64_t>(1), std::nullopt})));
    EXPECT_NE(decoded(pair, composite_bytes(23, {be<std::int32_t>(1), std::nullopt})),
              decoded(pair, composite_bytes(23, {std::nullopt, be<std::int32_t>(1)})));

    const FieldType range{.wire = Wire::range, .parts = {{.wire = Wire::int4}}};
    const std::string bounds = sized(be<std::int32_t>(1)) + sized(be<std::int32_t>(5));
    EXPECT_NE(decoded(range, "\2" + bounds), decoded(range, "\6" + bounds)) << "inclusive";
    EXPECT_EQ(decoded(range, "\1").bytes, "\1") << "empty";
    EXPECT_NE(decoded(range, "\x08" + sized(be<std::int32_t>(5))),
              decoded(range, "\x10" + sized(be<std::int32_t>(5))))
        << "without a lower or without an upper bound";
    const FieldType multirange{.wire = Wire::multirange, .parts = {{.wire = Wire::int4}}};
    EXPECT_EQ(decoded(multirange, be<std::int32_t>(1) + sized("\2" + bounds)).bytes.substr(4),
              decoded(range, "\2" + bounds).bytes);
}

TEST(FieldDecoder, NestedContainersAreTakenApartToo) {
    const auto array_of_pairs = [](Wire wire, std::uint32_t row_oid, std::uint32_t oid,
                                   const std::string& number) {
        FieldType pair{.wire = Wire::composite,
                       .tag = 2,
                       .oid = row_oid,
                       .parts = {{.wire = wire, .oid = oid}, {.wire = Wire::text}}};
        return decoded(array_of(pair),
                       array_bytes(row_oid, {be<std::int32_t>(2) + be<std::uint32_t>(oid) +
                                             sized(number) + be<std::uint32_t>(25) + sized("x")}));
    };
    EXPECT_EQ(array_of_pairs(Wire::int4, 16'400, 23, be<std::int32_t>(9)),
              array_of_pairs(Wire::int8, 17'500, 20, be<std::int64_t>(9)));
}

TEST(FieldDecoder, RefusesContainersThatAreNotWhatTheCatalogueSays) {
    const FieldType array = array_of({.wire = Wire::int4, .oid = 23});
    const FieldType pair{.wire = Wire::composite, .parts = {{.wire = Wire::int4, .oid = 23}}};
    const FieldType range{.wire = Wire::range, .parts = {{.wire = Wire::int4}}};
    const FieldType multirange{.wire = Wire::multirange, .parts = {{.wire = Wire::int4}}};
    const std::string two = be<std::int32_t>(2);
    const std::tuple<const char*, FieldType, std::string> fields[] = {
        {"another element", array, array_bytes(20, {two})},
        {"seven dimensions", array,
         be<std::int32_t>(7) + be<std::int32_t>(0) + be<std::int32_t>(23)},
        {"2^31 elements", array,
         two + be<std::int32_t>(0) + be<std::int32_t>(23) + be<std::int32_t>(0x7FFFFFFF) +
             be<std::int32_t>(1) + be<std::int32_t>(2) + be<std::int32_t>(1)},
        {"a negative length", array,
         be<std::int32_t>(1) + be<std::int32_t>(0) + be<std::int32_t>(23) + be<std::int32_t>(-1) +
             be<std::int32_t>(1)},
        {"bytes too many", array, array_bytes(23, {two}) + "x"},
        {"another attribute", pair, composite_bytes(20, {two})},
        {"another count", pair, composite_bytes(23, {two, two})},
        {"unknown flags", range, std::string{"\x80"} + sized(two) + sized(two)},
        {"a bound short", range, std::string{"\2"} + sized(two)},
        {"2^32 ranges", multirange, be<std::uint32_t>(0xFFFFFFFFU)},
    };
    for (const auto& [what, type, field] : fields) {
        EXPECT_THROW(static_cast<void>(decoded(type, field)), MalformedField) << what;
    }
    for (const auto& field : {numeric_bytes(0, 0, 0, {10'000}), numeric_bytes(0, 0x1234, 0, {1}),
                              numeric_bytes(0, 0, 0, {1}) + "x", std::string{"short"}}) {
        EXPECT_THROW(static_cast<void>(decoded(Wire::numeric, field)), MalformedField);
    }
    for (const auto wire :
         {Wire::boolean, Wire::uuid, Wire::timetz, Wire::interval, Wire::float8}) {
        EXPECT_THROW(static_cast<void>(decoded(wire, "12345")), MalformedField);
    }
}

TEST(FieldDecoder, BoundsHowDeepValuesNest) {
    FieldType type{.wire = Wire::int4};
    std::string field = be<std::int32_t>(1);
    for (int depth = 0; depth < harness::postgres::deepest_nesting + 5; ++depth) {
        field = be<std::int32_t>(1) + be<std::int32_t>(0) + sized(field);
        type = FieldType{.wire = Wire::composite, .parts = {type}};
    }
    EXPECT_THROW(static_cast<void>(decoded(type, field)), MalformedField);
}

}  // namespace
