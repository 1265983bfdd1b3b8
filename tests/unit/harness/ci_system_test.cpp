#include "harness/ci_system.hpp"

#include <map>

#include <gtest/gtest.h>

namespace harness {
namespace {

Ci found(const std::string& asked, const std::map<std::string, const char*>& environment) {
    return find_ci(
        asked,
        [&](const char* name) {
            const auto entry = environment.find(name);
            return entry == environment.end() ? nullptr : entry->second;
        },
        "/here");
}

TEST(CiSystem, IsFoundInTheEnvironment) {
    EXPECT_EQ(found("", {}).system, CiSystem::none);
    EXPECT_EQ(found("", {{"GITHUB_ACTIONS", "true"}}).system, CiSystem::github);
    EXPECT_EQ(found("", {{"GITLAB_CI", "true"}}).system, CiSystem::gitlab);
    EXPECT_EQ(found("", {{"GITHUB_ACTIONS", "false"}, {"GITLAB_CI", ""}}).system, CiSystem::none);
}

TEST(CiSystem, WhatIsAskedForOverrulesTheEnvironment) {
    const std::map<std::string, const char*> github{{"GITHUB_ACTIONS", "true"},
                                                    {"GITHUB_STEP_SUMMARY", "/summary"},
                                                    {"CI_PROJECT_DIR", "/project"}};
    EXPECT_EQ(found("none", github).system, CiSystem::none);
    EXPECT_EQ(found("none", github).step_summary, "");
    EXPECT_EQ(found("gitlab", github).system, CiSystem::gitlab);
    EXPECT_EQ(found("gitlab", github).checkout.root, "/project");
    EXPECT_EQ(found("gitlab", github).step_summary, "");
    EXPECT_EQ(found("github", github).step_summary, "/summary");
}

TEST(CiSystem, TheCheckoutIsTheSystemsFolderOrTheCurrentOne) {
    EXPECT_EQ(found("github", {{"GITHUB_WORKSPACE", "/repo"}}).checkout.root, "/repo");
    EXPECT_EQ(found("github", {{"GITHUB_WORKSPACE", ""}}).checkout.root, "/here");
    EXPECT_EQ(found("", {{"GITHUB_WORKSPACE", "/repo"}}).checkout.root, "/here");
    EXPECT_EQ(found("github", {}).checkout.working_directory, "/here");
}

}  // namespace
}  // namespace harness
