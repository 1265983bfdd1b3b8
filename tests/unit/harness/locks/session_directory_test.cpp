#include "harness/locks/session_directory.hpp"

#include "tests/unit/harness/locks/samples.hpp"

#include <gtest/gtest.h>

namespace harness::locks::tests {
namespace {

TEST(SessionDirectory, ApplicationNamesTellTheRole) {
    const SessionDirectory directory;
    const auto role = [&](std::string application) {
        return directory.role_of(session(1, std::move(application)));
    };

    EXPECT_EQ(role("rehearse/workload"), (SessionRole{SessionKind::workload, ""}));
    EXPECT_EQ(role("rehearse/step/add region"), (SessionRole{SessionKind::step, "add region"}));
    EXPECT_EQ(role("rehearse/adversary/nightly"), (SessionRole{SessionKind::adversary, "nightly"}));
    EXPECT_EQ(role("rehearse/observer").kind, SessionKind::harness);
    EXPECT_EQ(role("psql").kind, SessionKind::other);
    EXPECT_EQ(role("rehearsal/step").kind, SessionKind::other);
}

TEST(SessionDirectory, WhatWasEnteredGoesBeforeTheApplicationName) {
    SessionDirectory directory;
    directory.enter(1, {SessionKind::step, "alter"});

    EXPECT_EQ(directory.role_of(session(1, "rehearse/workload")),
              (SessionRole{SessionKind::step, "alter"}));
    directory.enter(1, {SessionKind::workload, ""});  // the server reuses its id
    EXPECT_EQ(directory.role_of(session(1, "rehearse/step/alter")).kind, SessionKind::workload);
}

TEST(SessionDirectory, SessionZeroIsAPreparedTransaction) {
    EXPECT_EQ(SessionDirectory{}.role_of(session(0, "forgotten")),
              (SessionRole{SessionKind::prepared_transaction, "forgotten"}));
}

TEST(SessionDirectory, AStatementsTextNamesItsOperation) {
    SessionDirectory directory;
    const std::string text = "SELECT * FROM orders WHERE id = $1";
    const std::string longer = "SELECT * FROM orders WHERE id = $1 AND " + std::string(200, 'x');
    directory.name_statement(longer, "long_read");
    directory.name_statement(text, "read_order");
    const auto operation = [&](std::string query) {
        return directory.role_of(session(1, "rehearse/workload", {}, {}, std::move(query))).name;
    };

    EXPECT_EQ(operation(text), "read_order");
    EXPECT_EQ(operation(longer.substr(0, 120)), "long_read");  // as the server cuts it
    EXPECT_EQ(operation("SELECT"), "");
    EXPECT_EQ(operation("COMMIT"), "");
}

TEST(SessionDirectory, AToolsSessionIsWhoeverIsNotKnown) {
    SessionDirectory directory;
    directory.enter(1, {SessionKind::workload, ""});

    EXPECT_TRUE(directory.known(session(1, "any")));
    EXPECT_TRUE(directory.known(session(2, "rehearse/workload")));
    EXPECT_FALSE(directory.known(session(3, "rehearse/step")));
    EXPECT_FALSE(directory.known(session(4, "Flyway")));
}

}  // namespace
}  // namespace harness::locks::tests
