#include "harness/counter_series.hpp"

#include <gtest/gtest.h>

namespace {

using harness::CounterSeries;
using harness::database::Counters;
using harness::database::StoredBytes;
using harness::database::TableCounters;

Counters counted(std::int64_t log_bytes, std::uint64_t checkpoints = 0, std::uint64_t hits = 0,
                 std::uint64_t misses = 0) {
    Counters counters;
    counters.log_bytes = log_bytes;
    counters.checkpoints = checkpoints;
    counters.cache_hits = hits;
    counters.cache_misses = misses;
    return counters;
}

Counters of_tables(std::vector<std::optional<TableCounters>> tables,
                   std::optional<TableCounters> all = {}) {
    Counters counters;
    counters.tables = std::move(tables);
    counters.all_tables = all;
    return counters;
}

TEST(CounterSeries, CountsFromTheFirstReading) {
    CounterSeries series{{}};
    series.add(0.1, counted(1'000, 7, 50, 5), {});
    series.add(1.1, counted(1'600, 7, 90, 6), 0.25);
    series.add(2.1, counted(4'000, 8, 91, 6), 0.5);

    const auto samples = series.take().samples;

    ASSERT_EQ(samples.size(), 3U);
    EXPECT_EQ(samples[0].at_s, 0.1);
    EXPECT_EQ(samples[0].log_bytes, 0);
    EXPECT_EQ(samples[0].checkpoints, 0U);
    EXPECT_EQ(samples[0].replica_lag_s, std::nullopt);
    EXPECT_EQ(samples[2].at_s, 2.1);
    EXPECT_EQ(samples[2].log_bytes, 3'000);
    EXPECT_EQ(samples[2].checkpoints, 1U);
    EXPECT_EQ(samples[2].cache_hits, 41U);
    EXPECT_EQ(samples[2].cache_misses, 1U);
    EXPECT_EQ(samples[2].replica_lag_s, 0.5);
}

TEST(CounterSeries, WhatTheServerDoesNotTellIsEmptyAndNotZero) {
    CounterSeries series{{"orders"}};
    series.add(0, {}, {});
    series.add(1, {}, {});

    const auto server = series.take();

    const auto& sample = server.samples.back();
    EXPECT_EQ(sample.log_bytes, std::nullopt);
    EXPECT_EQ(sample.checkpoints, std::nullopt);
    EXPECT_EQ(sample.cache_hits, std::nullopt);
    EXPECT_EQ(sample.cache_misses, std::nullopt);
    EXPECT_EQ(sample.updates, std::nullopt);
    EXPECT_EQ(sample.hot_updates, std::nullopt);
    EXPECT_TRUE(server.tables.empty());
}

TEST(CounterSeries, AnUntoldSecondLosesNothing) {
    CounterSeries series{{}};
    series.add(0, counted(100), {});
    series.add(1, {}, {});
    series.add(2, counted(300), {});

    const auto samples = series.take().samples;

    EXPECT_EQ(samples[1].log_bytes, std::nullopt);
    EXPECT_EQ(samples[2].log_bytes, 200);
}

TEST(CounterSeries, AServerThatCrashedCountsFromNothingAndTheSeriesGoesOn) {
    CounterSeries series{{"orders"}};
    series.add(0, of_tables({{{1, 5'000, 4'000}}}, {{1, 5'000, 4'000}}), {});
    series.add(1, of_tables({{{1, 5'100, 4'080}}}, {{1, 5'100, 4'080}}), {});
    series.add(2, of_tables({{{1, 30, 20}}}, {{1, 30, 20}}), {});
    series.add(3, of_tables({{{1, 70, 50}}}, {{1, 70, 50}}), {});

    const auto server = series.take();

    EXPECT_EQ(server.samples[2].updates, 100U);
    EXPECT_EQ(server.samples[3].updates, 140U);
    EXPECT_EQ(server.samples[3].hot_updates, 110U);
    EXPECT_EQ(server.tables.at(0).updates, 140U);
    EXPECT_EQ(server.tables.at(0).hot_updates, 110U);
}

TEST(CounterSeries, WhatAnotherTableOfThatNameDidBeforeDoesNotCount) {
    CounterSeries series{{"orders"}};
    series.add(0, of_tables({{{1, 10, 10}}}, {{1, 10, 10}}), {});
    series.add(1, of_tables({{{1, 15, 12}}}, {{1, 15, 12}}), {});
    series.add(2, of_tables({{{2, 900'000, 0}}}, {{2, 900'000, 0}}), {});  // swapped by name
    series.add(3, of_tables({{{2, 900'003, 1}}}, {{2, 900'003, 1}}), {});

    const auto server = series.take();

    EXPECT_EQ(server.tables.at(0).updates, 8U);
    EXPECT_EQ(server.tables.at(0).hot_updates, 3U);
    EXPECT_EQ(server.samples.back().updates, 8U);
}

TEST(CounterSeries, ATableThatIsMadeAgainBeginsAnew) {
    CounterSeries series{{"orders"}};
    series.add(0, of_tables({{{1, 10, 10}}}), {});
    series.add(1, of_tables({std::nullopt}), {});
    series.add(2, of_tables({{{1, 500, 0}}}), {});
    series.add(3, of_tables({{{1, 501, 0}}}), {});

    EXPECT_EQ(series.take().tables.at(0).updates, 1U);
}

TEST(CounterSeries, SizesStandBesideTheUpdatesOfTheirTable) {
    CounterSeries series{{"customers", "orders"}};
    const StoredBytes before[] = {{8'192, 100}, {16'384, 200}};
    const StoredBytes after[] = {{8'192, 100}, {32'768, 500}};
    series.sizes_before(before);
    series.add(0, of_tables({{{1, 0, 0}}, {{2, 0, 0}}}), {});
    series.add(1, of_tables({{{1, 0, 0}}, {{2, 9, 3}}}), {});
    series.sizes_after(after);

    const auto tables = series.take().tables;

    ASSERT_EQ(tables.size(), 2U);
    EXPECT_EQ(tables[1].name, "orders");
    EXPECT_EQ(tables[1].bytes_before, 16'384);
    EXPECT_EQ(tables[1].bytes_after, 32'768);
    EXPECT_EQ(tables[1].index_bytes_before, 200);
    EXPECT_EQ(tables[1].index_bytes_after, 500);
    EXPECT_EQ(tables[1].updates, 9U);
    EXPECT_EQ(tables[1].hot_updates, 3U);
    EXPECT_EQ(tables[0].updates, 0U);
}

TEST(CounterSeries, ATableThatCameOrWentHasOneSizeAndOneThatNeverWasIsNotTold) {
    CounterSeries series{{"came", "never", "went"}};
    const StoredBytes before[] = {{}, {}, {8'192, 0}};
    const StoredBytes after[] = {{8'192, 0}, {}, {}};
    series.sizes_before(before);
    series.sizes_after(after);

    const auto tables = series.take().tables;

    ASSERT_EQ(tables.size(), 2U);
    EXPECT_EQ(tables[0].name, "came");
    EXPECT_EQ(tables[0].bytes_before, std::nullopt);
    EXPECT_EQ(tables[0].bytes_after, 8'192);
    EXPECT_EQ(tables[1].name, "went");
    EXPECT_EQ(tables[1].bytes_after, std::nullopt);
}

TEST(CounterSeries, ATableWithTwoNamesIsToldOnce) {
    CounterSeries series{{"orders", "public.orders"}};
    series.add(0, of_tables({{{7, 1, 1}}, {{7, 1, 1}}}, {{7, 1, 1}}), {});
    series.add(1, of_tables({{{7, 4, 2}}, {{7, 4, 2}}}, {{7, 4, 2}}), {});

    const auto server = series.take();

    ASSERT_EQ(server.tables.size(), 1U);
    EXPECT_EQ(server.tables[0].name, "orders");
    EXPECT_EQ(server.samples.back().updates, 3U);
}

}  // namespace
