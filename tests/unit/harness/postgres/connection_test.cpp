#include "harness/postgres/connection.hpp"

#include <cstdlib>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace {

using harness::postgres::InvalidTarget;
using harness::postgres::Target;

// No variable of whoever runs the test gets in the way.
class TargetOf : public testing::Test {
protected:
    void SetUp() override {
        for (const char* name :
             {"PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD", "PGSERVICE",
              "PGAPPNAME", "PGCONNECT_TIMEOUT", "PGCLIENTENCODING"}) {
            unsetenv(name);
        }
    }
    void TearDown() override { SetUp(); }

    static std::string why_invalid(const std::string& text) {
        try {
            static_cast<void>(Target::parse(text));
        } catch (const InvalidTarget& invalid) {
            return invalid.what();
        }
        return "valid";
    }
    static bool has(const std::string& conninfo, const std::string& part) {
        return conninfo.find(part) != std::string::npos;
    }
};

TEST_F(TargetOf, AUriAndKeyValuesSayTheSame) {
    const auto uri = Target::parse("postgresql://anna:s%40crt@db.example:6543/shop");
    const auto keys =
        Target::parse("host=db.example port=6543 dbname=shop user=anna password=s@crt");
    EXPECT_EQ(uri.describe(), "database shop on db.example:6543 as anna");
    EXPECT_EQ(keys.describe(), uri.describe());
    EXPECT_TRUE(has(uri.conninfo("x"), "password='s@crt'"));
}

TEST_F(TargetOf, TheEnvironmentFillsWhatTheStringLeavesOut) {
    setenv("PGHOST", "db.example", 1);
    setenv("PGUSER", "anna", 1);
    EXPECT_EQ(Target::parse("").describe(), "database anna on db.example:5432 as anna");
    EXPECT_EQ(Target::parse("dbname=shop").describe(), "database shop on db.example:5432 as anna");
}

TEST_F(TargetOf, TheApplicationNameIsOursWhateverTheUserSays) {
    setenv("PGAPPNAME", "psql", 1);
    const auto text = Target::parse("dbname=x application_name=mine").conninfo("migration");
    EXPECT_TRUE(has(text, "application_name='rehearse/migration'"));
    EXPECT_FALSE(has(text, "mine"));
    EXPECT_TRUE(has(text, "client_encoding='UTF8'"));
}

TEST_F(TargetOf, TheConnectTimeoutIsTheUsersIfHeSetOne) {
    EXPECT_TRUE(has(Target::parse("dbname=x").conninfo("x"), "connect_timeout='10'"));
    EXPECT_TRUE(
        has(Target::parse("dbname=x connect_timeout=3").conninfo("x"), "connect_timeout='3'"));
    setenv("PGCONNECT_TIMEOUT", "4", 1);
    EXPECT_FALSE(has(Target::parse("dbname=x").conninfo("x"), "connect_timeout"));
}

TEST_F(TargetOf, ASocketFolderIsNeverOverriddenByAnAddressInTheEnvironment) {
    setenv("PGHOSTADDR", "192.0.2.1", 1);
    EXPECT_TRUE(has(Target::parse("postgresql:///x?host=/tmp").conninfo("x"), "hostaddr=''"));
    EXPECT_FALSE(has(Target::parse("host=db dbname=x").conninfo("x"), "hostaddr"));
}

TEST_F(TargetOf, AnOddNameIsQuoted) {
    EXPECT_TRUE(has(Target::parse("postgresql://db/it's").conninfo("x"), "dbname='it\\'s'"));
}

TEST_F(TargetOf, NeitherDescriptionNorErrorHoldsAPassword) {
    EXPECT_FALSE(has(Target::parse("postgresql://anna:hunter2@db/shop").describe(), "hunter2"));
    const std::vector<std::string> wrong{
        "postgresql://anna:hun/ter2@db/shop",   "postgresql://anna:hun@ter2@db/shop",
        "postgresql://anna:hun?t@er2@db/shop",  "postgresql://anna:hunter2@db:port/shop",
        "host=db password=hunter2 nonsense",    "host=db password='hunter2",
        "host=db password=x pass=hunter2",      "postgresql://anna:hunter2@db/shop?hunter2=1",
        "postgresql://anna:%zzhunter2@db/shop", "hunter2",
        "postgresql://anna:hunter2@[::1/shop",  "host=db port=hunter2",
    };
    for (const auto& text : wrong) {
        const std::string why = why_invalid(text);
        EXPECT_NE(why, "valid") << text;
        for (const char* secret : {"hunter2", "hun", "ter2", "er2"}) {
            EXPECT_FALSE(has(why, secret)) << text << "\n" << why;
        }
    }
}

}  // namespace
