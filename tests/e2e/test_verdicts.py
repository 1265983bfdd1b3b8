"""What a run finds, and what it says about it."""
import json

import shop
from results import assert_nothing_found, counted, errors, operation
from shop import NOTHING


def test_a_rewrite_under_load_fails_and_the_culprit_is_named(run):
    ended, result = run(shop.scenario(shop.NAIVE))

    assert ended.code == 1
    assert (result["verdict"], result["exit_code"]) == ("fail", 1)
    assert result["locks"]["max_wait_ms"] >= 900
    episode = max(result["locks"]["episodes"], key=lambda entry: entry["victim_seconds"])
    assert episode["blocker"]["step"] == shop.NAIVE["name"]
    assert (episode["relation"].split(".")[-1], episode["mode"]) == ("orders",
                                                                     "AccessExclusiveLock")
    assert {victims["operation"] for victims in episode["victims"]} <= {"read_order",
                                                                        "place_order"}
    step = result["steps"][0]
    assert any("orders" in relation for relation in step["rewrote"])
    assert step["wal_bytes"] > shop.ROWS * 40, "each row was written anew"
    assert any(lock["mode"] == "AccessExclusiveLock" and lock["held_s"] >= 0.9
               for lock in step["locks"])
    said = ended.out + ended.err
    assert "ALTER TABLE orders" in said and "AccessExclusiveLock" in said
    assert max(map(len, said.splitlines())) <= 100
    # Users waited as long as the lock was held, and not before.
    read = operation(result, "read_order")["phases"]
    assert read["during"]["response_ms"]["max"] >= 900
    assert read["during"]["stall_max_s"] >= 0.9
    assert read["before"]["response_ms"]["max"] < 900


def test_the_same_change_in_small_steps_passes(run, shop_database):
    # A machine that is busy with something else makes a run inconclusive; not six times over.
    for attempt in range(6):
        ended, result = run(shop.scenario(*shop.SAFE), out=f"out-{attempt}")
        if ended.code != 3:
            break
        shop_database.execute("ALTER TABLE orders DROP COLUMN region")

    assert ended.code == 0, ended.err + str(result["reasons"])
    assert result["verdict"] == "pass"
    assert [step["outcome"] for step in result["steps"]] == ["ok", "ok"]
    assert result["steps"][1]["rows"] >= shop.ROWS
    # What was placed after the backfill had passed has no region yet; nothing older may lack it.
    assert shop_database.value(
        f"SELECT count(*) FROM orders WHERE region IS NULL AND id <= {shop.ROWS}") == 0


def test_an_open_loop_sends_what_is_due_in_every_phase(run):
    _, result = run(shop.scenario(NOTHING, phases={"warmup": "0ms", "before": "2s", "after": "2s"}))

    # Poisson, 400 due in 2 s: outside 300..500 once in 1,000,000 runs.
    for phase in ("before", "after"):
        total = sum(counted(result, name, phase) for name in ("read_order", "place_order"))
        assert 300 <= total <= 500


def test_a_failing_migration_ends_with_5_and_the_load_goes_on(run):
    broken = {"name": "broken", "sql": "ALTER TABLE no_such_table ADD COLUMN x int"}

    ended, result = run(shop.scenario(broken, NOTHING))

    assert ended.code == 5
    assert [step["outcome"] for step in result["steps"]] == ["failed", "skipped"]
    assert "no_such_table" in result["steps"][0]["error"]
    assert counted(result, "read_order", "after") > 0


def test_failures_are_filed_under_their_sqlstate_never_among_successes(run, rehearse):
    failing = shop.scenario(NOTHING, workload={"operations": [
        {"name": "divide", "weight": 1, "params": {"by": "0"}, "sql": "SELECT 1 / :by::int"}]})

    ended, result = run(failing)

    assert ended.code == 1
    assert set(errors(result)) == {"22012"}
    assert counted(result, "divide", "before") == 0
    # The log tells when, and leaves none out.
    lines = (rehearse.folder / "out" / "events.ndjson").read_text().splitlines()
    bursts = [event for event in map(json.loads, lines) if event["type"] == "errors"]
    assert sum(burst["failed"] for burst in bursts) == sum(
        second["failed"] for second in result["seconds"]) > 0
    assert all(burst["time_s"] < burst["until_s"] for burst in bursts)


def test_a_changed_result_type_is_an_error_of_its_own_and_prepared_again(run):
    star = shop.scenario(
        {"name": "add", "sql": "ALTER TABLE customers ADD COLUMN note text"},
        workload={"operations": [{"name": "star", "weight": 1,
                                  "params": {"id": "uniform(1, 500)"},
                                  "sql": "SELECT * FROM customers WHERE id = :id"}]})

    ended, result = run(star)

    assert set(errors(result)) == {"0A000"}
    # At most once a connection, and everything after it gets through.
    assert 1 <= errors(result)["0A000"] <= 8
    assert counted(result, "star", "after") >= 100
    assert ended.code == 1


def test_a_deploy_switches_the_application(run):
    both = shop.scenario(
        {"name": "deploy", "deploy": "new"}, {"name": "settle", "pause": "500ms"},
        workload={"operations": [
            {"name": "old_read", "weight": 1, "app": "old", "sql": "SELECT 1"},
            {"name": "new_read", "weight": 1, "app": "new", "sql": "SELECT 2"}]})

    ended, result = run(both)

    assert counted(result, "old_read", "before") > 0
    assert counted(result, "new_read", "before") == 0
    assert counted(result, "old_read", "after") == 0
    assert counted(result, "new_read", "after") > 0
    assert_nothing_found(ended, result)


def test_an_operation_that_was_never_due_is_said_so(run):
    # One in a million: none of some 800 arrivals is its.
    common = shop.READ | {"weight": 1000000}
    rare = {"name": "rare", "weight": 1, "sql": "SELECT 2"}

    ended, result = run(shop.scenario(NOTHING, workload={"operations": [common, rare]}))

    assert ended.code == 3
    assert result["verdict"] == "inconclusive"
    assert any("rare" in reason for reason in result["reasons"])


def test_a_gate_that_cannot_be_judged_does_not_pass(run):
    ended, result = run(shop.scenario(NOTHING, gates={"errors": 0, "replica_lag.max": "1s"}))

    assert ended.code == 3
    assert {gate["verdict"] for gate in result["gates"]} == {"pass", "inconclusive"}


def test_a_command_step_runs_the_users_tool(run, rehearse):
    tool = {"name": "our tool", "command": [
        "sh", "-c",
        "echo tool was here; psql -X -c 'ALTER TABLE orders ADD COLUMN x int' \"$URL\""],
        "env": {"URL": "{{target.uri}}"}, "timeout": "30s"}

    ended, result = run(shop.scenario(tool))

    assert_nothing_found(ended, result)
    assert result["steps"][0]["outcome"] == "ok"
    assert "tool was here" in (rehearse.folder / "out" / "migration.log").read_text()


def test_a_command_that_fails_or_hangs_fails_the_migration(run):
    for command, timeout in ((["false"], "10s"), (["sleep", "100"], "500ms")):
        ended, result = run(shop.scenario({"name": "tool", "command": command,
                                           "timeout": timeout}), out=f"out-{command[0]}")
        assert ended.code == 5
        assert result["steps"][0]["outcome"] == "failed"


def test_json_is_all_that_stdout_holds(run):
    ended, result = run(shop.scenario(NOTHING), "--json")

    assert json.loads(ended.out) == result
    assert "\x1b[" not in ended.err, "colours without a terminal"
