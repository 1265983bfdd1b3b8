#include "harness/locks/event_lines.hpp"

#include "tests/unit/harness/locks/samples.hpp"

#include <gtest/gtest.h>

namespace harness::locks::tests {
namespace {

TEST(EventLines, ASampleNamesEachRootAndHowManyWaitBehindIt) {
    const database::LockSample sample{
        0, {waits(1, {9}), waits(2, {9})}, {workload(1), workload(2), holder(9, 50)}};

    EXPECT_EQ(line_of(12.3456, sample, SessionDirectory{}),
              R"({"time_s":12.346,"type":"locks","waiting":2,"blockers":[{"pid":9,"kind":"step",)"
              R"("name":"add region","relation":"orders","mode":"AccessExclusiveLock",)"
              R"("blocked":2}]})");
}

TEST(EventLines, ALineIsValidWhateverTheServerSends) {
    EXPECT_EQ(line_of_observer(1, "connection lost", "a\"\n\xff"),
              "{\"time_s\":1.0,\"type\":\"observer\",\"what\":\"connection lost\","
              "\"detail\":\"a\\\"\\n\xef\xbf\xbd\"}");
}

TEST(EventLines, ReplicasAreListed) {
    const std::vector<database::ReplicaLag> lags{{"standby", 0.5, 1'024}};

    EXPECT_EQ(line_of(2, lags),
              R"({"time_s":2.0,"type":"replicas","replicas":[{"name":"standby","lag_s":0.5,)"
              R"("lag_bytes":1024}]})");
}

TEST(EventLines, AStalledOperationNamesItsEpisode) {
    StalledOperation stalled;
    stalled.statement.sent = at(100);
    stalled.statement.done = at(190.25);
    stalled.waited = std::chrono::microseconds{81'200};
    stalled.episode = 3;

    EXPECT_EQ(line_of(2.5, stalled, "read_order"),
              R"({"time_s":2.5,"type":"wait","operation":"read_order","waited_ms":81.2,)"
              R"("took_ms":90.25,"episode":3})");
    stalled.episode.reset();
    EXPECT_NE(line_of(2.5, stalled, "read_order").find("\"episode\":null"), std::string::npos);
}

}  // namespace
}  // namespace harness::locks::tests
