// No connection is used on another server than the one that the guard has checked.
#include "harness/postgres/identity.hpp"

#include "harness/postgres/engine.hpp"
#include "harness/postgres/guard_table.hpp"
#include "harness/postgres/lock_source.hpp"
#include "tests/integration/load_support.hpp"
#include "tests/integration/session_probe.hpp"
#include "tests/integration/throwaway.hpp"

namespace {

using harness::database::Outage;
using harness::postgres::Destination;
using harness::postgres::identity_of_server;
using harness::postgres::ServerIdentity;

class Identity : public tests::FreshDatabase {
protected:
    // The checked one is another database; on another server the rest would differ, too.
    [[nodiscard]] static std::shared_ptr<const ServerIdentity> elsewhere() {
        const auto other = harness::postgres::open_control(
            harness::postgres::Target::parse(tests::server().uri_of("postgres")).conninfo("test"));
        return std::make_shared<const ServerIdentity>(identity_of_server(*other));
    }
    [[nodiscard]] std::shared_ptr<const ServerIdentity> here() const {
        return std::make_shared<const ServerIdentity>(identity_of_server(*control()));
    }
};

template <class Action>
std::string refusal_of(Action&& action) {
    try {
        action();
    } catch (const Outage& outage) {
        return outage.what();
    }
    return "accepted";
}

TEST_F(Identity, IsTheSameOnEachConnectionToOneDatabase) {
    const auto first = here();
    const auto second = here();
    EXPECT_EQ(first->answer, second->answer);
    EXPECT_NE(
        first->answer.find(value("SELECT system_identifier FROM pg_catalog.pg_control_system()")),
        std::string::npos);
    EXPECT_NE(first->answer, elsewhere()->answer);
    EXPECT_EQ(harness::postgres::open_control({conninfo(), first})->execute("SELECT 7").rows[0][0],
              "7");
}

TEST_F(Identity, OfAServiceThatHidesItsIdentifierIsTheMomentOfItsStart) {
    sql("CREATE ROLE plain LOGIN; REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC");
    const auto plain = harness::postgres::open_control(conninfo("test", "plain"));
    const auto identity = identity_of_server(*plain);
    EXPECT_NE(identity.answer.find(" primary"), std::string::npos) << identity.answer;
    const auto shared = std::make_shared<const ServerIdentity>(identity);
    EXPECT_EQ(
        refusal_of([&] {
            static_cast<void>(harness::postgres::open_control({conninfo("test", "plain"), shared}));
        }),
        "accepted");
    sql("DROP ROLE plain");
}

TEST_F(Identity, EveryKindOfConnectionElsewhereIsRefused) {
    const Destination destination{conninfo(), elsewhere()};
    const auto words = std::string{"leads to another server"};
    const auto refused = [&](auto&& action) {
        const std::string why = refusal_of(action);
        return why.find(words) != std::string::npos ? words : why;
    };
    EXPECT_EQ(refused([&] { static_cast<void>(harness::postgres::open_control(destination)); }),
              words);
    EXPECT_EQ(refused([&] { static_cast<void>(harness::postgres::open_lock_source(destination)); }),
              words);
}

TEST_F(Identity, ASessionOfTheLoadElsewhereIsRefusedBeforeItsSettingsRun) {
    sql("CREATE TABLE touched (a int)");
    harness::postgres::LoadPlan plan;
    plan.conninfo = conninfo("workload");
    plan.server = elsewhere();
    plan.operations = {tests::compiled(tests::statement("SELECT 1"))};
    plan.session_sql = {"INSERT INTO touched VALUES (1)", ""};
    tests::SessionProbe session{plan};
    const auto failed = session.connect();
    ASSERT_TRUE(failed);
    EXPECT_NE(failed->message.find("leads to another server"), std::string::npos);
    EXPECT_EQ(value("SELECT count(*) FROM touched"), "0");

    plan.server = here();
    tests::SessionProbe good{plan};
    EXPECT_FALSE(good.connect());
    EXPECT_TRUE(good.run().ok());
    EXPECT_EQ(value("SELECT count(*) FROM touched"), "1");
}

TEST_F(Identity, OfSeveralHostsTheOneThatWasCheckedIsMeantFromThenOn) {
    harness::postgres::mark_as_staging(*control(), [](const std::string&) {});
    const std::string folder = value("SHOW unix_socket_directories");
    const auto target = harness::postgres::engine().open(
        "host=/nowhere," + folder + " port=1,5432 user=postgres dbname=" + database());
    target->check_guard();
    EXPECT_EQ(target->describe(),
              "database " + database() + " on socket " + folder + ", port 5432 as postgres");
    EXPECT_EQ(target->command_target().host, folder);
    EXPECT_EQ(target->connect("test")->execute("SELECT 7").rows[0][0], "7");
}

}  // namespace
