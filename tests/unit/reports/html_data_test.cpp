#include "reports/html.hpp"
#include "tests/unit/reports/full_record.hpp"
#include "tests/unit/reports/sample_record.hpp"

#include <numeric>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace reports {
namespace {

using Json = nlohmann::json;

Json data_of(const Record& record) {
    return Json::parse(chart_data(record));
}

// The calls of a heatmap by column.
std::vector<std::uint64_t> calls_by_column(const Json& cells) {
    std::vector<std::uint64_t> sums;
    for (std::size_t i = 0; i < cells.size();) {
        const auto rows = cells[i + 1].get<std::size_t>();
        std::uint64_t sum = 0;
        for (std::size_t row = 0; row < rows; ++row) {
            sum += cells[i + 2 + row].get<std::uint64_t>();
        }
        sums.push_back(sum);
        i += 2 + rows;
    }
    return sums;
}

TEST(ChartData, HoldsEachSecondAsItWasMeasured) {
    auto record = samples::healthy();
    record.seconds[7] = {.done = 12,
                         .failed = 3,
                         .due = 20,
                         .p50_us = 900,
                         .p99_us = 7'000,
                         .max_us = 8'000,
                         .blocked = 5};
    const auto seconds = data_of(record)["parts"][0]["seconds"];
    ASSERT_EQ(seconds["done"].size(), 35U);
    EXPECT_EQ(seconds["done"][7], 12);
    EXPECT_EQ(seconds["failed"][7], 3);
    EXPECT_EQ(seconds["due"][7], 20);
    EXPECT_EQ(seconds["p50"][7], 900);
    EXPECT_EQ(seconds["p99"][7], 7'000);
    EXPECT_EQ(seconds["blocked"][7], 5);
}

TEST(ChartData, BeginsWithTheFirstPhase) {
    auto record = samples::healthy();
    record.phases.erase(record.phases.begin());
    record.seconds[5].done = 77;
    const auto part = data_of(record)["parts"][0];
    EXPECT_EQ(part["from"], 5'000);
    EXPECT_EQ(part["to"], 35'000);
    EXPECT_EQ(part["seconds"]["done"].size(), 30U);
    EXPECT_EQ(part["seconds"]["done"][0], 77);
}

TEST(ChartData, CountsEveryCallOfAHeatmapByVersion) {
    const auto record = samples::full();
    const auto operation = data_of(record)["parts"][0]["operations"][0];
    const auto old_calls = calls_by_column(operation["heat"][0]);
    const auto new_calls = calls_by_column(operation["heat"][1]);
    ASSERT_EQ(old_calls.size(), 35U);
    EXPECT_EQ(std::accumulate(old_calls.begin(), old_calls.end(), 0U), 1'500U);
    EXPECT_EQ(std::accumulate(new_calls.begin(), new_calls.end(), 0U), 1'500U);
    EXPECT_EQ(old_calls[19], 100U);
    EXPECT_EQ(new_calls[19], 0U);
    EXPECT_EQ(new_calls[20], 100U);
    EXPECT_EQ(operation["failed"][34], 3);
}

TEST(ChartData, PutsACallIntoTheRowOfItsResponseTime) {
    for (const auto& [us, row] : {std::pair{1, 0},
                                  {10, 8},
                                  {1'000, 24},
                                  {1'300, 24},
                                  {1'400, 25},
                                  {1'000'000, 48},
                                  {2'000'000'000, 74}}) {
        auto record = samples::healthy();
        Histogram histogram;
        histogram.record_us(us);
        record.latencies.append(0, 0, histogram);
        const auto cells = data_of(record)["parts"][0]["operations"][0]["heat"][0];
        EXPECT_EQ(cells[0], row) << us;
        EXPECT_EQ(cells[1], 1) << us;
        EXPECT_EQ(cells[2], 1) << us;
    }
}

TEST(ChartData, KeepsToSixHundredColumnsHoweverLongTheRun) {
    auto record = samples::healthy();
    record.phases = {{PhaseName::before, 0, 86'400}};
    Histogram histogram;
    histogram.record_us(5'000, 2);
    for (const std::uint32_t second : {0U, 143U, 144U, 86'399U}) {
        record.latencies.append(second, 0, histogram);
    }
    const auto part = data_of(record)["parts"][0];
    EXPECT_EQ(part["column"], 144'000);
    const auto calls = calls_by_column(part["operations"][0]["heat"][0]);
    ASSERT_EQ(calls.size(), 600U);
    EXPECT_EQ(calls[0], 4U);
    EXPECT_EQ(calls[1], 2U);
    EXPECT_EQ(calls[599], 2U);
}

TEST(ChartData, NamesAWaitsEpisodeAndWhoStoodBehindWhom) {
    const auto part = data_of(samples::full())["parts"][0];
    const auto& waits = part["waits"];
    EXPECT_EQ(waits["pid"], Json::parse("[902,903,904]"));
    EXPECT_EQ(waits["behind"], Json::parse("[901,902,902]"));
    EXPECT_EQ(waits["episode"], Json::parse("[1,1,1]"));
    EXPECT_EQ(waits["start"], Json::parse("[16000,250,750]")) << "each from the one before";
    EXPECT_EQ(waits["length"], Json::parse("[5250,5000,4250]"));
    EXPECT_EQ(part["culprit"], 1);
    const auto text = [&](const Json& number) { return part["strings"][number.get<int>()]; };
    EXPECT_EQ(text(waits["who"][0]), "step \"add the column\"");
    EXPECT_EQ(text(part["episodes"]["who"][1]), "adversary \"monthly report\"");
    EXPECT_EQ(text(part["episodes"]["queued"][1]), "step \"add the column\"");
    EXPECT_EQ(part["episodes"]["queued"][0], -1);
}

TEST(ChartData, TellsAGapOfTheServersCountersFromNought) {
    auto record = samples::full();
    record.server.samples[3].replica_lag_s.reset();
    const auto server = data_of(record)["parts"][0]["server"];
    EXPECT_EQ(server["lag"][2], 250);
    EXPECT_TRUE(server["lag"][3].is_null());
    EXPECT_EQ(server["log_bytes"][3], 3'000'000);
}

TEST(ChartData, HasTheWayBackAsASecondPart) {
    EXPECT_EQ(data_of(samples::naive())["parts"].size(), 1U);
    EXPECT_EQ(data_of(samples::full())["parts"].size(), 2U);
}

TEST(ChartData, CutsLongTextsAndKeepsThemHarmless) {
    const auto part =
        data_of(samples::full_of("\xE2\x80\xAE" + std::string(1'000'000, 'x')))["parts"][0];
    std::size_t bytes = 0;
    for (const auto& text : part["strings"]) {
        bytes += text.get<std::string>().size();
        EXPECT_EQ(text.get<std::string>().find("\xE2\x80\xAE"), std::string::npos);
    }
    EXPECT_LT(bytes, 10'000U);
}

TEST(ChartData, OfNothingIsStillADocument) {
    const auto part = data_of(Record{})["parts"][0];
    EXPECT_TRUE(part["operations"].empty());
    EXPECT_TRUE(part["waits"]["pid"].empty());
    EXPECT_EQ(part["culprit"], -1);
}

}  // namespace
}  // namespace reports
