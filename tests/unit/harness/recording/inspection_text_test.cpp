#include "harness/recording/inspection.hpp"
#include "recorded.hpp"
#include "reports/text.hpp"

#include <algorithm>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

namespace harness::recording {
namespace {

Inspection sample() {
    Recorded recorded;
    for (int i = 0; i < 2'999; ++i) {
        recorded.say(
            "duration: 0.100 ms  statement: SELECT a_rather_long_column_name, another_one "
            "FROM a_table_with_a_long_name WHERE id = 4711");
    }
    recorded.say("duration: 1.000 ms  statement: COPY t FROM STDIN");
    ReadFile file;
    file.path = "/var/log/postgresql/a/rather/deep/folder/postgresql-2024-01-31_000000.csv";
    file.format = "csvlog";
    file.problem_count = 1;
    file.problems = {{17, 40, "a record is cut off at the end of the file"}};
    return inspect(recorded.done(), {file}, 20);
}

TEST(InspectionText, FitsTheTerminal) {
    const auto inspection = sample();
    for (const std::size_t columns : {60U, 80U, 100U, 200U}) {
        std::istringstream lines{inspection_text(inspection, columns, false)};
        for (std::string line; std::getline(lines, line);) {
            EXPECT_LE(reports::columns_of(line), std::min<std::size_t>(columns, 140)) << line;
        }
    }
}

TEST(InspectionText, NeverCallsAllWhatIsNotAll) {
    const auto text = inspection_text(sample(), 80, false);
    EXPECT_NE(text.find("> 99.9 % (2,999)"), std::string::npos) << text;
    EXPECT_NE(text.find("< 0.1 % (1)"), std::string::npos) << text;
    EXPECT_EQ(text.find("100.0 %"), std::string::npos) << text;
}

TEST(InspectionText, TellsWhatWasMetAndWhatWouldHelp) {
    const auto text = inspection_text(sample(), 100, false);
    EXPECT_NE(text.find("COPY FROM STDIN: the data is never logged"), std::string::npos);
    EXPECT_NE(text.find(":17: a record is cut off"), std::string::npos) << text;
    EXPECT_NE(text.find("40 bytes left out"), std::string::npos) << text;
    EXPECT_NE(text.find("log_connections = on\n"), std::string::npos);
}

TEST(InspectionText, MasksValuesAndMovesNoCursor) {
    Recorded recorded;
    recorded.say("duration: 0.100 ms  statement: SELECT 'secret', \"\x1b[31mred\"");
    const auto text = inspection_text(inspect(recorded.done(), {}, 20), 100, false);
    EXPECT_EQ(text.find("secret"), std::string::npos);
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace harness::recording
