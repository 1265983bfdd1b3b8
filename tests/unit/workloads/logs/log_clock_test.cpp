#include "workloads/logs/log_clock.hpp"

#include "workloads/logs/log_time.hpp"

#include <numeric>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace workloads::logs {
namespace {

using Kind = ClockEvent::Kind;

constexpr std::int64_t second = 1'000'000, hour = 3600 * second;

LogTime at(std::string_view text) {
    TimeReader reader;
    LogTime time;
    EXPECT_TRUE(reader.read(text, time)) << text;
    return time;
}

struct Ticks {
    std::vector<std::int64_t> gaps;  // between records, in microseconds
    std::vector<Kind> events;
};

Ticks run(const std::vector<std::string_view>& texts, std::int64_t* first = nullptr) {
    LogClock clock;
    Ticks ticks;
    std::int64_t last = 0;
    for (const auto text : texts) {
        const std::int64_t now = clock.utc_us(at(text));
        if (text.data() == texts.front().data()) {
            if (first != nullptr) {
                *first = now;
            }
        } else {
            ticks.gaps.push_back(now - last);
        }
        last = now;
    }
    for (const auto& event : clock.events()) {
        ticks.events.push_back(event.kind);
    }
    EXPECT_EQ(clock.event_count(), ticks.events.size());
    return ticks;
}

using Gaps = std::vector<std::int64_t>;
using Events = std::vector<Kind>;

TEST(LogClock, ReadsZonesByNumberAndName) {
    const std::int64_t ten = 1'709'287'200 * second;
    for (const auto& [text, offset] : std::vector<std::pair<std::string_view, std::int64_t>>{
             {"2024-03-01 10:00:00 UTC", 0},
             {"2024-03-01 10:00:00 GMT", 0},
             {"2024-03-01 10:00:00 Z", 0},
             {"2024-03-01 10:00:00 CET", hour},
             {"2024-03-01 10:00:00 CEST", 2 * hour},
             {"2024-03-01 10:00:00 EST", -5 * hour},
             {"2024-03-01 10:00:00 +03", 3 * hour},
             {"2024-03-01 10:00:00 -0330", -3 * hour - hour / 2},
             {"2024-03-01 10:00:00 +05:30", 5 * hour + hour / 2},
             {"2024-03-01 10:00:00 +053015", 5 * hour + hour / 2 + 15 * second}}) {
        std::int64_t now = 0;
        EXPECT_EQ(run({text}, &now).events, Events{}) << text;
        EXPECT_EQ(now, ten - offset) << text;
    }
    LogClock clock;
    EXPECT_EQ(clock.utc_us({ten, {}, true}), ten);
    for (const auto* wrong : {"", "+", "+3", "+003", "+0:30", "+99", "+0160", "+03:", "x", "+a3"}) {
        EXPECT_TRUE(std::string_view{wrong}.empty() || !zone_offset(wrong)) << wrong;
    }
}

TEST(LogClock, MidnightAndLeapDayAreNothingSpecial) {
    EXPECT_EQ(run({"2024-02-28 23:59:59.999 UTC", "2024-02-29 00:00:00 UTC",
                   "2024-02-29 23:59:59 UTC", "2024-03-01 00:00:00 UTC"})
                  .gaps,
              (Gaps{1000, 24 * hour - second, second}));
    EXPECT_EQ(run({"2023-12-31 23:59:59 UTC", "2024-01-01 00:00:00 UTC"}).gaps, Gaps{second});
}

TEST(LogClock, SummerTimeBeginsAndEndsWithoutALeap) {
    EXPECT_EQ(run({"2024-03-31 01:59:59.500 CET", "2024-03-31 03:00:00.500 CEST"}).gaps,
              Gaps{second});
    const Ticks autumn = run({"2024-10-27 02:59:59.500 CEST", "2024-10-27 02:00:00.500 CET",
                              "2024-10-27 02:00:01.500 CET"});
    EXPECT_EQ(autumn.gaps, (Gaps{second, second}));
    EXPECT_EQ(autumn.events, Events{Kind::zone_change});
}

TEST(LogClock, AnUnknownZoneIsAConstantOffsetAndItsSummerTimeIsContinuous) {
    const Ticks spring =
        run({"2024-03-31 01:59:59 XST", "2024-03-31 03:00:00 XDT", "2024-03-31 03:00:01 XDT"});
    EXPECT_EQ(spring.gaps, (Gaps{second, second}));
    EXPECT_EQ(spring.events, (Events{Kind::unknown_zone, Kind::unknown_zone, Kind::zone_change}));
    const Ticks autumn = run({"2024-10-27 02:59:59 XDT", "2024-10-27 02:00:00 XST"});
    EXPECT_EQ(autumn.gaps, Gaps{second});
    // Processes write the old abbreviation a moment longer.
    const Ticks mixed = run({"2024-10-27 02:59:59 XDT", "2024-10-27 02:00:00 XST",
                             "2024-10-27 02:59:59.900 XDT", "2024-10-27 02:00:01 XST"});
    EXPECT_EQ(mixed.gaps, (Gaps{second, -100'000, second + 100'000}));
}

TEST(LogClock, AnAbbreviationOfSeveralCountriesIsContinuousToo) {
    // Israel, though India's offset is the table's.
    EXPECT_EQ(run({"2024-03-29 01:59:59 IST", "2024-03-29 03:00:00 IDT"}).gaps, Gaps{second});
    EXPECT_EQ(run({"2024-03-10 01:59:59 CST", "2024-03-10 03:00:00 CDT"}).gaps, Gaps{second});
}

TEST(LogClock, RecordsThatInterleaveStayAsTheyAre) {
    const Ticks ticks = run({"2024-03-01 10:00:00.500 UTC", "2024-03-01 10:00:00.497 UTC",
                             "2024-03-01 10:00:00.501 UTC"});
    EXPECT_EQ(ticks.gaps, (Gaps{-3000, 4000}));
    EXPECT_EQ(ticks.events, Events{});
}

TEST(LogClock, SetBackByAnHourIsMadeUpFor) {
    const Ticks ticks = run({"2024-03-01 10:00:00 UTC", "2024-03-01 09:00:00.100 UTC",
                             "2024-03-01 09:00:00.200 UTC", "2024-03-01 09:00:01.200 UTC",
                             "2024-03-01 09:00:01.190 UTC"});
    EXPECT_EQ(ticks.gaps, (Gaps{0, 100'000, second, -10'000}));
    EXPECT_EQ(ticks.events, Events{Kind::step_back});
}

TEST(LogClock, SetBackTwiceIsMadeUpForTwice) {
    const Ticks ticks =
        run({"2024-03-01 10:00:00 UTC", "2024-03-01 09:00:00 UTC", "2024-03-01 09:00:01 UTC",
             "2024-03-01 08:00:00 UTC", "2024-03-01 08:00:02 UTC"});
    EXPECT_EQ(ticks.gaps, (Gaps{0, second, 0, 2 * second}));
    EXPECT_EQ(ticks.events, (Events{Kind::step_back, Kind::step_back}));
}

TEST(LogClock, AStepOfThreeSecondsIsNoticed) {
    const Ticks back =
        run({"2024-03-01 10:00:05 UTC", "2024-03-01 10:00:02 UTC", "2024-03-01 10:00:02.500 UTC",
             "2024-03-01 10:00:04 UTC", "2024-03-01 10:00:05.500 UTC"});
    EXPECT_EQ(back.gaps, (Gaps{0, 500'000, 1'500'000, 1'500'000}));
    EXPECT_EQ(back.events, Events{Kind::step_back});
}

TEST(LogClock, ASingleLateRecordIsNoStep) {
    const Ticks ticks = run({"2024-03-01 10:00:05 UTC", "2024-03-01 10:00:02 UTC",
                             "2024-03-01 10:00:05.100 UTC", "2024-03-01 10:00:05.200 UTC"});
    EXPECT_EQ(ticks.gaps, (Gaps{0, 100'000, 100'000}));
    EXPECT_EQ(ticks.events, Events{Kind::late_record});
}

TEST(LogClock, SomeLateRecordsInARowAreNoStep) {
    const Ticks ticks =
        run({"2024-03-01 10:00:10 UTC", "2024-03-01 10:00:05 UTC", "2024-03-01 10:00:05.100 UTC",
             "2024-03-01 10:00:10.100 UTC", "2024-03-01 10:00:10.200 UTC"});
    EXPECT_EQ(ticks.gaps, (Gaps{0, 100'000, 0, 100'000}));
    EXPECT_EQ(ticks.events, Events{Kind::late_record});
}

TEST(LogClock, ALateRecordWithinAStepDoesNotEndIt) {
    const Ticks ticks =
        run({"2024-03-01 10:00:00 UTC", "2024-03-01 09:00:00 UTC", "2024-03-01 09:00:05 UTC",
             "2024-03-01 09:00:01 UTC", "2024-03-01 09:00:05.100 UTC", "2024-03-01 09:30:00 UTC",
             "2024-03-01 10:00:03 UTC", "2024-03-01 10:00:04 UTC"});
    EXPECT_EQ(ticks.gaps.back(), second);
    EXPECT_EQ(std::accumulate(ticks.gaps.begin(), ticks.gaps.end(), std::int64_t{0}),
              hour + 4 * second);
    EXPECT_EQ(ticks.events,
              (Events{Kind::step_back, Kind::late_record, Kind::silence, Kind::silence}));
}

TEST(LogClock, ALongSilenceIsKeptAndTold) {
    const Ticks ticks =
        run({"2024-03-01 10:00:00 UTC", "2024-03-01 11:00:00 UTC", "2024-03-01 11:09:59 UTC"});
    EXPECT_EQ(ticks.gaps, (Gaps{hour, 599 * second}));
    EXPECT_EQ(ticks.events, Events{Kind::silence});
}

TEST(LogClock, WhatARecordMentionsDoesNotMoveTheClock) {
    LogClock clock;
    clock.utc_us(at("2024-03-01 10:00:00 XST"));
    EXPECT_EQ(clock.mentioned_us(at("2024-03-01 09:00:00 XST")), (1'709'287'200 - 3600) * second);
    EXPECT_EQ(clock.mentioned_us(at("2024-03-01 10:00:00 CET")), (1'709'287'200 - 3600) * second);
    EXPECT_EQ(clock.utc_us(at("2024-03-01 10:00:01 XST")), 1'709'287'201 * second);
    EXPECT_EQ(clock.event_count(), 1U);
}

TEST(LogClock, EventsAreBoundedAndCounted) {
    LogClock clock;
    LogTime time = at("2024-03-01 10:00:00 UTC");
    std::vector<std::string> zones;
    for (int i = 0; i < 5000; ++i) {
        zones.push_back("Z" + std::to_string(i));
    }
    for (const auto& zone : zones) {
        time.zone = zone;
        clock.utc_us(time);
    }
    EXPECT_EQ(clock.events().size(), LogClock::most_events);
    EXPECT_EQ(clock.event_count(), 9999U);
}

TEST(LogClock, EventsAreToldInWords) {
    EXPECT_EQ(event_text({Kind::step_back, 1, 3 * second, ""}),
              "the clock was set back by 3 s: later records are shifted");
    EXPECT_EQ(event_text({Kind::silence, 1, hour + 90 * second, ""}),
              "nothing was written for 1 h 1 min 30 s, or the clock was set forward");
    EXPECT_EQ(event_text({Kind::late_record, 1, 250'000, ""}), "a record was written 250 ms late");
    EXPECT_EQ(event_text({Kind::zone_change, 1, -hour, "CET"}),
              "the time zone changes to CET (-1 h)");
    EXPECT_NE(event_text({Kind::unknown_zone, 1, 0, "XST"}).find("'XST'"), std::string::npos);
}

}  // namespace
}  // namespace workloads::logs
