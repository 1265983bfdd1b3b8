#include "workloads/synthesis/workload_file.hpp"

#include "scenarios/scenario_file.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <unistd.h>

namespace workloads::synthesis {
namespace {

SynthesizedWorkload sample_workload() {
    SynthesizedWorkload workload;
    workload.operations = {
        {"select_orders_by_id",
         "SELECT *\n\n  FROM orders\n\tWHERE id = :id AND note = :note",
         {{1, "id", "sample(\"SELECT id FROM public.\"\"Odd # name: x\"\"\")",
           "a note\nof two lines"},
          {2, "note", "weighted(1, 'it''s', 1, NULL)", ""}},
         {90, 30},
         1.5},
        {"select_1", "SELECT :value -- \x01", {{1, "value", "1", ""}}, {9, 1}, 1}};
    workload.covered = {99, 31};
    workload.all = {100, 40};
    workload.rate_per_s = 9.9;
    workload.omissions = {{"no value for $1: it is\nodd \x1b[31m", {1, 9}, 1, {"SELECT\nf($1)"}}};
    workload.session_control = {50, 1};
    workload.search_path = "\"$user\", shop";
    return workload;
}

Provenance provenance() {
    Provenance made;
    made.program = "rehearse 1.2.3";
    made.database = "shop";
    made.server = "PostgreSQL 15.4";
    made.seconds = 60;
    made.from_us = 1'700'000'000'000'000;
    made.to_us = 1'700'000'060'000'000;
    made.scale = 0.1;
    return made;
}

scenarios::Scenario read_back(const std::string& workload) {
    const auto path = std::filesystem::temp_directory_path() /
                      ("rehearse-workload-file-" + std::to_string(::getpid()) + ".yaml");
    std::ofstream{path} << "version: 1\nname: back\n"
                        << workload << "migration:\n  up:\n    - sql: SELECT 1\n";
    auto read = scenarios::read_scenario(path);
    std::filesystem::remove(path);
    if (const auto* errors = std::get_if<std::vector<scenarios::Error>>(&read)) {
        for (const auto& error : *errors) {
            ADD_FAILURE() << error.text() << "\n" << workload;
        }
        return {};
    }
    return std::get<scenarios::Scenario>(std::move(read));
}

TEST(WorkloadFile, IsASectionThatAScenarioTakesAsItStands) {
    const auto workload = sample_workload();
    const auto scenario = read_back(workload_file(workload, provenance()));
    ASSERT_EQ(scenario.workload.operations.size(), 2U);
    const auto& first = scenario.workload.operations[0];
    EXPECT_EQ(first.name, "select_orders_by_id");
    EXPECT_EQ(first.weight, 90);
    EXPECT_EQ(first.statements[0].text, workload.operations[0].sql);
    EXPECT_EQ(std::get<Generator::SampleOf>(first.parameters[0].generator.function()).query,
              "SELECT id FROM public.\"Odd # name: x\"");
    EXPECT_EQ(scenario.workload.operations[1].statements[0].text, workload.operations[1].sql);
    EXPECT_DOUBLE_EQ(*scenario.workload.rate, 9.9);
    EXPECT_EQ(scenario.workload.connections, 8);
    EXPECT_EQ(scenario.workload.session_old, "SET search_path = \"$user\", shop");
}

TEST(WorkloadFile, SaysWhatIsNotCoveredAndBreaksNoCommentByIt) {
    const auto file = workload_file(sample_workload(), provenance());
    EXPECT_NE(file.find("99.0 % of the calls and 77.5 % of the time"), std::string::npos) << file;
    EXPECT_NE(file.find("1.0 % of the calls, 22.5 % of the time, 1 statement"), std::string::npos)
        << file;
    EXPECT_NE(file.find("50 calls/s"), std::string::npos) << file;
    EXPECT_EQ(file.find('\x1b'), std::string::npos);
    std::istringstream lines{file.substr(0, file.find("workload:\n"))};
    for (std::string line; std::getline(lines, line);) {
        EXPECT_TRUE(line.starts_with('#')) << line;
        EXPECT_LE(line.size(), 98U) << line;
    }
}

TEST(WorkloadFile, NeverRoundsUpToAll) {
    auto workload = sample_workload();
    workload.all = {100, 40};
    workload.covered = {99.9999, 40};
    EXPECT_NE(coverage_text(workload, provenance()).find("99.9 % of the calls and 100.0 %"),
              std::string::npos);
}

TEST(WorkloadFile, TellsOfWhatTheServerThrewOut) {
    auto made = provenance();
    EXPECT_EQ(coverage_text(sample_workload(), made).find("threw out"), std::string::npos);
    made.evictions = 7;
    EXPECT_NE(coverage_text(sample_workload(), made).find("threw out rare statements 7 times"),
              std::string::npos);
}

}  // namespace
}  // namespace workloads::synthesis
