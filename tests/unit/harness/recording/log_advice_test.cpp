#include "harness/recording/log_advice.hpp"

#include <string>

#include <gtest/gtest.h>

namespace harness::recording {
namespace {

// Of a log that lacks nothing.
LogSigns good() {
    LogSigns signs;
    signs.statements = signs.timed = 1'000;
    signs.shortest_us = 10;
    signs.records.connections = signs.records.disconnections = 5;
    return signs;
}

std::string settings(const LogSigns& signs) {
    std::string all;
    for (const auto& each : advice_for(signs)) {
        EXPECT_FALSE(each.why.empty() || each.cost.empty()) << each.settings;
        all += each.settings + "\n";
    }
    return all;
}

bool advises(const LogSigns& signs, std::string_view setting) {
    return settings(signs).find(setting) != std::string::npos;
}

TEST(LogAdvice, IsNoneWhereNothingLacks) {
    EXPECT_EQ(settings(good()), "");
}

TEST(LogAdvice, WantsDurations) {
    auto signs = good();
    signs.timed = 0;
    EXPECT_TRUE(advises(signs, "log_min_duration_statement = 0"));
    signs = {};
    EXPECT_TRUE(advises(signs, "log_min_duration_statement = 0"));
    signs.records.plans = 5;
    EXPECT_NE(advice_for(signs).at(0).why.find("auto_explain"), std::string::npos);
}

TEST(LogAdvice, SeesAThresholdByTheShortestDuration) {
    auto signs = good();
    signs.shortest_us = 100'000;
    ASSERT_EQ(advice_for(signs).size(), 1U);
    EXPECT_EQ(advice_for(signs)[0].settings, "log_min_duration_statement = 0");
    EXPECT_NE(advice_for(signs)[0].why.find("100 ms"), std::string::npos);
    signs.timed = 3;  // too few to tell
    EXPECT_EQ(settings(signs), "");
}

TEST(LogAdvice, SeesASample) {
    auto signs = good();
    signs.records.unused_binds = 1;
    EXPECT_TRUE(advises(signs, "log_transaction_sample_rate"));
    signs = good();
    signs.records.skipped_transactions = 501;
    EXPECT_TRUE(advises(signs, "log_min_duration_sample"));
    signs.records.skipped_transactions = 100;  // what a client prepares is not logged
    EXPECT_EQ(settings(signs), "");
}

TEST(LogAdvice, WantsTextsAndParameters) {
    auto signs = good();
    signs.text_not_logged = 10;
    EXPECT_TRUE(advises(signs, "log_duration = off"));
    signs = good();
    signs.without_parameters = 1;
    EXPECT_TRUE(advises(signs, "log_parameter_max_length = -1"));
    EXPECT_FALSE(advises(signs, "on_error"));
    signs = good();
    signs.perhaps_cut = 1;
    EXPECT_TRUE(advises(signs, "log_parameter_max_length = -1"));
    signs = good();
    signs.failed_perhaps_cut = 1;
    EXPECT_TRUE(advises(signs, "log_parameter_max_length_on_error = -1"));
    EXPECT_FALSE(advises(signs, "log_parameter_max_length = -1"));
}

TEST(LogAdvice, WantsSessionsTheirUsersAndTheStatementsOfFailures) {
    auto signs = good();
    signs.records.connections = 0;
    EXPECT_TRUE(advises(signs, "log_disconnections = on"));
    signs = good();
    signs.who_unknown = 1;
    EXPECT_TRUE(advises(signs, "log_line_prefix"));
    signs = good();
    signs.records.failures_without_statement = 1;
    EXPECT_TRUE(advises(signs, "log_min_error_statement = error"));
}

TEST(LogAdvice, WantsWhatTellsSessionsRunsAndMilliseconds) {
    for (const auto count :
         {&LogSigns::start_unknown, &LogSigns::failure_of_which_run, &LogSigns::files_in_seconds}) {
        auto signs = good();
        signs.*count = 1;
        EXPECT_TRUE(advises(signs, "log_line_prefix = '%m [%p] %q%c %l "));
    }
}

}  // namespace
}  // namespace harness::recording
