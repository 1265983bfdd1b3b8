#include "harness/postgres/errors.hpp"

#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace {

using harness::database::ErrorKind;
using harness::postgres::kind_of;
using harness::postgres::scrub;
using harness::postgres::without_row_values;

TEST(Errors, EachSqlstateHasItsKind) {
    EXPECT_EQ(kind_of("55P03"), ErrorKind::lock_timeout);
    EXPECT_EQ(kind_of("40P01"), ErrorKind::deadlock);
    EXPECT_EQ(kind_of("40001"), ErrorKind::serialization);
    EXPECT_EQ(kind_of("57014"), ErrorKind::cancelled);
    EXPECT_EQ(kind_of("57P01"), ErrorKind::connection_lost);
    EXPECT_EQ(kind_of("57P03"), ErrorKind::connection_refused);
    EXPECT_EQ(kind_of("08006"), ErrorKind::connection_lost);
    EXPECT_EQ(kind_of("25P03"), ErrorKind::connection_lost);
    EXPECT_EQ(kind_of("53300"), ErrorKind::too_many_connections);
    EXPECT_EQ(kind_of("53100"), ErrorKind::disk_full);
    EXPECT_EQ(kind_of("28P01"), ErrorKind::authentication);
    EXPECT_EQ(kind_of("42501"), ErrorKind::privilege);
    EXPECT_EQ(kind_of("42P01"), ErrorKind::syntax);
    EXPECT_EQ(kind_of("23505"), ErrorKind::constraint);
    EXPECT_EQ(kind_of("22012"), ErrorKind::other);
    EXPECT_EQ(kind_of(""), ErrorKind::other);
}

TEST(Errors, OnlyACachedPlanMakes0A000APlanChange) {
    EXPECT_EQ(kind_of("0A000"), ErrorKind::other);
    EXPECT_EQ(kind_of("0A000", "RevalidateCachedQuery", "le plan en cache ..."),
              ErrorKind::plan_changed);
    EXPECT_EQ(kind_of("0A000", "", "cached plan must not change result type"),
              ErrorKind::plan_changed);
    EXPECT_EQ(kind_of("0A000", "ATPrepAlterColumnType", "cannot alter type"), ErrorKind::other);
}

TEST(Errors, PasswordsAreTakenOutOfKeysAndUris) {
    EXPECT_EQ(scrub("host=a password=hunter2 dbname=b"), "host=a password=*** dbname=b");
    EXPECT_EQ(scrub("PASSWORD = 'hun\\'ter 2' x"), "PASSWORD = *** x");
    EXPECT_EQ(scrub("?sslpassword=hunter2&a=b"), "?sslpassword=***&a=b");
    EXPECT_EQ(scrub("to postgresql://anna:hunter2@db/shop now"),
              "to postgresql://anna:***@db/shop now");
    EXPECT_EQ(scrub("postgres://anna:hun@te/r2@db/shop"), "postgres://anna:***@db/shop");
    EXPECT_EQ(scrub("mysql://a:b@c and redis://d:e@f"), "mysql://a:***@c and redis://d:***@f");
}

TEST(Errors, WhatIsNoPasswordStays) {
    for (const std::string text :
         {"password authentication failed for user \"anna\"", "postgresql://db:5432/shop",
          "postgresql://anna@db:5432/shop", "the password", "://", "password=", ""}) {
        EXPECT_EQ(scrub(text).substr(0, text.size()), text);
    }
}

harness::database::Error error(std::string code, std::string message, std::string detail = {}) {
    harness::database::Error made;
    made.code = std::move(code);
    made.message = std::move(message);
    made.detail = std::move(detail);
    return made;
}

TEST(WithoutRowValues, ADataExceptionHidesWhatItQuotesInEveryLanguage) {
    const std::pair<std::string, std::string> messages[] = {
        {R"(invalid input syntax for type integer: "ann@x")",
         "invalid input syntax for type integer: ***"},
        {R"(value "1"2" is out of range for type integer)",
         "value *** is out of range for type integer"},
        {"ungültige Eingabesyntax für Typ integer: »ann@x«",
         "ungültige Eingabesyntax für Typ integer: ***"},
        {"syntaxe en entrée invalide pour le type integer : « ann@x »",
         "syntaxe en entrée invalide pour le type integer : ***"},
        {"integer out of range", "integer out of range"}};
    for (const auto& [said, shown] : messages) {
        EXPECT_EQ(without_row_values(error("22P02", said)).message, shown);
    }
    EXPECT_EQ(
        without_row_values(error("22P02", "invalid json", "Token \"ann\" is invalid.")).detail, "");
}

TEST(WithoutRowValues, AConstraintKeepsItsNameAndLosesItsDetail) {
    for (const std::string code : {"23502", "23503", "23505", "23514", "23P01", "44000"}) {
        const auto shown = without_row_values(error(
            code, R"(violates constraint "orders_total_check")", "Failing row contains (7)."));
        EXPECT_EQ(shown.message, R"(violates constraint "orders_total_check")");
        EXPECT_EQ(shown.detail, "");
        EXPECT_NE(shown.hint.find("--show-values"), std::string::npos);
    }
}

TEST(WithoutRowValues, EverythingElseStays) {
    const auto blocked = without_row_values(error("40P01", "deadlock detected", "Process 7 waits"));
    EXPECT_EQ(blocked.detail, "Process 7 waits");
    EXPECT_EQ(blocked.hint, "");
    // Its value is one of the statement that the user wrote.
    auto own = error("22P02", R"(invalid input syntax for type integer: "abc")");
    own.position = 8;
    EXPECT_EQ(without_row_values(own).message, own.message);
    EXPECT_EQ(without_row_values(own).hint, "");
    // Nothing was left out, so nothing is said of it.
    EXPECT_EQ(without_row_values(error("22012", "division by zero")).hint, "");
}

TEST(Errors, TheTextCarriesCodePlaceDetailAndHint) {
    harness::database::Error error;
    error.message = "no such column";
    error.code = "42703";
    error.position = 8;
    error.detail = "one\ntwo";
    error.hint = "try this";
    EXPECT_EQ(error.text(),
              "no such column (SQLSTATE 42703) at character 8\n  detail: one\n    two\n  hint: try "
              "this");
}

}  // namespace
