#include "harness/database/engine.hpp"
#include "harness/postgres/guard_table.hpp"
#include "harness/postgres/run_lock.hpp"
#include "tests/integration/throwaway.hpp"

#include <vector>

namespace {

using harness::database::Refused;
using harness::postgres::check_guard;
using harness::postgres::mark_as_staging;
using harness::postgres::unmark;

class Guard : public tests::FreshDatabase {
protected:
    void mark() {
        mark_as_staging(*control(),
                        [this](const std::string& line) { announced_.push_back(line); });
    }
    // Why the guard refuses; "allowed" if it does not.
    std::string refusal(std::string_view user = "postgres") {
        try {
            check_guard(*harness::postgres::open_control(conninfo("test", user)));
        } catch (const Refused& refused) {
            return refused.what();
        }
        return "allowed";
    }
    bool refuses_because(std::string_view words) {
        const std::string why = refusal();
        return why.find(words) != std::string::npos;
    }
    std::vector<std::string> announced_;
};

TEST_F(Guard, RefusesADatabaseThatNobodyMarkedAndSaysWhatToDo) {
    const std::string why = refusal();
    EXPECT_NE(why.find("not marked as staging"), std::string::npos);
    EXPECT_NE(why.find("rehearse guard mark"), std::string::npos);
    EXPECT_EQ(value("SELECT count(*) FROM pg_namespace WHERE nspname = 'rehearse'"), "0");
}

TEST_F(Guard, AllowsAMarkedDatabaseToEveryRole) {
    mark();
    EXPECT_EQ(refusal(), "allowed");
    sql("CREATE ROLE anyone LOGIN");
    EXPECT_EQ(refusal("anyone"), "allowed");
    sql("DROP ROLE anyone");
}

TEST_F(Guard, SaysWhatItMakesBeforeItMakesIt) {
    mark();
    ASSERT_EQ(announced_.size(), 1U);
    EXPECT_NE(announced_[0].find("rehearse.guard"), std::string::npos);
}

TEST_F(Guard, MarkingTwiceIsOneMark) {
    mark();
    mark();
    EXPECT_EQ(value("SELECT count(*) FROM rehearse.guard"), "1");
    EXPECT_EQ(refusal(), "allowed");
}

TEST_F(Guard, RefusesACopyUnderAnotherName) {
    mark();
    sql("UPDATE rehearse.guard SET database_name = 'shop_staging'");
    EXPECT_TRUE(refuses_because("shop_staging"));
}

TEST_F(Guard, RefusesADumpRestoredOnAnotherServer) {
    mark();
    sql("UPDATE rehearse.guard SET system_identifier = '7000000000000000000'");
    EXPECT_TRUE(refuses_because("another server"));
    sql("UPDATE rehearse.guard SET system_identifier = NULL");
    EXPECT_TRUE(refuses_because("another server"));
}

TEST_F(Guard, RefusesAPromotedCopy) {
    mark();
    sql("UPDATE rehearse.guard SET timeline = '0000000A'");
    EXPECT_TRUE(refuses_because("promoted copy"));
}

TEST_F(Guard, RefusesARoleThatMayNotReadTheMark) {
    mark();
    sql("REVOKE ALL ON rehearse.guard FROM PUBLIC; CREATE ROLE blind LOGIN");
    EXPECT_NE(refusal("blind").find("may not read"), std::string::npos);
    sql("REVOKE USAGE ON SCHEMA rehearse FROM PUBLIC");
    EXPECT_NE(refusal("blind").find("may not read"), std::string::npos);
    sql("DROP ROLE blind");
}

TEST_F(Guard, RefusesAMarkThatIsEmptyOrOfAnotherShape) {
    mark();
    sql("DELETE FROM rehearse.guard");
    EXPECT_TRUE(refuses_because("not marked"));
    sql("ALTER TABLE rehearse.guard DROP COLUMN timeline");
    EXPECT_TRUE(refuses_because("mark the database again"));
    mark();
    EXPECT_EQ(refusal(), "allowed");
}

TEST_F(Guard, UnmarkingLeavesNothing) {
    mark();
    unmark(*control(), [](const std::string&) {});
    EXPECT_TRUE(refuses_because("not marked"));
    EXPECT_EQ(value("SELECT count(*) FROM pg_namespace WHERE nspname = 'rehearse'"), "0");
    EXPECT_NO_THROW(unmark(*control(), [](const std::string&) {}));
}

TEST_F(Guard, UnmarkingKeepsWhatElseIsInTheSchema) {
    mark();
    sql("CREATE TABLE rehearse.other (a int)");
    unmark(*control(), [](const std::string&) {});
    EXPECT_EQ(value("SELECT count(*) FROM rehearse.other"), "0");
}

class RunLock : public tests::FreshDatabase {};

TEST_F(RunLock, LetsOnlyOneRehearsalInAndNamesTheOther) {
    auto first = harness::postgres::lock_for_run(conninfo("lock"));
    const std::string pid = value(
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'rehearse/lock' "
        "AND datname = current_database()");
    try {
        const auto second = harness::postgres::lock_for_run(conninfo("lock"));
        FAIL() << "two rehearsals at once";
    } catch (const Refused& refused) {
        const std::string why = refused.what();
        EXPECT_NE(why.find("session " + pid), std::string::npos) << why;
        EXPECT_NE(why.find("rehearse/lock"), std::string::npos) << why;
    }
    first.reset();
    EXPECT_NO_THROW(static_cast<void>(harness::postgres::lock_for_run(conninfo("lock"))));
}

TEST_F(RunLock, IsOfTheDatabaseNotOfTheServer) {
    const auto here = harness::postgres::lock_for_run(conninfo("lock"));
    EXPECT_NO_THROW(static_cast<void>(harness::postgres::lock_for_run(
        harness::postgres::Target::parse(tests::server().uri()).conninfo("lock"))));
}

}  // namespace
