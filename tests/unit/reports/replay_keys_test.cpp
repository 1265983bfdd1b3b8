// What a replay says of the keys that the database drew anew.
#include "reports/replay_keys.hpp"

#include "reports/html.hpp"
#include "reports/json.hpp"
#include "reports/markdown.hpp"
#include "reports/read_json.hpp"
#include "reports/replay.hpp"
#include "reports/terminal.hpp"
#include "tests/unit/reports/sample_record.hpp"

#include <algorithm>
#include <variant>

#include <gtest/gtest.h>

namespace reports {
namespace {

ReplayKeys followed() {
    return {.drawn = 100,
            .learned = 80,
            .guessed = 5,
            .mapped_calls = 300,
            .unmapped_calls = 40,
            .astray_calls = 0,
            .unknown = {"orders.id"},
            .given = 7,
            .laps = 3,
            .drawn_again = 80,
            .moved = 0,
            .replaced_calls = 290,
            .missing_calls = 10};
}

Record replayed(const ReplayKeys& keys, std::uint64_t calls) {
    auto record = samples::healthy();
    record.replay = Replay{};
    record.replay->logs = {"postgresql.csv"};
    record.replay->length_s = 60;
    record.replay->loops = true;
    record.replay->exactly = calls;
    for (const auto phase : {PhaseName::before, PhaseName::during, PhaseName::after}) {
        record.replay->outcomes[static_cast<std::size_t>(phase)].as_recorded = calls / 3;
    }
    record.replay->keys = keys;
    return record;
}

TEST(ReplayKeys, AreToldInSentences) {
    EXPECT_EQ(keys_text(followed()),
              "of 100 rows whose keys the database drew and told, the log shows the keys of 80 (of "
              "5 by their place in the sequence); 290 calls were sent with keys that were drawn "
              "anew, of which 0 of 80 differ from the recorded ones. 7 keys that the application "
              "makes itself became others each time. 10 calls were sent with a recorded key, "
              "because nothing had drawn it. 40 calls use new keys of which the log does not show "
              "the row: they are sent as recorded. What is new cannot be told of orders.id.");
    EXPECT_EQ(
        keys_text({.drawn = 1, .learned = 1, .unknown = {}, .drawn_again = 1, .replaced_calls = 1}),
        "of 1 row whose keys the database drew and told, the log shows the keys of 1; 1 call "
        "was sent with keys that were drawn anew, of which 0 of 1 differ from the recorded "
        "ones.");
}

TEST(ReplayKeys, GiveADoubtWhereCallsMustHaveMetNothing) {
    auto keys = followed();
    keys.laps = 1;
    EXPECT_TRUE(keys_doubts(keys, 1'000, 1'000).empty());  // the sequences stand where they stood
    keys.moved = 1;                                        // of 80: they do not
    ASSERT_EQ(keys_doubts(keys, 1'000, 1'000).size(), 1U);
    EXPECT_EQ(keys_doubts(keys, 1'000, 1'000)[0].substr(0, 22), "40 calls of 1,000 use ");
    EXPECT_TRUE(keys_doubts(keys, 4'000, 1'000).empty());  // 1 %
    keys.moved = 0;
    keys.laps = 2;  // the next time none is as it was
    EXPECT_EQ(keys_doubts(keys, 1'000, 1'000).size(), 1U);

    keys.laps = 1;
    keys.astray_calls = 11;
    EXPECT_EQ(keys_doubts(keys, 1'000, 1'000).size(), 1U);
    EXPECT_EQ(keys_doubts(keys, 1'000, 999).size(), 2U);  // 10 of those that were sent
}

TEST(ReplayKeys, StandInEveryReportAndAreReadAgain) {
    auto keys = followed();
    keys.astray_calls = 90;
    auto record = replayed(keys, 900);
    samples::spread_over_seconds(record);
    const auto doubts = replay_doubts(record);
    EXPECT_TRUE(std::any_of(doubts.begin(), doubts.end(), [](const std::string& doubt) {
        return doubt.starts_with("40 calls of 900 use keys");
    }));
    for (const auto& text : {terminal_summary(record), to_markdown(record), to_html(record)}) {
        EXPECT_NE(text.find("Its keys"), std::string::npos);
    }
    const auto text = read_json(to_json(record));
    ASSERT_TRUE(std::holds_alternative<Record>(text)) << std::get<std::string>(text);
    const auto& read = std::get<Record>(text);
    ASSERT_TRUE(read.replay && read.replay->keys);
    EXPECT_TRUE(read.replay->loops);
    EXPECT_EQ(keys_text(*read.replay->keys), keys_text(keys));
    EXPECT_EQ(read.replay->keys->mapped_calls, 300U);
    EXPECT_EQ(read.replay->keys->astray_calls, 90U);
    EXPECT_EQ(read.replay->keys->laps, 3U);
}

}  // namespace
}  // namespace reports
