#include "tests/integration/migration_fixture.hpp"

#include <algorithm>
#include <csignal>

namespace {

using namespace std::chrono_literals;

class Command : public tests::MigrationFixture {
protected:
    std::string seen;

    [[nodiscard]] static scenarios::CommandStep shell(std::string script) {
        scenarios::CommandStep step;
        step.command = {"sh", "-c", std::move(script)};
        return step;
    }
    [[nodiscard]] reports::Step run(const scenarios::CommandStep& action) {
        return migrate({step("tool", action)})[0];
    }
};

TEST_F(Command, ReachesTheTargetThroughTheVariablesOfLibpq) {
    std::int64_t process = 0;
    hooks.on_command_start = [&](const harness::migration::CommandStart& start) {
        process = start.process;
        EXPECT_GT(start.server_clock_us, 0);
    };
    scenarios::CommandStep psql;
    psql.command = {"psql",
                    "-X",
                    "-v",
                    "ON_ERROR_STOP=1",
                    "-c",
                    "CREATE TABLE made AS SELECT current_setting('application_name') AS who, "
                    "current_database() AS db"};
    const auto step = run(psql);
    EXPECT_EQ(step.outcome, "ok") << step.error;
    EXPECT_EQ(step.kind, "command");
    EXPECT_EQ(value("SELECT db FROM made"), database());
    EXPECT_EQ(value("SELECT who FROM made"), "rehearse/step");
    EXPECT_GT(process, 0);
}

TEST_F(Command, ReachesTheTargetThroughItsUri) {
    auto action = shell(
        "psql -X \"$URL\" -tc 'SELECT 40 + 2 AS x'; echo \"$PGAPPNAME\"; "
        "echo \"$PARTS\"");
    action.environment = {{"URL", "{{target.uri}}"},
                          {"PARTS", "{{target.user}} {{target.database}}"}};
    const auto step = run(action);
    EXPECT_EQ(step.outcome, "ok") << step.error;
    EXPECT_TRUE(contains(log(), "42")) << log();
    EXPECT_TRUE(contains(log(), "[tool] rehearse/step\n")) << log();
    EXPECT_TRUE(contains(log(), "[tool] postgres " + database() + "\n")) << log();
}

TEST_F(Command, ItsRewritesAreFoundToo) {
    sql("CREATE TABLE t (a int); INSERT INTO t VALUES (1)");
    const auto step = run(shell("psql -X -c 'ALTER TABLE t ALTER a TYPE bigint'"));
    EXPECT_EQ(step.outcome, "ok") << step.error;
    EXPECT_EQ(step.rewrote, std::vector<std::string>{"t"});
    EXPECT_GT(step.wal_total_bytes.value_or(0), 0);
}

TEST_F(Command, AFailureTellsTheStatusAndTheLastLines) {
    const auto step =
        run(shell("for i in 1 2 3 4 5 6 7; do echo line $i; done; echo bad >&2; exit 7"));
    EXPECT_EQ(step.outcome, "failed");
    EXPECT_TRUE(contains(step.error, "exit status 7")) << step.error;
    EXPECT_TRUE(contains(step.error, "| bad")) << step.error;
    EXPECT_FALSE(contains(step.error, "line 3")) << step.error;
    EXPECT_TRUE(contains(log(), "[tool] line 1\n"));
    ASSERT_EQ(step.attempts.size(), 1U);
    EXPECT_EQ(step.attempts[0].outcome, "error");
}

TEST_F(Command, ASignalIsNamed) {
    EXPECT_TRUE(contains(run(shell("kill -SEGV $$")).error, "killed by signal 11"));
}

TEST_F(Command, ATimeoutEndsTheWholeGroupWithTerm) {
    auto action = shell("echo $$; sleep 1000 & sleep 1000; echo never");
    action.timeout = 200ms;
    const auto step = run(action);
    EXPECT_EQ(step.outcome, "failed");
    EXPECT_TRUE(
        contains(step.error, "timed out after 200 ms and was sent SIGTERM: killed by signal 15"))
        << step.error;
    EXPECT_FALSE(contains(log(), "left processes behind")) << log();
}

TEST_F(Command, WhoIgnoresTermIsKilled) {
    auto action = shell("trap '' TERM; sleep 1000; sleep 1000; sleep 1000");
    action.timeout = 100ms;
    const auto step = run(action);
    EXPECT_EQ(step.outcome, "failed");
    EXPECT_TRUE(contains(step.error, "SIGTERM, then SIGKILL: killed by signal 9")) << step.error;
}

TEST_F(Command, WhatCannotBeFoundIsSaid) {
    scenarios::CommandStep action;
    action.command = {"no-such-migration-tool"};
    const auto steps = migrate({step("tool", action), step("later", scenarios::PauseStep{1h})});
    EXPECT_EQ(steps[0].outcome, "failed");
    EXPECT_TRUE(contains(steps[0].error, "command not found: no-such-migration-tool"))
        << steps[0].error;
    EXPECT_EQ(steps[1].outcome, "skipped");
}

TEST_F(Command, ADaemonThatKeepsTheOutputOpenDoesNotHoldTheStepUp) {
    const auto step = run(shell("setsid sleep 30 & echo daemon $!"));
    EXPECT_EQ(step.outcome, "ok") << step.error;
    EXPECT_LT(step.end_s - step.start_s, 20);
    EXPECT_TRUE(contains(log(), "left processes behind")) << log();
    const auto at = log().find("daemon ");
    ASSERT_NE(at, std::string::npos);
    EXPECT_EQ(kill(std::stoi(log().substr(at + 7)), SIGKILL), 0) << "it was left alive";
}

TEST_F(Command, OutputIsKeptWhateverItIs) {
    const auto step =
        run(shell("printf 'no end'; printf '\\377\\376\\n' ; "
                  "head -c 100000 /dev/zero | tr '\\0' x; printf '\\nbar 1\\rbar 2\\n'; "
                  "printf 'the last words'"));
    EXPECT_EQ(step.outcome, "ok") << step.error;
    EXPECT_TRUE(contains(log(), "no end\xEF\xBF\xBD\xEF\xBF\xBD\n"));
    EXPECT_TRUE(contains(log(), "[tool] bar 1\n"));
    EXPECT_TRUE(contains(log(), "[tool] the last words\n"));
    const auto text = log();
    EXPECT_GE(std::count(text.begin(), text.end(), 'x'), 100000);
}

TEST_F(Command, MuchOutputIsReadToItsEnd) {
    const auto step = run(shell("i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done"));
    EXPECT_EQ(step.outcome, "ok") << step.error;
    EXPECT_TRUE(contains(log(), "[tool] line 0\n"));
    EXPECT_TRUE(contains(log(), "[tool] line 19999\n"));
}

TEST_F(Command, ThePasswordReachesTheCommandButNoLogAndNoArgument) {
    auto own = engine();
    own.target =
        harness::postgres::command_target("host=/tmp user=anna dbname=shop password='s3 cr:t'");
    hooks.log = [this](std::string_view line) { seen += std::string{line} + "\n"; };
    auto action = shell("echo \"$PGPASSWORD\" \"$URL\"; [ \"$PGPASSWORD\" = 's3 cr:t' ] && exit 5");
    action.environment = {{"URL", "{{target.uri}}"}};
    harness::migration::MigrationRunner runner{own, hooks, interruption, settings};
    const auto steps = runner.run({step("tool", action)});
    EXPECT_TRUE(contains(steps[0].error, "exit status 5")) << "it is there: " << steps[0].error;
    EXPECT_FALSE(contains(seen + steps[0].error, "s3 cr:t")) << seen;
    EXPECT_FALSE(contains(seen + steps[0].error, "s3%20cr%3At")) << seen;
    EXPECT_TRUE(contains(seen, "*** postgresql://anna:***@/shop?host=%2Ftmp")) << seen;

    scenarios::CommandStep argument;
    argument.command = {"echo", "{{target.password}}"};
    harness::migration::MigrationRunner second{own, hooks, interruption, settings};
    const auto refused = second.run({step("tool", argument)});
    EXPECT_EQ(refused[0].outcome, "failed");
    EXPECT_TRUE(contains(refused[0].error, "put the placeholder into env")) << refused[0].error;
}

TEST_F(Command, TheFirstInterruptionLetsItEndAndTheSecondDoesNot) {
    hooks.on_command_start = [&](const auto&) { interruption.request(); };
    EXPECT_EQ(run(shell("sleep 0.1; echo done")).outcome, "ok");

    harness::migration::Interruption twice;
    hooks.on_command_start = [&](const auto&) {
        twice.request();
        twice.request();
    };
    harness::migration::MigrationRunner runner{engine(), hooks, twice, settings};
    const auto steps = runner.run({step("tool", shell("sleep 1000"))});
    EXPECT_EQ(steps[0].outcome, "interrupted");
    EXPECT_TRUE(contains(steps[0].error, "killed by signal 15")) << steps[0].error;
}

TEST_F(Command, RunsInItsFolder) {
    settings.working_directory = "/usr/share";
    EXPECT_EQ(run(shell("pwd")).outcome, "ok");
    EXPECT_TRUE(contains(log(), "[tool] /usr/share\n")) << log();
}

TEST(CommandTarget, NamesHostsSocketsAndServicesAsOtherProgramsWantThem) {
    using harness::postgres::command_target;
    const auto tcp =
        command_target("postgresql://anna:p%40ss@db.example:5433/shop?sslmode=require");
    EXPECT_EQ(tcp.uri, "postgresql://anna:p%40ss@db.example:5433/shop?sslmode=require");
    EXPECT_EQ(tcp.password, "p@ss");
    EXPECT_EQ(command_target("host=::1 port=6 user=a dbname=b").uri, "postgresql://a@[::1]:6/b");
    EXPECT_EQ(command_target("host=/run/pg port=6 user=a dbname='b c'").uri,
              "postgresql://a@/b%20c?host=%2Frun%2Fpg&port=6");
    const auto service = command_target("service=staging");
    EXPECT_EQ(service.uri, "postgresql:///?service=staging");
    EXPECT_TRUE(service.remove.empty());
    EXPECT_THROW(static_cast<void>(command_target("host='")), harness::postgres::InvalidTarget);
}

}  // namespace
