#include "scenarios/scenario_file.hpp"

#include <gtest/gtest.h>

namespace scenarios {
namespace {

Scenario ready_made(const std::string& name) {
    auto read = read_scenario(std::filesystem::path{SCENARIO_LIBRARY} / name);
    if (const auto* errors = std::get_if<std::vector<Error>>(&read)) {
        for (const auto& error : *errors) {
            ADD_FAILURE() << error.text();
        }
        return {};
    }
    return std::get<Scenario>(std::move(read));
}

TEST(Library, TheDemosTwoWaysDifferInNothingButTheMigration) {
    const auto naive = ready_made("demo/naive.yaml"), phased = ready_made("demo/phased.yaml");

    EXPECT_EQ(naive.setup, phased.setup);
    EXPECT_EQ(naive.workload.rate, phased.workload.rate);
    EXPECT_EQ(naive.workload.connections, phased.workload.connections);
    EXPECT_EQ(naive.phases.before, phased.phases.before);
    ASSERT_EQ(naive.workload.operations.size(), phased.workload.operations.size());
    for (std::size_t i = 0; i < naive.workload.operations.size(); ++i) {
        const auto &a = naive.workload.operations[i], &b = phased.workload.operations[i];
        EXPECT_EQ(a.name, b.name);
        EXPECT_EQ(a.weight, b.weight);
        ASSERT_EQ(a.statements.size(), b.statements.size());
        for (std::size_t s = 0; s < a.statements.size(); ++s) {
            EXPECT_EQ(a.statements[s].text, b.statements[s].text);
        }
    }
    ASSERT_EQ(naive.gates.size(), phased.gates.size());
    for (std::size_t i = 0; i < naive.gates.size(); ++i) {
        EXPECT_EQ(naive.gates[i].name, phased.gates[i].name);
        EXPECT_EQ(naive.gates[i].limit, phased.gates[i].limit);
    }
    EXPECT_EQ(naive.up.size(), 1U);
    EXPECT_EQ(phased.up.size(), 7U);
}

}  // namespace
}  // namespace scenarios
