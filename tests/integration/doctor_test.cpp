#include "harness/postgres/doctor.hpp"

#include "harness/postgres/guard_table.hpp"
#include "tests/integration/throwaway.hpp"

#include <algorithm>

namespace {

using harness::postgres::Check;
using harness::postgres::examine;
using Status = Check::Status;

class Doctor : public tests::FreshDatabase {
protected:
    static const Check& find(const std::vector<Check>& checks, std::string_view name) {
        const auto found = std::find_if(checks.begin(), checks.end(),
                                        [&](const Check& c) { return c.name == name; });
        if (found == checks.end()) {
            throw std::out_of_range{std::string{name}};
        }
        return *found;
    }
};

TEST_F(Doctor, FindsAMarkedThrowawayReady) {
    harness::postgres::mark_as_staging(*control(), [](const std::string&) {});
    const auto checks = examine(*control(), 50);
    EXPECT_TRUE(harness::postgres::usable(checks)) << render(checks);
    EXPECT_EQ(find(checks, "encoding").status, Status::ok);
    EXPECT_EQ(find(checks, "wal_level").status, Status::ok);
    for (const auto& check : checks) {
        EXPECT_EQ(check.status == Status::ok, check.remedy.empty()) << check.name;
    }
}

TEST_F(Doctor, MissesTheMark) {
    const auto checks = examine(*control(), 50);
    EXPECT_EQ(find(checks, "marked as staging").status, Status::missing);
    EXPECT_FALSE(harness::postgres::usable(checks));
    EXPECT_NE(render(checks).find("not ready: 1 missing"), std::string::npos) << render(checks);
}

TEST_F(Doctor, TellsWhatAChangeStreamLacks) {
    const auto enough = find(examine(*control(), 50), "change stream");
    EXPECT_EQ(enough.status, Status::ok) << enough.finding;
    EXPECT_NE(enough.finding.find("may replicate, "), std::string::npos) << enough.finding;
    EXPECT_NE(enough.finding.find(" free slots, "), std::string::npos) << enough.finding;

    sql("DROP ROLE IF EXISTS weak_doctor; CREATE ROLE weak_doctor LOGIN");
    const auto weak = find(
        examine(*harness::postgres::open_control(conninfo("doctor", "weak_doctor")), 50),
        "change stream");
    EXPECT_EQ(weak.status, Status::warn);
    EXPECT_NE(weak.remedy.find("ALTER ROLE \"weak_doctor\" REPLICATION"), std::string::npos)
        << weak.remedy;
    sql("DROP ROLE weak_doctor");
}

TEST_F(Doctor, MissesRoomForTheConnections) {
    EXPECT_EQ(find(examine(*control(), 100'000), "connections").status, Status::missing);
}

TEST_F(Doctor, CountsTheRolesOwnLimit) {
    sql("CREATE ROLE narrow LOGIN CONNECTION LIMIT 5");
    const auto checks = examine(*harness::postgres::open_control(conninfo("doctor", "narrow")), 20);
    EXPECT_EQ(find(checks, "connections").status, Status::missing);
    sql("DROP ROLE narrow");
}

// A walsender takes one of max_connections before PostgreSQL 12, and none of them since.
TEST_F(Doctor, CountsAStandbysConnectionWhereItTakesOneOfTheOthers) {
    const auto free = [&] {
        return std::stoi(find(examine(*control(), 10), "connections").finding);
    };
    const int before = free();
    const auto standby = harness::postgres::open_connection(conninfo("x") + " replication=true");
    EXPECT_EQ(before - free(), tests::server_major() < 12 ? 1 : 0);
}

TEST_F(Doctor, CountsTheConnectionsThatAreReservedForARole) {
    if (tests::server_major() < 16) {
        GTEST_SKIP() << "reserved_connections came with PostgreSQL 16";
    }
    auto options = tests::server_under_test();
    options.settings = {{"reserved_connections", "7"}};
    const harness::postgres::PostgresThrowaway reserving{options};
    const auto as = [&](const std::string& user) {
        std::string uri = reserving.uri();
        uri.replace(uri.find("user=postgres"), 13, "user=" + user);
        return harness::postgres::open_control(
            harness::postgres::Target::parse(uri).conninfo("doctor"));
    };
    as("postgres")->execute("CREATE ROLE plain LOGIN");
    as("postgres")->execute("CREATE ROLE trusted LOGIN IN ROLE pg_use_reserved_connections");
    const auto free = [&](const std::string& user) {
        return std::stoi(find(examine(*as(user), 10), "connections").finding);
    };
    EXPECT_EQ(free("trusted") - free("plain"), 7);
}

TEST_F(Doctor, KnowsWhatAnOrdinaryRoleLacks) {
    sql("CREATE ROLE ordinary LOGIN");
    auto role = harness::postgres::open_control(conninfo("doctor", "ordinary"));
    auto checks = examine(*role, 10);
    EXPECT_EQ(find(checks, "sees other sessions").status, Status::warn);
    EXPECT_EQ(find(checks, "ends sessions").status, Status::warn);
    EXPECT_EQ(find(checks, "makes a schema").status, Status::warn);

    sql("GRANT pg_monitor, pg_signal_backend TO ordinary; GRANT CREATE ON DATABASE " + database() +
        " TO ordinary");
    checks = examine(*role, 10);
    EXPECT_EQ(find(checks, "sees other sessions").status, Status::ok);
    EXPECT_EQ(find(checks, "ends sessions").status, Status::ok);
    EXPECT_EQ(find(checks, "makes a schema").status, Status::ok);
    role.reset();
    sql("REVOKE CREATE ON DATABASE " + database() + " FROM ordinary; DROP ROLE ordinary");
}

TEST_F(Doctor, RefusesAnotherEncoding) {
    sql("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'");
    {
        const auto latin = harness::postgres::open_control(
            harness::postgres::Target::parse(tests::server().uri_of("latin")).conninfo("doctor"));
        const auto check = find(examine(*latin, 10), "encoding");
        EXPECT_EQ(check.status, Status::missing);
        EXPECT_NE(check.finding.find("LATIN1"), std::string::npos);
    }
    bool dropped = false;
    for (int attempt = 0; attempt < 1000 && !dropped; ++attempt) {
        dropped = control()->execute("DROP DATABASE IF EXISTS latin").ok();
    }
    EXPECT_TRUE(dropped);
}

TEST_F(Doctor, SeesTheRolesTimeoutsNotItsOwn) {
    sql("ALTER DATABASE " + database() + " SET statement_timeout = '7s'");
    const auto check = find(examine(*control(), 10), "statement_timeout of the role");
    EXPECT_EQ(check.finding, "7000 ms");
    EXPECT_EQ(check.status, Status::warn);
}

TEST_F(Doctor, WarnsOfATransactionTimeout) {
    if (tests::server_major() < 17) {
        GTEST_SKIP() << "transaction_timeout came with PostgreSQL 17";
    }
    EXPECT_EQ(find(examine(*control(), 10), "transaction_timeout of the role").status, Status::ok);
    sql("ALTER DATABASE " + database() + " SET transaction_timeout = '90s'");
    const auto check = find(examine(*control(), 10), "transaction_timeout of the role");
    EXPECT_EQ(check.finding, "90000 ms");
    EXPECT_EQ(check.status, Status::warn);
}

}  // namespace
