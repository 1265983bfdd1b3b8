"""As fast as possible a session sends calls before those ahead of them are answered: nothing else
may come of it than of one call at a time."""
import contextlib
import json
import os
import signal

import psycopg
import pytest

from conftest import wait_until
from test_replay import (  # noqa: F401 (fixtures)
    ACCOUNTS, calls, counting, recorded, replay, replaying, target)

GATE = """
CREATE TABLE kept (at serial, id int PRIMARY KEY);
CREATE TABLE gate (id int PRIMARY KEY);
"""
# Who waits in the middle of the replay, for the test to end its transaction with the same key.
WAITING = """
SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ 'INSERT INTO gate'"""


def work(uri):
    """One session that does of everything: what is sent ahead, what is not, and failures of both."""
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.prepare_threshold = 3
        for n in range(200):
            connection.execute("INSERT INTO log (id, delta) VALUES (%s, %s)", [n, n % 7])
            connection.execute("UPDATE accounts SET balance = balance + %s WHERE id = %s",
                               [n, 1 + n % 100])
            with contextlib.suppress(psycopg.errors.UniqueViolation):
                connection.execute("INSERT INTO accounts VALUES (%s, 0)", [95 + n])
            if n % 10 == 0:
                connection.execute("SET work_mem = '8MB'")
                connection.execute(f"SELECT count(*) FROM log WHERE id < {n}")
            with contextlib.suppress(psycopg.errors.DivisionByZero), connection.transaction():
                connection.execute("UPDATE accounts SET balance = balance - %s WHERE id = %s",
                                   [n, 1 + n % 100])
                if n % 5 == 0:
                    with contextlib.suppress(psycopg.errors.DivisionByZero), \
                            connection.transaction():
                        connection.execute("SELECT %s::int / 0", [n])
                if n % 4 == 0:
                    connection.execute("UPDATE accounts SET balance = 1 / %s::int", [0])
            if n == 100:
                connection.execute("ALTER TABLE log ADD COLUMN note text")
                connection.execute("DEALLOCATE ALL")
                connection._prepared.clear()  # psycopg does not look at what it sends


def rows_of(connection):
    return [connection.execute(question).fetchall() for question in (
        "SELECT id, balance FROM accounts ORDER BY id", "SELECT id, delta FROM log ORDER BY id")]


def sums(result):
    told = {}
    for phase in result["replay"]["outcomes"].values():
        for key, count in phase.items():
            told[key] = told.get(key, 0) + count
    return told


def test_the_same_calls_fail_and_the_same_rows_are_left(recorded, replay, target):  # noqa: F811
    recorded.prepare(ACCOUNTS)
    work(recorded.uri)
    log = recorded.log()
    with recorded.connect() as then:
        rows = rows_of(then)
    seen = []
    for order in ("none", "recorded"):  # the recorded order is kept one call at a time
        target.execute("DROP TABLE IF EXISTS accounts, log")
        target.execute(ACCOUNTS)
        _, result = replay(replaying(log, replay={"speed": 0, "order": order}), out=order)
        with target.connect() as now:
            assert rows_of(now) == rows
        seen.append((sums(result), calls(target, "^(INSERT|UPDATE|ALTER|BEGIN|COMMIT|ROLLBACK|"
                                                 "SAVEPOINT|RELEASE|DEALLOCATE|SET work_mem|"
                                                 "SELECT count.* FROM log)")))
    assert seen[0] == seen[1]
    told = seen[0][0]
    assert told["new"] == told["gone"] == 0
    assert told["as_recorded"] == result["replay"]["statements"]
    assert told["failed_as_recorded"] == 6 + 50 + 40  # keys, and divisions in and out of savepoints


@pytest.fixture
def held(recorded, rehearse, scenario, target):  # noqa: F811
    """A replay of 300 inserts that waits in the middle; gives its process and who waits."""
    recorded.prepare(GATE)
    with recorded.connect() as connection:
        for n in range(300):
            table = "gate" if n == 150 else "kept"
            connection.execute(f"INSERT INTO {table} (id) VALUES (%s)", [n])
    log = recorded.log()
    target.execute(GATE)
    target.execute("ALTER DATABASE app SET synchronous_commit = on")
    content = replaying(log, replay={"speed": 0},
                        phases={"warmup": "0s", "before": "8s", "after": "1s"})
    with contextlib.suppress(psycopg.OperationalError), target.connect() as holder:
        holder.execute("BEGIN; INSERT INTO gate VALUES (150)")
        child = rehearse.start("run", scenario(content), "--db", target.uri, "--out", "out",
                               "--quiet")
        wait_until(lambda: target.value(f"SELECT count(*) FROM ({WAITING}) w") == 1)
        yield child, target.value(WAITING)


def finished(rehearse, child):
    ended = rehearse.finish(child)
    path = rehearse.folder / "out" / "result.json"
    assert path.exists(), ended.err
    return json.loads(path.read_text(encoding="utf-8"))


def assert_once_and_in_order(target):  # noqa: F811
    assert target.value("SELECT count(*) FROM (SELECT id < lag(id) OVER (ORDER BY at) AS back"
                        " FROM kept) k WHERE back") == 0


def errors_of(result):
    told = {}
    for operation in result["operations"]:
        for phase in operation["phases"].values():
            for code, count in phase["errors"].items():
                told[code] = told.get(code, 0) + count
    return told


def test_a_backend_that_is_terminated_costs_the_call_that_it_ran(rehearse, held, target):  # noqa: F811
    child, pid = held
    target.value(f"SELECT pg_terminate_backend({pid})::text")
    result = finished(rehearse, child)

    # What was behind it in the pipeline the server never began: it came to the next connection.
    assert errors_of(result) == {"57P01": 1}
    assert sums(result)["as_recorded"] == 299
    assert target.value("SELECT count(*) FROM kept") == 299
    assert_once_and_in_order(target)


def test_a_call_that_is_cancelled_stops_nothing_behind_it(rehearse, held, target):  # noqa: F811
    child, pid = held
    target.value(f"SELECT pg_cancel_backend({pid})::text")
    result = finished(rehearse, child)

    assert errors_of(result) == {"57014": 1}
    assert sums(result)["as_recorded"] == 299
    assert target.value("SELECT count(*) FROM kept") == 299
    assert_once_and_in_order(target)


def test_what_a_killed_server_leaves_unanswered_is_not_sent_twice(rehearse, held, target):  # noqa: F811
    child, pid = held
    os.kill(pid, signal.SIGKILL)  # the server ends all its sessions and recovers
    result = finished(rehearse, child)

    told = sums(result)
    assert told["as_recorded"] + told["new"] == 300
    # Nobody can tell what became of those that were on their way.
    assert 1 <= told["new"] <= 32 and set(errors_of(result)) <= {"connection_lost", "57P02"}
    wait_until(lambda: target.value("SELECT count(*) FROM kept") == told["as_recorded"])
    assert_once_and_in_order(target)
