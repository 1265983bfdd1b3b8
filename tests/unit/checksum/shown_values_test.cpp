#include "checksum/shown_values.hpp"

#include "checksum/decimal.hpp"

#include <limits>

#include <gtest/gtest.h>

namespace checksum {
namespace {

TEST(Render, EachKindAsADatabaseWouldShowIt) {
    Arena arena;
    EXPECT_EQ(render(null_value), "NULL");
    EXPECT_EQ(render(number(-5, arena)), "-5");
    EXPECT_EQ(render(*decimal("1.50", Scale::by_value, arena)), "1.5");
    EXPECT_EQ(render(*decimal("1.50", Scale::strict, arena)), "1.50");
    EXPECT_EQ(render(real(0.1, arena)), "0.1");
    EXPECT_EQ(render(text("it's")), "'it''s'");
    EXPECT_EQ(render(bytes("\xde\xad")), "\\xdead");
    EXPECT_EQ(render(boolean(true)), "true");
    EXPECT_EQ(render(boolean(false)), "false");
    EXPECT_EQ(render(time(45'000'000'001, arena)), "12:30:00.000001");
    EXPECT_EQ(render(timetz(0, -19'800, arena)), "00:00:00+05:30");
    EXPECT_EQ(render(timetz(0, 3600, arena)), "00:00:00-01:00");
    EXPECT_EQ(render(interval(-1'000'000, -2, 14, arena)), "14 months -2 days -00:00:01");
    EXPECT_EQ(
        render(uuid(std::string_view("\x12\x34\x56\x78\x9a\xbc\xde\xf0\0\0\0\0\0\0\0\1", 16))),
        "12345678-9abc-def0-0000-000000000001");
    EXPECT_EQ(render(json("{}")), "'{}'");
    EXPECT_EQ(render(verbatim(1, "\x01")), "\\x01");
}

TEST(Render, MomentsOfAllTimes) {
    Arena arena;
    EXPECT_EQ(render(timestamptz(0, arena)), "2000-01-01 00:00:00+00");
    EXPECT_EQ(render(timestamp(-1, arena)), "1999-12-31 23:59:59.999999");
    EXPECT_EQ(render(date(9820, arena)), "2026-11-20 00:00:00");
    EXPECT_EQ(render(date(59, arena)), "2000-02-29 00:00:00");
    EXPECT_EQ(render(date(date_infinity, arena)), "infinity");
    EXPECT_EQ(render(date(minus_date_infinity, arena)), "-infinity");
    EXPECT_EQ(render(date(-730'119, arena)), "0001-01-01 00:00:00");
    EXPECT_EQ(render(date(-730'120, arena)), "0001-12-31 00:00:00 BC");
    EXPECT_EQ(render(date(2'145'031'948, arena)), "5874897-12-31");
}

TEST(Render, WhatCannotBeShownSafelyIsEscaped) {
    EXPECT_EQ(render(text("a\nb\x1b[2J")), "'a\\x0ab\\x1b[2J'");
    EXPECT_EQ(render(text("caf\xc3\xa9")), "'caf\xc3\xa9'");
    EXPECT_EQ(render(text("\xff\xc3")), "'\\xff\\xc3'");
    EXPECT_EQ(render(Value{.kind = Kind::number, .bytes = "abc"}), "\\x616263");
}

TEST(ShownValues, KeepNamesAndCutLongValues) {
    Arena arena;
    std::string shown;
    append_shown(shown, number(7, arena), 200);
    append_shown(shown, text(std::string(1000, 'x')), 5);
    append_shown(shown, null_value, 5);
    const std::vector<std::string> names{"id", "note", "last"};
    EXPECT_EQ(render(take_named(shown, names)), "id=7, note='xxxxx'... (1000 bytes), last=NULL");
}

}  // namespace
}  // namespace checksum
