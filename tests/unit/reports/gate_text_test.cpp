#include "reports/gates.hpp"

#include <gtest/gtest.h>

namespace reports {
namespace {

struct Reads {
    const char* key;
    const char* limit;
    GateMetric metric;
    const char* operation;
    const char* statistic;
    double value;
    bool strict;
};

class GateTextReads : public testing::TestWithParam<Reads> {};

TEST_P(GateTextReads, AsAGate) {
    const auto& expected = GetParam();
    const auto result =
        parse_gate({.key = expected.key, .limit = expected.limit, .ratio = {}, .floor = {}});
    ASSERT_TRUE(std::holds_alternative<Gate>(result)) << std::get<std::string>(result);
    const auto& gate = std::get<Gate>(result);
    EXPECT_EQ(gate.name, expected.key);
    EXPECT_EQ(gate.metric, expected.metric);
    EXPECT_EQ(gate.operation, expected.operation);
    EXPECT_EQ(gate.statistic, expected.statistic);
    ASSERT_TRUE(gate.limit.has_value());
    EXPECT_DOUBLE_EQ(*gate.limit, expected.value);
    EXPECT_EQ(gate.strict, expected.strict);
    EXPECT_FALSE(gate.ratio.has_value());
}

INSTANTIATE_TEST_SUITE_P(
    Table, GateTextReads,
    testing::Values(
        Reads{"lock_wait.max", "300ms", GateMetric::lock_wait_max, "", "", 300, false},
        Reads{"lock_wait.max", " <  1.5 s ", GateMetric::lock_wait_max, "", "", 1'500, true},
        Reads{"stall.max", "<=2m", GateMetric::stall_max, "", "", 120'000, false},
        Reads{"read.stall.max", "250us", GateMetric::stall_max, "read", "", 0.25, false},
        Reads{"errors", "0", GateMetric::errors, "", "", 0, false},
        Reads{"errors", "< 20", GateMetric::errors, "", "", 20, true},
        Reads{"read.errors", "<= 3", GateMetric::errors, "read", "", 3, false},
        Reads{"deadlocks", "0", GateMetric::deadlocks, "", "", 0, false},
        Reads{"blocked.max", "20", GateMetric::blocked_max, "", "", 20, false},
        Reads{"duration", "1h", GateMetric::duration, "", "", 3'600'000, false},
        Reads{"duration", "0", GateMetric::duration, "", "", 0, false},
        Reads{"replica_lag", "5s", GateMetric::replica_lag, "", "", 5'000, false},
        Reads{"replica_lag.max", "5s", GateMetric::replica_lag, "", "", 5'000, false},
        Reads{"response.p99", "50ms", GateMetric::response, "", "p99", 50, false},
        Reads{"read.response.p99.9", "50ms", GateMetric::response, "read", "p99_9", 50, false},
        Reads{"read.response.p99_9", "50ms", GateMetric::response, "read", "p99_9", 50, false},
        Reads{"read.service.mean", "5ms", GateMetric::service, "read", "mean", 5, false},
        Reads{"a.b.response.max", "5ms", GateMetric::response, "a.b", "max", 5, false},
        Reads{"response.response.p50", "5ms", GateMetric::response, "response", "p50", 5, false}));

struct Refuses {
    const char* key;
    std::optional<std::string> limit, ratio, floor;
    const char* says;
};

class GateTextRefuses : public testing::TestWithParam<Refuses> {};

TEST_P(GateTextRefuses, AndSaysWhatWouldBeRight) {
    const auto& [key, limit, ratio, floor, says] = GetParam();
    const auto result = parse_gate({.key = key, .limit = limit, .ratio = ratio, .floor = floor});
    ASSERT_TRUE(std::holds_alternative<std::string>(result)) << key;
    EXPECT_NE(std::get<std::string>(result).find(says), std::string::npos)
        << std::get<std::string>(result);
}

INSTANTIATE_TEST_SUITE_P(
    Table, GateTextRefuses,
    testing::Values(Refuses{"lock_wait.p99", "1s", {}, {}, "known are lock_wait.max"},
                    Refuses{"response.p98", "1s", {}, {}, "unknown gate"},
                    Refuses{"", "1s", {}, {}, "unknown gate"},
                    Refuses{".errors", "0", {}, {}, "unknown gate"},
                    Refuses{"readresponse.p99", "1s", {}, {}, "unknown gate"},
                    Refuses{"read.lock_wait.max", "1s", {}, {}, "holds for the whole run"},
                    Refuses{"read.duration", "1s", {}, {}, "holds for the whole run"},
                    Refuses{"lock_wait.max", "300", {}, {}, "not a duration"},
                    Refuses{"lock_wait.max", "300 sec", {}, {}, "not a duration"},
                    Refuses{"lock_wait.max", "ms", {}, {}, "not a duration"},
                    Refuses{"lock_wait.max", "", {}, {}, "not a duration"},
                    Refuses{"lock_wait.max", "-5ms", {}, {}, "not a duration"},
                    Refuses{"lock_wait.max", "nan ms", {}, {}, "not a duration"},
                    Refuses{"lock_wait.max", "inf s", {}, {}, "not a duration"},
                    Refuses{"lock_wait.max", "1e308h", {}, {}, "not a duration"},
                    Refuses{"lock_wait.max", "> 5ms", {}, {}, "upper limit"},
                    Refuses{"lock_wait.max", "< 0ms", {}, {}, "nothing is less than 0"},
                    Refuses{"errors", "< 0", {}, {}, "nothing is less than 0"},
                    Refuses{"errors", "5ms", {}, {}, "not a count"},
                    Refuses{"errors", "1.5", {}, {}, "not a count"},
                    Refuses{"errors", "1e300", {}, {}, "not a count"},
                    Refuses{"errors", "nan", {}, {}, "not a count"},
                    Refuses{"errors", {}, "1.5", {}, "takes a limit"},
                    Refuses{"response.p99", {}, {}, {}, "needs a limit"},
                    Refuses{"response.p99", {}, {}, "5ms", "a floor alone"},
                    Refuses{"response.p99", "5ms", {}, "5ms", "belongs to a ratio"},
                    Refuses{"response.p99", {}, "0", {}, "not a ratio"},
                    Refuses{"response.p99", {}, "25%", {}, "not a ratio"},
                    Refuses{"response.p99", {}, "nan", {}, "not a ratio"},
                    Refuses{"response.p99", {}, "1.25", "5", "not a duration"}));

TEST(GateText, TakesARatioWithAFloorAndALimitBesides) {
    const auto result =
        parse_gate({.key = "response.p99", .limit = "< 1s", .ratio = " 1.25 ", .floor = "5ms"});
    const auto& gate = std::get<Gate>(result);
    EXPECT_EQ(gate.limit, 1'000);
    EXPECT_TRUE(gate.strict);
    EXPECT_EQ(gate.ratio, 1.25);
    EXPECT_EQ(gate.floor_ms, 5);
}

TEST(DefaultGates, AllowNoErrorAndOneSecondOfWaitingOrStanding) {
    const auto gates = default_gates();
    ASSERT_EQ(gates.size(), 3U);
    EXPECT_EQ(gates[0].metric, GateMetric::errors);
    EXPECT_EQ(gates[0].limit, 0);
    EXPECT_EQ(gates[1].metric, GateMetric::lock_wait_max);
    EXPECT_EQ(gates[1].limit, 1'000);
    EXPECT_EQ(gates[2].metric, GateMetric::stall_max);
    EXPECT_EQ(gates[2].limit, 1'000);
}

}  // namespace
}  // namespace reports
