"""However a run ends, the database is left as it was found."""
import json
import signal
import subprocess

import pytest

import probe
import results
import shop
from probe import LOAD, OURS
from shop import NOTHING

LONG = {"warmup": "60s", "before": "60s", "after": "60s"}
HOLD = {"name": "hold", "sql": "LOCK TABLE orders IN ACCESS EXCLUSIVE MODE;"
                               " SELECT /* the step runs */ pg_sleep(60)"}
SLOW_SETUP = shop.SCHEMA + "SELECT /* the setup runs */ pg_sleep(60);"
BRIEF = {"warmup": "200ms", "before": "500ms", "after": "60s"}

# The phases and steps that make a run stay in each phase.
IN_PHASE = {
    "warmup": (LONG, [HOLD]),
    "before": (LONG | {"warmup": "200ms"}, [HOLD]),
    "during": (BRIEF, [HOLD]),
    "after": (BRIEF, [NOTHING]),
}


def phases_so_far(folder):
    """What events.ndjson tells while the run goes on; its last line may still be half a line."""
    path = folder / "events.ndjson"
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    events = [json.loads(line) for line in lines if line.endswith("\n")]
    return [event["phase"] for event in events if event["type"] == "phase"]


def step_runs(connection):
    return connection.execute("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND"
                              " query LIKE '%/* the step runs */%' AND application_name"
                              " LIKE 'rehearse/%'").fetchone()[0] > 0


@pytest.fixture
def in_phase(rehearse, scenario, shop_database, until):
    """Starts a run and returns it when it has reached a phase."""
    def start(phase, steps=None):
        phases, usual = IN_PHASE[phase]
        child = rehearse.start("run", scenario(shop.scenario(*(steps or usual), phases=phases)),
                               "--db", shop_database.uri, "--out", "out")
        until(lambda: phase in phases_so_far(rehearse.folder / "out"), child)
        if phase == "during":
            with shop_database.connect() as connection:
                until(lambda: step_runs(connection), child)
        return child
    return start


def assert_interrupted(ended, folder, code, database):
    result = results.read(folder)
    assert ended.code == code, ended.err
    assert (result["interrupted"], result["exit_code"]) == (True, code)
    assert result["verdict"] == "inconclusive"
    said = "terminated" if code == 143 else "interrupted"
    assert f"{said} before it was over" in (folder / "summary.md").read_text()
    database.assert_no_session_of_ours()
    return result


@pytest.mark.parametrize("phase", ["warmup", "before", "after"])
def test_ctrl_c_stops_the_load_and_still_writes_a_report(rehearse, in_phase, shop_database, phase):
    child = in_phase(phase)
    child.send_signal(signal.SIGINT)

    ended = rehearse.finish(child, timeout=30)

    result = assert_interrupted(ended, rehearse.folder / "out", 130, shop_database)
    assert result["phases"][-1]["name"] == phase


def test_ctrl_c_lets_the_running_step_end_and_begins_no_other(
        rehearse, in_phase, shop_database, until):
    # Ends when it is told to, so that the signal surely comes in its midst.
    shop_database.execute("CREATE TABLE go_on (yes bool)")
    waits = {"name": "waits", "sql": """
        DO $$ BEGIN /* the step runs */
            LOCK TABLE orders IN SHARE UPDATE EXCLUSIVE MODE;
            WHILE NOT EXISTS (SELECT FROM go_on) LOOP
                PERFORM pg_sleep(0.02);
            END LOOP;
        END $$"""}
    child = in_phase("during", [waits, {"name": "next", "sql": "CREATE TABLE never ()"}])
    child.send_signal(signal.SIGINT)
    # The load ends at once, and the step is waited for.
    until(lambda: shop_database.value(LOAD) == 0, child)
    assert shop_database.value(OURS) > 0
    shop_database.execute("INSERT INTO go_on VALUES (true)")

    ended = rehearse.finish(child, timeout=30)

    result = assert_interrupted(ended, rehearse.folder / "out", 130, shop_database)
    assert results.step(result, "waits")["outcome"] == "ok"
    assert results.step(result, "next")["outcome"] != "ok"
    assert shop_database.value("SELECT to_regclass('never') IS NULL")
    assert "once more cancels" in ended.err


def test_ctrl_c_lets_a_throttled_backfill_go_on_and_a_deploy_go(rehearse, in_phase, shop_database,
                                                                until):
    """With the load there is nobody left to be protected, and nobody to be moved."""
    fill = {"name": "fill", "backfill": {"table": "orders", "set": "total = total + 0",
                                         "batch": 500, "throttle": {"p99": "10s",
                                                                    "pause": "50ms"}}}
    held = {"name": "hold", "sql": "SELECT /* the step runs */ pg_sleep(0.5)"}
    child = in_phase("during", [held, fill])
    until(lambda: shop_database.value("SELECT count(*) FROM pg_stat_activity WHERE"
                                      " query LIKE 'UPDATE%total + 0%'") > 0, child)
    child.send_signal(signal.SIGINT)
    ended = rehearse.finish(child, timeout=30)

    result = assert_interrupted(ended, rehearse.folder / "out", 130, shop_database)
    assert results.step(result, "fill")["outcome"] == "ok", result["steps"]
    assert results.step(result, "fill")["rows"] >= shop.ROWS

    roll = {"name": "roll out", "deploy": {"to": "new", "over": "60s"}}
    again = rehearse.start("run", rehearse.folder / "scenario.yaml", "--db", shop_database.uri,
                           "--out", "again", "--set", f"migration.up={json.dumps([roll])}")
    until(lambda: "during" in phases_so_far(rehearse.folder / "again"), again)
    again.send_signal(signal.SIGINT)
    ended = rehearse.finish(again, timeout=30)

    result = assert_interrupted(ended, rehearse.folder / "again", 130, shop_database)
    assert results.step(result, "roll out")["outcome"] == "interrupted", result["steps"]


def test_a_second_ctrl_c_cancels_the_running_step(rehearse, in_phase, shop_database):
    child = in_phase("during")
    child.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(timeout=1)  # the first one lets the step end
    child.send_signal(signal.SIGINT)

    ended = rehearse.finish(child, timeout=30)

    result = assert_interrupted(ended, rehearse.folder / "out", 130, shop_database)
    assert results.step(result, "hold")["outcome"] == "interrupted"


def test_sigterm_ends_with_143(rehearse, in_phase, shop_database):
    child = in_phase("after")
    child.send_signal(signal.SIGTERM)

    ended = rehearse.finish(child, timeout=30)

    assert_interrupted(ended, rehearse.folder / "out", 143, shop_database)


def test_an_interrupted_run_on_a_throwaway_server_leaves_none(throwaway, until):
    child = throwaway.start(shop.scenario(NOTHING, phases=LONG))
    until(lambda: "warmup" in phases_so_far(throwaway.folder / "out"), child)
    child.send_signal(signal.SIGINT)

    ended = throwaway.rehearse.finish(child, timeout=30)

    assert ended.code == 130
    assert results.read(throwaway.folder / "out")["interrupted"] is True
    assert throwaway.left() == []


def setup_runs(throwaway):
    return throwaway.asked("SELECT count(*) FROM pg_stat_activity WHERE state = 'active'"
                           " AND query LIKE '%/* the setup runs */%'"
                           " AND pid <> pg_backend_pid()") == 1


def test_ctrl_c_in_the_setup_ends_it_and_still_writes_a_report(throwaway, until):
    child = throwaway.start(shop.scenario(NOTHING, phases=LONG), setup=SLOW_SETUP)
    until(lambda: setup_runs(throwaway), child)
    child.send_signal(signal.SIGINT)

    ended = throwaway.rehearse.finish(child, timeout=30)

    result = results.read(throwaway.folder / "out")
    assert ended.code == result["exit_code"] == 130, ended.err
    assert result["interrupted"] is True
    assert (result["phases"], result["steps"]) == ([], []), "nothing was begun after it"
    assert throwaway.left() == []


def test_ctrl_c_ends_a_sample_that_takes_long(rehearse, scenario, shop_database, until):
    draw = {"name": "draw", "weight": 1, "sql": "SELECT :v::text",
            "params": {"v": "sample('SELECT pg_sleep(50)::text')"}}
    child = rehearse.start("run", scenario(shop.scenario(NOTHING, workload={"operations": [draw]})),
                           "--db", shop_database.uri, "--out", "out")
    until(lambda: shop_database.value(OURS.replace("/%", "/sample")) == 1, child)
    child.send_signal(signal.SIGINT)

    ended = rehearse.finish(child, timeout=30)

    result = assert_interrupted(ended, rehearse.folder / "out", 130, shop_database)
    assert result["phases"] == []


@pytest.mark.parametrize("phase", IN_PHASE)
def test_cleanup_removes_what_a_killed_run_left(rehearse, scenario, in_phase, shop_database,
                                                until, phase):
    child = in_phase(phase)
    child.kill()
    child.communicate()

    cleaned = rehearse("cleanup", "--db", shop_database.uri)

    assert cleaned.code == 0, cleaned.err
    shop_database.assert_no_session_of_ours()
    left = shop_database.values("SELECT relname::text FROM pg_class c JOIN pg_namespace n"
                                " ON n.oid = relnamespace WHERE nspname = 'rehearse'"
                                " AND relkind = 'r'")
    assert left == ["guard"], "the mark stays, nothing else does"
    again = rehearse("run", scenario(shop.scenario(NOTHING, phases=shop.SHORT)), "--db",
                     shop_database.uri, "--out", "again")
    assert again.code in (0, 3), again.err  # 3: the machine was busy and the generator late


def test_a_killed_run_takes_the_users_tool_along(rehearse, scenario, shop_database, until):
    """Whatever became of the harness: the migration must not go on with nobody to see it."""
    tool = {"name": "our tool", "command": ["sh", "-c", "echo $$ > pid.new && mv pid.new pid"
                                                        " && exec sleep 600"]}
    child = rehearse.start("run", scenario(shop.scenario(tool, phases=BRIEF)), "--db",
                           shop_database.uri, "--out", "out")
    until(lambda: (rehearse.folder / "pid").exists(), child)
    tool_pid = (rehearse.folder / "pid").read_text().strip()
    until(lambda: probe.program_of(tool_pid) == "sleep", child)
    child.kill()
    child.communicate()

    until(lambda: probe.program_of(tool_pid) is None)
    assert rehearse("cleanup", "--db", shop_database.uri).code == 0
    shop_database.assert_no_session_of_ours()


@pytest.mark.parametrize("phase", ["setup", *IN_PHASE])
def test_a_killed_run_takes_its_throwaway_server_along(throwaway, until, phase):
    phases, steps = IN_PHASE.get(phase, (LONG, [HOLD]))
    setup = SLOW_SETUP if phase == "setup" else shop.SCHEMA
    child = throwaway.start(shop.scenario(*steps, phases=phases), setup=setup)
    if phase == "setup":
        until(lambda: setup_runs(throwaway), child)
    else:
        until(lambda: phase in phases_so_far(throwaway.folder / "out"), child)
    child.kill()
    child.communicate()

    # The server ends by itself; its folder is left to the next one who looks.
    until(lambda: probe.processes_in(throwaway.temporary) == [])
    [folder] = throwaway.servers()
    cleaned = throwaway.rehearse("cleanup", environment=throwaway.environment)

    assert cleaned.code == 0, cleaned.err
    assert str(folder) in cleaned.out
    assert throwaway.left() == []


def test_the_next_run_removes_what_a_killed_one_left(throwaway, until):
    child = throwaway.start(shop.scenario(NOTHING, phases=LONG))
    until(lambda: "warmup" in phases_so_far(throwaway.folder / "out"), child)
    [folder] = throwaway.servers()
    child.kill()
    child.communicate()

    ended, result = throwaway.run(shop.scenario(NOTHING, phases=shop.SHORT), out="again")

    assert str(folder) in ended.err
    assert throwaway.left() == []
    results.assert_nothing_found(ended, result)
