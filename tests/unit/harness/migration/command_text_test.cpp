#include "harness/migration/command_text.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace {

using harness::database::CommandTarget;
using harness::migration::environment_of;
using harness::migration::expand;
using harness::migration::ExpandError;
using harness::migration::fault_of_arguments;
using harness::migration::secrets_of;

CommandTarget target() {
    return {.uri = "postgresql://anna:p%40ss@db.example:5433/shop",
            .host = "db.example",
            .port = "5433",
            .user = "anna",
            .database = "shop",
            .password = "p@ss",
            .environment = {{"PGHOST", "db.example"}, {"PGPASSWORD", "p@ss"}},
            .remove = {"PGSERVICE"},
            .application_variable = "PGAPPNAME"};
}

std::string expanded(std::string_view text) {
    auto result = expand(text, target());
    const auto* value = std::get_if<std::string>(&result);
    return value != nullptr ? *value : "error: " + std::get<ExpandError>(result).message;
}

bool contains(const std::vector<std::string>& list, const std::string& wanted) {
    return std::find(list.begin(), list.end(), wanted) != list.end();
}

TEST(CommandText, ExpandsEveryPartOfTheTarget) {
    EXPECT_EQ(expanded("{{target.uri}}"), "postgresql://anna:p%40ss@db.example:5433/shop");
    EXPECT_EQ(expanded("jdbc:postgresql://{{target.host}}:{{ target.port }}/{{target.database}}"),
              "jdbc:postgresql://db.example:5433/shop");
    EXPECT_EQ(expanded("{{target.user}}/{{target.password}}"), "anna/p@ss");
}

TEST(CommandText, LeavesOtherBracesAlone) {
    EXPECT_EQ(expanded("{{ jinja }} {{"), "{{ jinja }} {{");
    EXPECT_EQ(expanded("{{{{target.user}}}}"), "{{anna}}");
    EXPECT_EQ(expanded("plain"), "plain");
}

TEST(CommandText, AnUnknownPartIsAnError) {
    EXPECT_NE(expanded("{{target.pasword}}").find("{{target.pasword}} is unknown"),
              std::string::npos);
}

TEST(CommandText, TheStepsOwnVariablesWinOverTheTargetsAndThoseOverTheInherited) {
    scenarios::CommandStep step;
    step.environment = {{"DATABASE_URL", "{{target.uri}}"}, {"PGHOST", "elsewhere"}};
    const auto result =
        environment_of(step, target(),
                       {"PATH=/bin", "PGSERVICE=production", "PGHOST=production", "PGPASSWORD=old"},
                       "rehearse/step");
    const auto& variables = std::get<std::vector<std::string>>(result);
    EXPECT_TRUE(contains(variables, "PATH=/bin"));
    EXPECT_TRUE(contains(variables, "DATABASE_URL=" + target().uri));
    EXPECT_TRUE(contains(variables, "PGHOST=elsewhere"));
    EXPECT_TRUE(contains(variables, "PGPASSWORD=p@ss"));
    EXPECT_TRUE(contains(variables, "PGAPPNAME=rehearse/step"));
    EXPECT_EQ(variables.size(), 5U) << "PGSERVICE is gone, nothing is there twice";
}

TEST(CommandText, AWrongVariableIsNamed) {
    scenarios::CommandStep step;
    step.environment = {{"URL", "{{target.url}}"}};
    const auto result = environment_of(step, target(), {}, "x");
    ASSERT_TRUE(std::holds_alternative<ExpandError>(result));
    EXPECT_EQ(std::get<ExpandError>(result).message.find("env URL: {{target.url}}"), 0U);
}

TEST(CommandText, ArgumentsHoldNoPlaceholders) {
    EXPECT_NE(fault_of_arguments({"migrate", "-database", "{{target.uri}}"}, target()), "");
    EXPECT_NE(fault_of_arguments({"psql", "{{ target.password }}"}, target()), "");
    EXPECT_EQ(fault_of_arguments({"render", "{{ name }}"}, target()), "");
}

TEST(CommandText, ArgumentsHoldNoPassword) {
    EXPECT_NE(fault_of_arguments({"x", "postgresql://anna:p@ss@db/shop"}, target()), "");
    EXPECT_NE(fault_of_arguments({"x", "postgresql://anna:p%40ss@db/shop"}, target()), "");
    EXPECT_NE(fault_of_arguments({"x", "host=db password=p@ss"}, target()), "");
    EXPECT_EQ(fault_of_arguments({"x", "p@ss"}, target()), "") << "any word may look like one";
    EXPECT_EQ(fault_of_arguments({"x", ":@"}, CommandTarget{}), "");
}

TEST(CommandText, ThePasswordIsASecretInEveryForm) {
    const auto secrets = secrets_of(target());
    EXPECT_TRUE(contains(secrets, "p@ss"));
    EXPECT_TRUE(contains(secrets, "p%40ss"));
    EXPECT_TRUE(secrets_of(CommandTarget{}).empty());
}

}  // namespace
