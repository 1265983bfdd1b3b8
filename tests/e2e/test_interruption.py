"""However a run ends, the database is left as it was found."""
import json
import signal
import subprocess

import pytest

import shop

OURS = ("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'rehearse/%'"
        " AND datname = current_database()")
LONG = {"warmup": "60s", "before": "60s", "after": "60s"}
STEP = {"name": "hold", "sql": "LOCK TABLE orders IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(60)"}

# What each phase is recognised by, from outside.
IN_PHASE = {
    "warmup": (LONG, [STEP]),
    "before": (LONG | {"warmup": "200ms"}, [STEP]),
    "during": (LONG | {"warmup": "200ms", "before": "1s"}, [STEP]),
    "after": (LONG | {"warmup": "200ms", "before": "1s"}, [
        {"name": "mark", "sql": "CREATE TABLE the_step_is_over ()"}]),
}


@pytest.fixture
def in_phase(rehearse, scenario, shop_database, until):
    """Starts a run and returns it when it has reached a phase."""
    def start(phase):
        phases, steps = IN_PHASE[phase]
        child = rehearse.start("run", scenario(shop.scenario(*steps, phases=phases)), "--db",
                               shop_database.uri, "--out", "out")
        until(lambda: shop_database.value(OURS) > 8, child)
        if phase == "before":
            until(lambda: shop_database.value(
                "SELECT sum(n_tup_ins) FROM pg_stat_user_tables WHERE relname = 'orders'")
                > shop.ROWS + 50, child)
        elif phase == "during":
            until(lambda: shop_database.value(
                "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted"
                " AND relation = 'orders'::regclass") > 0, child)
        elif phase == "after":
            until(lambda: shop_database.value(
                "SELECT to_regclass('the_step_is_over') IS NOT NULL"), child)
        return child
    return start


def test_ctrl_c_stops_the_load_and_still_writes_a_report(rehearse, in_phase, shop_database):
    child = in_phase("before")
    child.send_signal(signal.SIGINT)

    ended = rehearse.finish(child, timeout=30)

    assert ended.code == 130
    result = json.loads((rehearse.folder / "out" / "result.json").read_text())
    assert result["interrupted"] is True
    assert result["verdict"] != "pass"
    assert shop_database.value(OURS) == 0


def test_a_second_ctrl_c_cancels_the_running_step(rehearse, in_phase, shop_database):
    child = in_phase("during")
    child.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(timeout=1)  # the first one lets the step end
    child.send_signal(signal.SIGINT)

    assert rehearse.finish(child, timeout=30).code == 130
    assert shop_database.value(OURS) == 0


def test_sigterm_ends_with_143(rehearse, in_phase, shop_database):
    child = in_phase("after")
    child.send_signal(signal.SIGTERM)

    assert rehearse.finish(child, timeout=30).code == 143
    assert shop_database.value(OURS) == 0


@pytest.mark.parametrize("phase", IN_PHASE)
def test_cleanup_removes_what_a_killed_run_left(rehearse, scenario, in_phase, shop_database,
                                                until, phase):
    child = in_phase(phase)
    child.kill()
    child.communicate()

    cleaned = rehearse("cleanup", "--db", shop_database.uri)

    assert cleaned.code == 0, cleaned.err
    until(lambda: shop_database.value(OURS) == 0)
    left = shop_database.values("SELECT relname::text FROM pg_class c JOIN pg_namespace n"
                                " ON n.oid = relnamespace WHERE nspname = 'rehearse'"
                                " AND relkind = 'r'")
    assert left == ["guard"], "the mark stays, nothing else does"
    again = rehearse("run", scenario(shop.scenario({"name": "nothing", "pause": "10ms"})), "--db",
                     shop_database.uri, "--out", "again")
    # 3: the machine was busy and the generator late, which a short run cannot make up for.
    assert again.code in (0, 3), again.err
