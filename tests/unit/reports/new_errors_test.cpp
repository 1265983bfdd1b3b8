#include "reports/new_errors.hpp"

#include "reports/json.hpp"
#include "reports/placebo.hpp"
#include "reports/read_json.hpp"
#include "reports/replay.hpp"
#include "reports/verdict.hpp"
#include "tests/unit/reports/sample_record.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace reports {
namespace {

using Counts = NewErrorCounts;

// Calls of one operation from the migration's begin on, and how many of them failed.
Counts later(std::uint64_t calls, std::uint64_t fresh) {
    return {.calls_before = 10, .fresh_before = 0, .calls_later = calls, .fresh_later = fresh};
}

NewErrorSplit split(const Counts& here, const std::vector<Counts>& controls) {
    return split_new_errors(here, controls);
}

std::array<std::uint64_t, 3> parts(const NewErrorSplit& split) {
    return {split.without_migration, split.migration_only, split.unclear};
}

using Parts = std::array<std::uint64_t, 3>;

TEST(NewErrors, WithoutAControlAreAllUnclear) {
    EXPECT_EQ(parts(split(later(100, 7), {})), (Parts{0, 0, 7}));
}

TEST(NewErrors, ThatNoControlShowsAreTheMigrationsFault) {
    EXPECT_EQ(parts(split(later(100, 40), {later(100, 0)})), (Parts{0, 40, 0}));
    EXPECT_EQ(parts(split(later(100, 40), {later(120, 0), later(130, 0)})), (Parts{0, 40, 0}));
}

TEST(NewErrors, ThatEveryControlShowsAreTheReplaysFault) {
    EXPECT_EQ(parts(split(later(100, 5), {later(100, 5), later(100, 5)})), (Parts{5, 0, 0}));
    EXPECT_EQ(parts(split(later(100, 4), {later(100, 5)})), (Parts{4, 0, 0}));
}

TEST(NewErrors, BeyondTheHighestCountAreTheMigrationsFault) {
    EXPECT_EQ(parts(split(later(100, 12), {later(100, 5)})), (Parts{5, 7, 0}));
}

TEST(NewErrors, BetweenTheLowestAndTheHighestCountAreUnclear) {
    const auto found = split(later(100, 12), {later(100, 5), later(100, 3), later(100, 9)});
    EXPECT_EQ(parts(found), (Parts{3, 3, 6}));
    EXPECT_EQ(found.lowest, 3);
    EXPECT_EQ(found.highest, 9);
    EXPECT_FALSE(found.control_too_short);
}

TEST(NewErrors, OfAControlThatWentOnForLongerMayAllHaveComeAfterwards) {
    EXPECT_EQ(parts(split(later(100, 5), {later(104, 6)})), (Parts{2, 0, 3}));
    EXPECT_EQ(parts(split(later(100, 5), {later(200, 6)})), (Parts{0, 0, 5}));
    // But where every call fails it does not matter how long it went on.
    EXPECT_EQ(parts(split(later(100, 100), {later(200, 200)})), (Parts{100, 0, 0}));
}

TEST(NewErrors, OfAControlThatWasOverSoonerMayAllHaveComeAfterwards) {
    const auto found = split(later(100, 30), {later(90, 0)});
    EXPECT_EQ(parts(found), (Parts{0, 20, 10}));
    EXPECT_TRUE(found.control_too_short);
    EXPECT_EQ(parts(split(later(100, 30), {later(0, 0)})), (Parts{0, 0, 30}));
}

TEST(NewErrors, AreNotExplainedByAControlThatFailedMoreFromTheStart) {
    const Counts here{.calls_before = 50, .fresh_before = 0, .calls_later = 50, .fresh_later = 20};
    const Counts dirty{
        .calls_before = 50, .fresh_before = 40, .calls_later = 50, .fresh_later = 30};
    const auto found = split(here, {dirty});
    EXPECT_EQ(parts(found), (Parts{0, 0, 20}));
    EXPECT_TRUE(found.other_beginning);
}

TEST(NewErrors, AreNotBlamedOnTheMigrationWhereTheReplayFailedMoreThanAnyControlFromTheStart) {
    const Counts here{.calls_before = 50, .fresh_before = 40, .calls_later = 50, .fresh_later = 45};
    const Counts clean{.calls_before = 50, .fresh_before = 1, .calls_later = 50, .fresh_later = 2};
    const auto found = split(here, {clean});
    EXPECT_EQ(parts(found), (Parts{2, 0, 43}));
    EXPECT_TRUE(found.other_beginning);
    // One control that did the same is enough: it is within what happens.
    const Counts alike{
        .calls_before = 50, .fresh_before = 40, .calls_later = 50, .fresh_later = 44};
    EXPECT_EQ(parts(split(here, {clean, alike})), (Parts{2, 1, 42}));
}

// Every way in which six calls can fail for the replay's own reasons, cut off after any number of
// them here and in the control, with any number of the rest broken by the migration.
TEST(NewErrors, AreNeverChargedToTheWrongSide) {
    constexpr unsigned calls = 6;
    const auto failing = [](unsigned which, unsigned first) {
        std::uint64_t count = 0;
        for (unsigned call = 0; call < first; ++call) {
            count += which >> call & 1U;
        }
        return count;
    };
    for (unsigned which = 0; which < 1U << calls; ++which) {
        for (unsigned here = 0; here <= calls; ++here) {
            for (unsigned there = 0; there <= calls; ++there) {
                const auto own = failing(which, here);
                for (std::uint64_t broken = 0; own + broken <= here; ++broken) {
                    const auto found =
                        split(later(here, own + broken), {later(there, failing(which, there))});
                    EXPECT_LE(found.without_migration, own);
                    EXPECT_LE(found.migration_only, broken);
                    EXPECT_EQ(found.without_migration + found.migration_only + found.unclear,
                              own + broken);
                }
            }
        }
    }
}

TEST(NewErrors, AreNeverMoreCertainWithOneControlMore) {
    for (std::uint64_t fresh = 0; fresh <= 6; ++fresh) {
        for (std::uint64_t first = 0; first <= 6; ++first) {
            for (std::uint64_t second = 0; second <= 6; ++second) {
                const auto one = split(later(6, fresh), {later(6, first)});
                const auto two = split(later(6, fresh), {later(6, first), later(6, second)});
                EXPECT_LE(two.without_migration, one.without_migration);
                EXPECT_LE(two.migration_only, one.migration_only);
            }
        }
    }
}

// A replay of which `write` fails anew: `rare` because the target lacks a table, `broken` because
// of the migration, both from its begin on, and `early` of the rare ones before.
Record replayed(std::uint64_t rare, std::uint64_t broken, std::uint64_t early = 0) {
    auto record = samples::healthy();
    record.run.scenario_file = "shop.yaml";
    record.replay = Replay{.logs = {"postgresql.csv"},
                           .recording = "0123",
                           .length_s = 40,
                           .sessions = 8,
                           .exactly = 120'000,
                           .reasons = {},
                           .order = {}};
    auto& phases = record.replay->outcomes;
    const auto fail = [&](PhaseName phase, const char* code, std::uint64_t count) {
        auto& calls = samples::calls(record, 1, phase);
        calls = samples::healthy_calls(calls.count - count);
        if (count > 0) {
            calls.errors[code] = count;
            calls.failed_response.record_us(3'000, count);
        }
        phases[static_cast<std::size_t>(phase)].fresh += count;
    };
    for (const auto phase : judged_phases) {
        phases[static_cast<std::size_t>(phase)].as_recorded = 40'000;
    }
    fail(PhaseName::before, "42P01", early);
    fail(PhaseName::during, "42P01", rare);
    fail(PhaseName::after, "42703", broken);
    return record;
}

PlaceboResult controls_of(const std::vector<Record>& records) {
    Placebo placebo{{samples::gate("errors", "0")}};
    for (const auto& record : records) {
        placebo.add(record);
    }
    return placebo.result();
}

TEST(NewErrors, OfARunAreSplitByItsControl) {
    auto record = replayed(4, 28, 2);
    record.placebo = controls_of({replayed(4, 0, 2), replayed(3, 0, 2)});
    const auto all = new_errors(record);
    EXPECT_EQ(all.no_control, std::vector<std::string>{});
    EXPECT_EQ(all.controls, 2);
    EXPECT_EQ(all.before, 2);
    EXPECT_EQ(all.later, 32);
    EXPECT_EQ(all.without_migration, 3);
    EXPECT_EQ(all.migration_only, 28);
    EXPECT_EQ(all.unclear, 1);
    EXPECT_EQ(new_errors_text(record),
              "28 calls fail anew only with the migration, which is its fault: write 42703 (28). "
              "3 fail so in each of 2 control replays without it as well, which is the replay's "
              "fault: write 42P01 (3). What the migration does to these calls was not tested. Of 1 "
              "new error it cannot be told whose fault they are: write 42P01 (1, and 3 to 4 "
              "without the migration). 2 calls failed anew before the migration began, which is "
              "not its fault.");
}

TEST(NewErrors, WithoutAControlAreToldWithHowToGetOne) {
    const auto record = replayed(4, 28);
    EXPECT_EQ(new_errors(record).unclear, 32);
    EXPECT_EQ(new_errors_text(record),
              "32 calls have failed anew since the migration began, and whose fault that is cannot "
              "be told. There is no control. `rehearse placebo SCENARIO --times 3 --during 10 "
              "--out control` makes one, and `rehearse run SCENARIO --placebo control` takes it "
              "in.");
}

TEST(NewErrors, OfWhichThereAreNoneNeedNoWords) {
    EXPECT_EQ(new_errors_text(replayed(0, 0)), "");
    EXPECT_EQ(new_errors_text(samples::healthy()), "");
}

TEST(NewErrors, OfOneControlAreToldSo) {
    auto record = replayed(4, 0);
    record.placebo = controls_of({replayed(4, 0)});
    EXPECT_EQ(new_errors_text(record),
              "4 fail so in the one control replay without it as well, which is the replay's "
              "fault: write 42P01 (4). What the migration does to these calls was not tested.");
}

TEST(NewErrors, AreNotSplitByAControlOfAnotherLoad) {
    const auto refused = [](auto change) {
        auto record = replayed(4, 28);
        record.placebo = controls_of({replayed(4, 0)});
        change(record);
        const auto all = new_errors(record);
        EXPECT_EQ(all.unclear, 32);
        EXPECT_EQ(all.controls, 0);
        EXPECT_EQ(all.no_control, placebo_doubts(*record.placebo, record));
        return all.no_control.size() == 1 ? all.no_control.front() : "";
    };
    EXPECT_EQ(refused([](Record& record) { record.replay->recording = "4567"; }),
              "The placebo replayed another recording.");
    EXPECT_EQ(refused([](Record& record) { record.placebo->control->recording.clear(); }),
              "The placebo replayed another recording.");
    EXPECT_EQ(refused([](Record& record) { record.replay->speed = 2; }),
              "The placebo replayed at speed 1.00, and this run at 2.00.");
    EXPECT_EQ(refused([](Record& record) { record.connections += 1; }),
              "The number of connections was 32 in the placebo, and is 33 here.");
    EXPECT_EQ(refused([](Record& record) { record.target.version = "9.6"; }).substr(0, 11),
              "The server ");
    EXPECT_EQ(refused([](Record& record) { record.placebo->control.reset(); }),
              "The placebo's load was no recording.");
    EXPECT_EQ(refused([](Record& record) {
                  record.placebo->control->repetitions[0].begins_s += 3;
              }).substr(0, 20),
              "The migration began ");
}

TEST(NewErrors, AsFastAsPossibleAreNotSplit) {
    auto record = replayed(4, 28);
    record.placebo = controls_of({replayed(4, 0)});
    record.replay->speed = record.placebo->control->speed = 0;
    EXPECT_EQ(new_errors(record).unclear, 32);
    EXPECT_NE(new_errors_text(record).find("As fast as possible"), std::string::npos);
}

TEST(NewErrors, OfAControlWithoutARepetitionAreNotSplit) {
    auto record = replayed(4, 28);
    record.placebo = controls_of({replayed(4, 0)});
    record.placebo->control->repetitions.clear();
    EXPECT_EQ(new_errors(record).unclear, 32);
    EXPECT_EQ(new_errors(record).no_control, std::vector<std::string>{"There is no control."});
}

TEST(NewErrors, OfAnOperationThatTheControlDoesNotKnowAreUnclear) {
    auto record = replayed(0, 28);
    record.placebo = controls_of({replayed(0, 0)});
    record.placebo->control->repetitions[0].operations.pop_back();
    const auto all = new_errors(record);
    EXPECT_EQ(all.unclear, 28);
    EXPECT_EQ(all.doubts,
              std::vector<std::string>{
                  "The controls were over sooner: make them with --during 10 or more."});
}

TEST(NewErrors, StandInTheResult) {
    auto record = replayed(4, 28, 2);
    auto control = replayed(4, 0, 2);
    samples::spread_over_seconds(record);
    samples::spread_over_seconds(control);
    record.placebo = controls_of({control});
    ASSERT_EQ(new_errors(record).controls, 1);
    const auto text = to_json(record);
    const auto told = nlohmann::json::parse(text)["replay"]["new_errors"];
    const auto all = new_errors(record);
    EXPECT_EQ(told["before_migration"], all.before);
    EXPECT_EQ(told["from_migration_on"], all.later);
    EXPECT_EQ(told["without_migration_too"], all.without_migration);
    EXPECT_EQ(told["migration_only"], all.migration_only);
    EXPECT_EQ(told["unclear"], all.unclear);
    EXPECT_EQ(told["by_operation"].size(), all.rows.size());
    const auto read = read_json(text);
    ASSERT_TRUE(std::holds_alternative<Record>(read)) << std::get<std::string>(read);
    EXPECT_EQ(new_errors_text(std::get<Record>(read)), new_errors_text(record));
    EXPECT_EQ(std::get<Record>(read).replay->recording, "0123");
}

TEST(NewErrors, BeforeTheMigrationAreADoubtThatTheControlPutsPlainly) {
    auto record = replayed(0, 0, 1'000);
    ASSERT_EQ(replay_doubts(record).size(), 1);
    EXPECT_NE(replay_doubts(record)[0].find("may be the replay's doing"), std::string::npos);
    record.placebo = controls_of({replayed(0, 0, 1'000)});
    ASSERT_EQ(replay_doubts(record).size(), 1);
    EXPECT_NE(replay_doubts(record)[0].find("this is the replay's doing"), std::string::npos);
    record.placebo = controls_of({replayed(0, 0, 0)});
    EXPECT_NE(replay_doubts(record)[0].find("may be the replay's doing"), std::string::npos);
}

// The control explains; it acquits nobody.
TEST(NewErrors, FailTheGateWhoeversFaultTheyAre) {
    auto record = replayed(4, 0);
    record.placebo = controls_of({replayed(4, 0)});
    ASSERT_EQ(new_errors(record).without_migration, 4);
    const std::vector<Gate> gates{samples::gate("errors", "0")};
    decide(record, gates);
    EXPECT_EQ(record.verdict, Verdict::fail);
}

}  // namespace
}  // namespace reports
