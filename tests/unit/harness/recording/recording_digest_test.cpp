#include "harness/recording/recording_digest.hpp"

#include "tests/unit/harness/recording/recorded.hpp"

#include <numeric>
#include <vector>

#include <gtest/gtest.h>

namespace harness::recording {
namespace {

std::string digest(const workloads::Recording& recording) {
    std::vector<std::uint32_t> sessions(recording.sessions.size());
    std::iota(sessions.begin(), sessions.end(), 0U);
    return digest_of(recording, sessions);
}

workloads::Recording recorded(const char* statement, const char* sqlstate = nullptr) {
    Recorded records;
    records.say("statement: SELECT 1 FROM orders");
    if (sqlstate != nullptr) {
        records.fail(statement, sqlstate);
    } else {
        records.say(std::string{"statement: "} + statement);
    }
    return records.done();
}

TEST(RecordingDigest, IsTheSameOfTheSameRecording) {
    const auto one = digest(recorded("SELECT total FROM orders"));
    EXPECT_EQ(one, digest(recorded("SELECT total FROM orders")));
    EXPECT_EQ(one.size(), 32);
    EXPECT_EQ(one.find_first_not_of("0123456789abcdef"), std::string::npos);
}

TEST(RecordingDigest, TellsOtherStatementsAndOtherEndsApart) {
    const auto one = digest(recorded("SELECT total FROM orders"));
    EXPECT_NE(one, digest(recorded("SELECT id FROM orders")));
    const auto failed = digest(recorded("SELECT total FROM orders", "42703"));
    EXPECT_NE(one, failed);
    EXPECT_NE(failed, digest(recorded("SELECT total FROM orders", "42P01")));
}

TEST(RecordingDigest, IsOfTheSessionsThatArePlayed) {
    Recorded records;
    records.say("statement: SELECT 1 FROM orders");
    records.say("statement: SELECT 2 FROM customers", {}, "b.1");
    const auto recording = records.done();
    ASSERT_EQ(recording.sessions.size(), 2);
    EXPECT_NE(digest(recording), digest_of(recording, std::vector<std::uint32_t>{0}));
}

}  // namespace
}  // namespace harness::recording
