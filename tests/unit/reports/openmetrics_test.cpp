#include "reports/openmetrics.hpp"

#include "reports/exposition.hpp"
#include "reports/verdict.hpp"
#include "tests/unit/reports/sample_record.hpp"

#include <cmath>
#include <memory>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

namespace reports {
namespace {

std::string metrics_of(Record record, const std::vector<Gate>& gates = default_gates()) {
    decide(record, gates);
    return to_openmetrics(record);
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

TEST(Exposition, AFamilyTellsItsTypeUnitAndHelpOnceBeforeItsSamples) {
    Exposition out;
    out.family("a_seconds", "gauge", "seconds", "How long.");
    out.sample({{"x", "1"}}, 0.25);
    out.sample({{"x", "2"}}, 3);
    EXPECT_EQ(out.text(),
              "# TYPE a_seconds gauge\n# UNIT a_seconds seconds\n# HELP a_seconds How long.\n"
              "a_seconds{x=\"1\"} 0.25\na_seconds{x=\"2\"} 3\n# EOF\n");
}

TEST(Exposition, AFamilyOfNothingLeavesNoTraceAndWhatIsNoNumberIsLeftOut) {
    Exposition out;
    out.family("a", "gauge", "", "A.");
    out.family("b", "gauge", "", "B.");
    out.sample({}, NAN);
    out.sample({}, INFINITY);
    EXPECT_EQ(out.text(), "# EOF\n");
}

TEST(Exposition, LabelValuesAreEscapedAndHarmless) {
    Exposition out;
    out.family("a", "gauge", "", "A.");
    out.sample({{"x", "q\" b\\ n\n} 1 \x1b \xff"}}, 1);
    EXPECT_TRUE(contains(out.text(), "a{x=\"q\\\" b\\\\ n } 1 \uFFFD \uFFFD\"} 1\n")) << out.text();
}

TEST(Exposition, NoSeriesIsThereTwice) {
    Exposition out;
    out.family("a", "counter", "", "A.");
    for (const char* name : {"x\x01", "x\x02", "x\x03"}) {
        out.sample("_total", {{"n", name}}, 1);
    }
    out.family("b", "gauge", "", "B.");
    out.sample({}, 1);
    out.sample({}, 2);
    EXPECT_TRUE(contains(out.text(), "a_total{n=\"x\uFFFD\",again=\"3\"} 1\n")) << out.text();
    EXPECT_TRUE(contains(out.text(), "b{again=\"2\"} 2\n"));
}

TEST(OpenMetrics, HasTheFiguresOfTheRecord) {
    const auto text = metrics_of(samples::naive());
    for (const char* line :
         {"rehearse_verdict{part=\"migration\",rehearse_verdict=\"fail\"} 1\n",
          "rehearse_verdict{part=\"migration\",rehearse_verdict=\"pass\"} 0\n",
          "rehearse_exit_code 1\n", "rehearse_run_duration_seconds 35\n",
          "rehearse_gate_limit_seconds{part=\"migration\",gate=\"lock_wait.max\"} 1\n",
          "rehearse_gate_observed_seconds{part=\"migration\",gate=\"lock_wait.max\"} 8.432\n",
          "rehearse_gate_observed{part=\"migration\",gate=\"errors\"} 0\n",
          "rehearse_calls_total{part=\"migration\",operation=\"read\",app=\"old\","
          "phase=\"during\"} 22000\n",
          "rehearse_response_seconds{part=\"migration\",operation=\"read\",app=\"old\","
          "phase=\"before\",quantile=\"0.5\"} 0.002007\n",
          "rehearse_lock_wait_max_seconds{part=\"migration\"} 8.432\n",
          "rehearse_lock_episodes_total{part=\"migration\"} 1\n",
          "rehearse_step_duration_seconds{part=\"migration\",step=\"add the column\","
          "kind=\"sql\"} 10\n",
          "rehearse_step_lock_hold_seconds{part=\"migration\",step=\"add the column\","
          "kind=\"sql\"} 8.4\n"}) {
        EXPECT_TRUE(contains(text, line)) << line << text;
    }
    EXPECT_TRUE(text.ends_with("\n# EOF\n"));
}

TEST(OpenMetrics, WhatIsNotKnownIsLeftOutAndNeverZero) {
    auto record = samples::healthy();
    record.locks = {};
    record.recovery.recovered_after_s.reset();
    record.steps[0].outcome = "skipped";
    record.steps[0].wal_bytes.reset();
    const auto text = metrics_of(record);
    for (const char* name :
         {"rehearse_replication_lag", "rehearse_lock_wait_max", "rehearse_lock_blocked",
          "rehearse_recovery", "rehearse_step_duration", "rehearse_step_log", "app=\"new\"",
          "rehearse_errors", "rehearse_response_change", "NaN", "nan"}) {
        EXPECT_FALSE(contains(text, name)) << name;
    }
    record.replication = {.measured = true, .max_lag_s = 1.5, .max_lag_bytes = 77};
    EXPECT_TRUE(contains(metrics_of(record),
                         "rehearse_replication_lag_max_bytes{part=\"migration\"} 77\n"));
}

TEST(OpenMetrics, ErrorsAreCountedByCodeAndComparisonsHaveTheirBounds) {
    auto record = samples::healthy();
    samples::calls(record, 0, PhaseName::during, 1).errors = {{"40001", 3}, {"55P03", 2}};
    decide(record, default_gates());
    record.comparisons = {samples::comparison("read", "p99", 1.5, 1.25)};
    const auto text = to_openmetrics(record);
    EXPECT_TRUE(contains(text,
                         "rehearse_errors_total{part=\"migration\",operation=\"read\",app=\"new\","
                         "phase=\"during\",code=\"55P03\"} 2\n"));
    EXPECT_TRUE(contains(text,
                         "rehearse_response_change_lower_ratio{part=\"migration\","
                         "operation=\"read\",statistic=\"p99\"} 1.25\n"));
    EXPECT_FALSE(contains(text, "change_upper_ratio"));
}

TEST(OpenMetrics, TheWayBackIsAPartOfEachFamily) {
    auto record = samples::healthy();
    record.rollback = std::make_shared<Record>(samples::naive());
    const auto text = metrics_of(record);
    EXPECT_TRUE(contains(text,
                         "rehearse_lock_wait_max_seconds{part=\"migration\"} 0.012\n"
                         "rehearse_lock_wait_max_seconds{part=\"rollback\"} 8.432\n"))
        << text;
}

TEST(OpenMetrics, NoFamilyAndNoSeriesIsThereTwiceWhateverTheNames) {
    auto record = samples::naive();
    record.operations.resize(6, record.operations[0]);
    record.operations[1].name = "\x01";
    record.operations[2].name = "\x02";
    record.steps.resize(3, record.steps[0]);
    record.locks.deadlocks = 2;
    record.rollback = std::make_shared<Record>(record);
    const auto text =
        metrics_of(record, {samples::gate("errors", "0"), samples::gate("errors", "0")});
    std::set<std::string> series, families;
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("# TYPE")) {
            EXPECT_TRUE(families.insert(line.substr(0, line.rfind(' '))).second) << line;
        } else if (!line.starts_with("#")) {
            EXPECT_TRUE(series.insert(line.substr(0, line.rfind(' '))).second) << line;
        }
    }
    EXPECT_GT(series.size(), 100U);
}

}  // namespace
}  // namespace reports
