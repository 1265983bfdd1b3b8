"""The server goes away in the middle: no hang, a record, and a code that says whose fault it is."""
import os
import signal
import subprocess
import time

import pytest

import probe
import results
import shop
from test_interruption import HOLD, IN_PHASE, phases_so_far


def postmaster(throwaway):
    [folder] = throwaway.servers()
    return int((folder / "data" / "postmaster.pid").read_text().split()[0])


def holds_its_lock(throwaway):
    return throwaway.asked("SELECT count(*) FROM pg_stat_activity WHERE state = 'active'"
                           " AND query LIKE '%/* the step runs */%'"
                           " AND pid <> pg_backend_pid()") == 1


@pytest.mark.parametrize("phase", ["before", "during"])
def test_a_server_that_is_stopped_ends_the_rehearsal(throwaway, until, phase):
    phases, steps = IN_PHASE[phase]
    # Short enough to come to the end of `before` without its server.
    # What is due waits for its statement timeout at most, then for a few seconds of grace.
    child = throwaway.start(shop.scenario(
        *steps, workload={"statement_timeout": "1s"},
        phases=phases | {"after": "1s"} | ({"before": "3s"} if phase == "before" else {})))
    until(lambda: phase in phases_so_far(throwaway.folder / "out"), child)
    if phase == "during":
        until(lambda: holds_its_lock(throwaway), child)
    os.kill(postmaster(throwaway), signal.SIGQUIT)  # the immediate shutdown

    ended = throwaway.rehearse.finish(child, timeout=60)

    result = results.read(throwaway.folder / "out")
    assert ended.code == result["exit_code"]
    assert ended.code == 6, result["reasons"]
    assert result["verdict"] == "inconclusive"
    assert "connection" in result["harness_error"]
    if phase == "before":
        assert result["steps"] == [], "nothing was migrated on a server that was gone"
    assert throwaway.left() == []


def test_a_second_ctrl_c_does_not_wait_for_calls_that_can_never_be_made(throwaway, until):
    """What is due when the load ends waits for a connection, as long as a statement may take."""
    # A closed loop: each user has something due as soon as his connection is lost.
    content = shop.scenario(shop.NOTHING, workload={"statement_timeout": "5m"},
                            phases=shop.SHORT | {"after": "60s"})
    del content["workload"]["rate"]
    child = throwaway.start(content)
    until(lambda: "after" in phases_so_far(throwaway.folder / "out"), child)
    os.kill(postmaster(throwaway), signal.SIGQUIT)
    until(lambda: probe.processes_in(throwaway.temporary) == [], child)
    until(lambda: '"connection lost"' in (throwaway.folder / "out" / "events.ndjson").read_text(),
          child)
    child.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(timeout=2)  # the first one lets what is due end
    child.send_signal(signal.SIGINT)

    ended = throwaway.rehearse.finish(child, timeout=60)

    result = results.read(throwaway.folder / "out")
    assert ended.code == 130, result["reasons"]
    assert sum(results.errors(result).values()) > 0
    assert throwaway.left() == []


def test_a_crash_that_the_server_recovers_from_is_counted_and_survived(throwaway, until):
    """kill -9 of one backend: the server ends all sessions and starts again."""
    # Long enough to be caught in the middle: between two operations a crash costs none.
    slow = {"name": "slow_read", "weight": 5, "sql": "SELECT pg_sleep(1)"}
    child = throwaway.start(shop.scenario(
        shop.NOTHING, phases=shop.SHORT | {"before": "1500ms", "after": "3s"},
        workload={"operations": [shop.READ, shop.PLACE, slow], "rate": "60/s"}))
    until(lambda: "after" in phases_so_far(throwaway.folder / "out"), child)
    caught = []

    def in_the_middle():
        caught[:] = [throwaway.asked("SELECT coalesce(min(pid), 0) FROM pg_stat_activity"
                                     " WHERE application_name = 'rehearse/workload'"
                                     " AND state = 'active' AND query LIKE '%pg_sleep%'"
                                     " AND clock_timestamp() - query_start < '200ms'")]
        return caught[0] != 0

    until(in_the_middle, child)
    os.kill(caught[0], signal.SIGKILL)

    ended = throwaway.rehearse.finish(child, timeout=60)

    result = results.read(throwaway.folder / "out")
    assert ended.code in (1, 6), result["reasons"]
    assert result["verdict"] != "pass"
    assert sum(results.errors(result).values()) > 0
    assert result["generator"]["reconnects"] > 0
    assert throwaway.left() == []


def test_a_load_that_is_cut_off_connects_again(rehearse, scenario, shop_database, until):
    child = rehearse.start("run", scenario(shop.scenario(
        shop.NOTHING, phases=shop.SHORT | {"after": "2s"})), "--db", shop_database.uri,
        "--out", "out")
    until(lambda: "after" in phases_so_far(rehearse.folder / "out"), child)
    cut = shop_database.value("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                              " WHERE application_name = 'rehearse/workload'"
                              " AND datname = current_database()")

    ended = rehearse.finish(child)

    result = results.read(rehearse.folder / "out")
    assert cut == 8
    assert result["generator"]["reconnects"] >= 8
    done = [second["done"] for second in result["seconds"]]
    assert done[-1] > 0 or done[-2] > 0, "the load went on"
    assert ended.code in (0, 1, 3), ended.err
    assert set(results.errors(result)) <= {"57P01", "connection_lost", "connection lost"}


def test_an_observer_whose_session_is_ended_leaves_no_pass(rehearse, scenario, shop_database, until):
    child = rehearse.start("run", scenario(shop.scenario(
        shop.NOTHING, phases=shop.SHORT | {"after": "3s"})), "--db", shop_database.uri,
        "--out", "out")
    until(lambda: "after" in phases_so_far(rehearse.folder / "out"), child)
    assert shop_database.value("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                               " WHERE application_name = 'rehearse/observer'"
                               " AND datname = current_database()") == 1

    ended = rehearse.finish(child)

    result = results.read(rehearse.folder / "out")
    assert (ended.code, result["verdict"]) == (3, "inconclusive"), result["reasons"]
    assert any("lost its connection" in reason for reason in result["reasons"])


def test_a_harness_that_stood_still_blames_neither_the_database_nor_itself_less(
        rehearse, scenario, shop_database, until):
    """Its own pause looks like a stall of everything: neither a fail nor a pass can come of it."""
    child = rehearse.start("run", scenario(shop.scenario(
        shop.NOTHING, phases=shop.SHORT | {"after": "3s"}, gates={
            "errors": 0, "stall.max": "500ms", "lock_wait.max": "500ms", "blocked.max": 3,
            "response.p99": {"ratio": 2, "floor": "50ms"}})), "--db", shop_database.uri,
        "--out", "out")
    until(lambda: "after" in phases_so_far(rehearse.folder / "out"), child)
    child.send_signal(signal.SIGSTOP)
    time.sleep(1)  # what is measured: a second in which the generator does not run
    child.send_signal(signal.SIGCONT)

    ended = rehearse.finish(child)

    result = results.read(rehearse.folder / "out")
    assert (ended.code, result["verdict"]) == (3, "inconclusive"), result["reasons"]
    assert any("load generator itself was late" in reason for reason in result["reasons"])
    assert result["generator"]["lag_ms"]["max"] >= 900


def test_a_step_whose_session_is_ended_fails_the_migration(rehearse, scenario, shop_database,
                                                           until):
    child = rehearse.start("run", scenario(shop.scenario(HOLD, shop.NOTHING, phases=shop.SHORT)),
                           "--db", shop_database.uri, "--out", "out")
    until(lambda: shop_database.value(
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active'"
        " AND query LIKE '%/* the step runs */%' AND pid <> pg_backend_pid()") == 1, child)
    shop_database.value("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                        " WHERE query LIKE '%/* the step runs */%' AND pid <> pg_backend_pid()")

    ended = rehearse.finish(child)

    result = results.read(rehearse.folder / "out")
    assert ended.code == 5, result["reasons"]
    assert [step["outcome"] for step in result["steps"]] == ["failed", "skipped"]
    assert results.counted(result, "read_order", "after") > 0
