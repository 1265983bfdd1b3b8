// One throwaway server for the whole test program, one fresh database for each test.
#pragma once

#include "harness/database/control.hpp"
#include "harness/postgres/connection.hpp"
#include "harness/postgres/control.hpp"
#include "harness/postgres/throwaway_server.hpp"
#include "tests/integration/server_under_test.hpp"

#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace tests {

// Started at the first call, stopped by main() after the last test.
harness::postgres::PostgresThrowaway& server();

// Its major version. A test of what older servers lack skips itself, saying so.
int server_major();

// A database of its own for each test; dropped at its end.
class FreshDatabase : public testing::Test {
protected:
    FreshDatabase();
    ~FreshDatabase() override;
    void SetUp() override;
    void TearDown() override;

    [[nodiscard]] const std::string& database() const { return name_; }
    [[nodiscard]] std::string uri() const { return server().uri_of(name_); }
    // As a role of the harness ("rehearse/test") or, with `user`, as another user.
    [[nodiscard]] std::string conninfo(std::string_view role = "test",
                                       std::string_view user = "postgres") const;
    [[nodiscard]] std::unique_ptr<harness::database::Control> control(
        harness::postgres::ControlOptions options = {}) const;

    // On a connection kept for the whole test, through libpqxx: what is tested does not vouch for
    // itself. Throws if the statement fails.
    harness::database::Outcome sql(std::string_view statement);
    // The first column of the first row; fails the test if there is none.
    std::string value(std::string_view query);

    // Waits until the query's first value is true, at most 10 s; false: it never was.
    [[nodiscard]] bool becomes_true(std::string_view query);

private:
    class OwnClient;
    std::string name_;
    std::unique_ptr<OwnClient> own_;
};

}  // namespace tests
