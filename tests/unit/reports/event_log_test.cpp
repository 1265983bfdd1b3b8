#include "reports/event_log.hpp"

#include <cmath>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace reports {
namespace {

TEST(EventLog, WritesOneObjectALineWithTimeAndTypeFirst) {
    EXPECT_EQ(event_line(1.25, "step_started", {{"step", "add"}, {"attempt", 2}}),
              "{\"time_s\":1.25,\"type\":\"step_started\",\"step\":\"add\",\"attempt\":2}\n");
}

TEST(EventLog, KeepsEveryTypeAsItIs) {
    const std::string text = "t";
    const auto event = nlohmann::json::parse(event_line(0.1 + 0.2, "x",
                                                        {{"text", text},
                                                         {"real", 0.5},
                                                         {"truth", true},
                                                         {"big", std::uint64_t{UINT64_MAX}},
                                                         {"negative", std::int64_t{-7}},
                                                         {"none", NAN},
                                                         {"small", std::uint32_t{4}}}));
    EXPECT_EQ(event["time_s"], 0.3);
    EXPECT_EQ(event["text"], "t");
    EXPECT_EQ(event["real"], 0.5);
    EXPECT_EQ(event["truth"], true);
    EXPECT_EQ(event["big"], UINT64_MAX);
    EXPECT_EQ(event["negative"], -7);
    EXPECT_TRUE(event["none"].is_null());
    EXPECT_EQ(event["small"], 4);
}

TEST(EventLog, NeverBreaksALine) {
    const auto text =
        event_line(1, "a\nb", {{"sql", "SELECT\n1; -- \xff \""}}) + event_line(2, "c");
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
    const auto event = nlohmann::json::parse(text.substr(0, text.find('\n')));
    EXPECT_EQ(event["sql"], "SELECT\n1; -- \uFFFD \"");
    EXPECT_EQ(event["type"], "a\nb");
}

}  // namespace
}  // namespace reports
