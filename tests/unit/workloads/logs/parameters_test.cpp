#include "workloads/logs/parameters.hpp"

#include <optional>
#include <string>

#include <gtest/gtest.h>

namespace workloads::logs {
namespace {

using Values = ParameterValues;

struct Found {
    ParameterState state;
    Values values;
};

Found in_detail(std::string_view detail) {
    LogEntry entry;
    entry.detail = detail;
    Found found;
    const auto list = read_parameters(entry, &found.values);
    found.state = list.state;
    EXPECT_EQ(list.count, found.values.size()) << detail;
    EXPECT_EQ(read_parameters(entry).count, list.count) << detail;
    return found;
}

Found in_context(std::string_view context) {
    LogEntry entry;
    entry.context = context;
    Found found;
    found.state = read_parameters(entry, &found.values).state;
    return found;
}

void expect_whole(std::string_view detail, const Values& values) {
    const auto found = in_detail(detail);
    EXPECT_EQ(found.state, ParameterState::whole) << detail;
    EXPECT_EQ(found.values, values) << detail;
}

TEST(Parameters, AreReadInBothSpellings) {
    expect_whole("parameters: $1 = '42'", {"42"});
    expect_whole("Parameters: $1 = '42'", {"42"});
    expect_whole("Parameters: $1 = 'a', $2 = 'b', $3 = 'c'", {"a", "b", "c"});
}

TEST(Parameters, KeepNullApartFromTheWord) {
    expect_whole("parameters: $1 = NULL", {std::nullopt});
    expect_whole("parameters: $1 = 'NULL', $2 = NULL, $3 = ''", {"NULL", std::nullopt, ""});
}

TEST(Parameters, MayHoldWhateverLooksLikeAListOfThem) {
    expect_whole("parameters: $1 = 'it''s', $2 = NULL", {"it's", std::nullopt});
    expect_whole("parameters: $1 = 'a'', $2 = ''b', $2 = 'c'", {"a', $2 = 'b", "c"});
    expect_whole("parameters: $1 = '''', $2 = ''''''", {"'", "''"});
    expect_whole("parameters: $1 = '$1', $2 = '\\'", {"$1", "\\"});
    expect_whole("parameters: $1 = 'two\nlines\tand ,', $2 = 'parameters: $1 = ''x'''",
                 {"two\nlines\tand ,", "parameters: $1 = 'x'"});
    expect_whole("parameters: $1 = '\\x00ff', $2 = '{\"a\": [1, 2]}'",
                 {"\\x00ff", "{\"a\": [1, 2]}"});
    expect_whole("parameters: $1 = 'größe'", {"größe"});
}

TEST(Parameters, ThatEndInThreeDotsMayBeCut) {
    for (const auto* detail :
         {"parameters: $1 = 'abc...'", "parameters: $1 = '...'",
          "parameters: $1 = 'abc...', $2 = 'x'", "parameters: $1 = NULL, $2 = 'it''s...'"}) {
        EXPECT_EQ(in_detail(detail).state, ParameterState::perhaps_cut) << detail;
    }
    EXPECT_EQ(in_detail("parameters: $1 = 'abc...'").values, Values{"abc..."});
    EXPECT_EQ(in_detail("parameters: $1 = 'a...b'").state, ParameterState::whole);
    EXPECT_EQ(in_detail("parameters: $1 = '..'").state, ParameterState::whole);
}

TEST(Parameters, AreMissingWhereNoneAreListed) {
    EXPECT_EQ(in_detail("").state, ParameterState::missing);
    EXPECT_EQ(in_detail("prepare: PREPARE p AS SELECT 1").state, ParameterState::missing);
    EXPECT_EQ(in_detail("Key (id)=(1) already exists.").state, ParameterState::missing);
    EXPECT_EQ(in_detail(" parameters: $1 = '1'").state, ParameterState::missing);
}

TEST(Parameters, ThatMakeNoSenseAreNotGuessed) {
    for (const auto* detail :
         {"parameters: ", "parameters: $", "parameters: $1",
          "parameters: $1 = ", "parameters: $1 = '", "parameters: $1 = 'a", "parameters: $1 = 'a''",
          "parameters: $1 = a", "parameters: $2 = 'a'", "parameters: $1 = 'a',$2 = 'b'",
          "parameters: $1 = 'a', ", "parameters: $1 = 'a', $3 = 'b'", "parameters: $1 = 'a' x",
          "parameters: $1 = 'a', $1 = 'b'", "parameters: $1 = NULLx", "parameters: $0 = 'a'",
          "parameters: $-1 = 'a'", "parameters: $99999999999999999999999 = 'a'"}) {
        const auto found = in_detail(detail);
        EXPECT_EQ(found.state, ParameterState::broken) << detail;
        EXPECT_TRUE(found.values.empty()) << detail;
    }
}

TEST(Parameters, OfFailuresAreInTheContext) {
    EXPECT_EQ(in_context("unnamed portal with parameters: $1 = '0'").values, Values{"0"});
    EXPECT_EQ(in_context("portal \"C_1\" with parameters: $1 = '0', $2 = NULL").values,
              (Values{"0", std::nullopt}));
    EXPECT_EQ(in_context("portal \"a \"\" b\" with parameters: $1 = '0'").values, Values{"0"});
    EXPECT_EQ(in_context("PL/pgSQL function f(integer) line 3 at RAISE\n"
                         "unnamed portal with parameters: $1 = '0'")
                  .values,
              Values{"0"});
    EXPECT_EQ(in_context("PL/pgSQL function f() line 1").state, ParameterState::missing);
    EXPECT_EQ(
        in_context("SQL statement \"SELECT 'unnamed portal with parameters: $1 = ''1'''\"").state,
        ParameterState::missing);
}

TEST(Parameters, OfFailuresMayHoldWhatLooksLikeTheirBeginning) {
    const auto found = in_context(
        "unnamed portal with parameters: $1 = 'a\nunnamed portal with parameters: $1 = ''b''', "
        "$2 = 'c'");
    EXPECT_EQ(found.state, ParameterState::whole);
    EXPECT_EQ(found.values, (Values{"a\nunnamed portal with parameters: $1 = 'b'", "c"}));
    // A line of a function's own that looks like one comes first and does not reach the end.
    const auto inner = in_context(
        "unnamed portal with parameters: $1 = 'spoof'\n"
        "PL/pgSQL function f()\nunnamed portal with parameters: $1 = 'true'");
    EXPECT_EQ(inner.values, Values{"true"});
}

TEST(Parameters, ThatATypeRefusedAreSaidAlone) {
    EXPECT_EQ(in_context("unnamed portal parameter $1 = 'abc'").values, Values{"abc"});
    EXPECT_EQ(in_context("unnamed portal parameter $2 = 'abc'").state, ParameterState::missing);
}

TEST(Parameters, OfHostileContextsTakeNoQuadraticTime) {
    std::string lines, quotes;
    for (int i = 0; i < 200'000; ++i) {
        lines += "unnamed portal with parameters: $1 = 'a'\n";
        quotes += "portal \"x\n";
    }
    EXPECT_EQ(in_context(lines).state, ParameterState::broken);
    EXPECT_EQ(in_context(quotes).state, ParameterState::missing);
}

TEST(Parameters, TellThePreparedStatementOfAnSqlLevelExecute) {
    LogEntry entry;
    entry.detail = "prepare: PREPARE p AS SELECT $1";
    EXPECT_EQ(prepared_by(entry), "PREPARE p AS SELECT $1");
    entry.detail = "Prepare: PREPARE p AS SELECT $1";
    EXPECT_EQ(prepared_by(entry), "PREPARE p AS SELECT $1");
    entry.detail = "parameters: $1 = 'prepare: x'";
    EXPECT_EQ(prepared_by(entry), "");
}

}  // namespace
}  // namespace workloads::logs
