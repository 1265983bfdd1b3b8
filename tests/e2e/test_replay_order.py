"""The recorded order: transactions that touched the same rows commit as they did, whoever is
quicker this time."""
import contextlib
import threading

import psycopg

from test_replay import counting, recorded, replay, replaying, target  # noqa: F401 (fixtures)

LINES = """
CREATE TABLE lines (id int PRIMARY KEY, written text NOT NULL, writers int[] NOT NULL DEFAULT '{}');
INSERT INTO lines SELECT n, '' FROM generate_series(1, 5) n;
CREATE TABLE sums (at serial PRIMARY KEY, total bigint NOT NULL);
"""


def scribble(uri, sessions, times, simple=False):
    """Each session appends its name to a few rows that all the others append to as well: what they
    hold in the end is the order in which it was done."""
    def client(number):
        with psycopg.connect(uri, autocommit=True) as connection:
            cursor = psycopg.ClientCursor(connection) if simple else connection.cursor()
            for n in range(times):
                rows = sorted({1 + (number + n) % 5, 1 + (number * 3 + n * 2) % 5})
                with connection.transaction():
                    if n % 5 == 4:
                        cursor.execute("UPDATE lines SET writers = writers || %s::int WHERE id IN"
                                       " (SELECT id FROM lines ORDER BY id FOR UPDATE)", [number])
                        continue
                    for row in rows:
                        cursor.execute("UPDATE lines SET written = written || %s WHERE id = %s",
                                       [f"{number}.{n}' ", row])
                    if n % 10 == 3:
                        cursor.execute("INSERT INTO sums (total) SELECT sum(length(written))"
                                       " FROM lines")
    threads = [threading.Thread(target=client, args=[number]) for number in range(sessions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def rows_of(connection):
    return connection.execute("SELECT id, written, writers FROM lines ORDER BY id").fetchall()


def rehearsed(recorded, replay, target, order, simple=False):
    recorded.prepare(LINES)
    target.execute(LINES)
    scribble(recorded.uri, 8, 40, simple)
    log = recorded.log()
    _, result = replay(replaying(log, replay={"speed": 0, "order": order}))
    assert sum(phase["new"] for phase in result["replay"]["outcomes"].values()) == 0
    assert sum(phase["as_recorded"] for phase in result["replay"]["outcomes"].values()) > 8 * 40 * 2
    with recorded.connect() as then, target.connect() as now:
        return result["replay"], rows_of(then), rows_of(now)


def test_rows_that_all_write_to_end_as_they_did(recorded, replay, target):  # noqa: F811
    told, then, now = rehearsed(recorded, replay, target, "recorded")
    assert now == then
    order = told["order"]
    assert order["transactions"] == 8 * 40
    assert order["waiting_calls"] > 100 and order["held_calls"] > 0
    assert order["out_of_order"] == 0
    assert order["unseen"] == []


def test_so_they_do_with_their_values_in_the_text(recorded, replay, target):  # noqa: F811
    told, then, now = rehearsed(recorded, replay, target, "recorded", simple=True)
    assert now == then
    assert told["order"]["out_of_order"] == 0


def test_without_it_whoever_is_quicker_comes_first(recorded, replay, target):  # noqa: F811
    told, then, now = rehearsed(recorded, replay, target, "none")
    assert told["order"] is None
    assert now != then


def test_rows_that_differ_do_not_wait_for_each_other(recorded, replay, target):  # noqa: F811
    """Sessions of different rows, one of which is kept waiting by a lock from outside: only who
    writes to the same row stands behind it."""
    recorded.prepare(LINES)
    target.execute(LINES)

    with contextlib.ExitStack() as stack:
        clients = [(row, stack.enter_context(recorded.connect())) for row in (1, 2, 1, 2)]
        for row, connection in clients:
            for n in range(20):
                connection.execute("UPDATE lines SET written = written || %s WHERE id = %s",
                                   [f"{n} ", row])
    log = recorded.log()

    with target.connect() as locker:
        locker.autocommit = False
        locker.execute("SELECT FROM lines WHERE id = 1 FOR UPDATE")
        threading.Timer(4, locker.rollback).start()
        _, result = replay(replaying(log, replay={"speed": 0, "order": "recorded"},
                                     phases={"warmup": "1s", "before": "2s", "after": "4s"}))
    told = result["replay"]["order"]
    # The second session of row 1 waited for the first; both of row 2 had gone on.
    assert told["held_calls"] >= 1
    assert told["longest_held_s"] > 1
    with target.connect() as connection:
        written = [row[1] for row in rows_of(connection)]
    assert written[0] == written[1] == "".join(f"{n} " for n in range(20)) * 2


def test_what_functions_and_triggers_touch_is_told_to_be_unseen(recorded, rehearse, replay,
                                                                target):  # noqa: F811
    hooked = LINES + """
        CREATE FUNCTION note(which int) RETURNS int LANGUAGE sql VOLATILE AS
            'UPDATE lines SET written = written || ''!'' WHERE id = which RETURNING id';
        CREATE FUNCTION seen() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
        CREATE TRIGGER watch BEFORE INSERT ON sums FOR EACH ROW EXECUTE FUNCTION seen();"""
    recorded.prepare(hooked)
    target.execute(hooked)
    with recorded.connect() as connection:
        for _ in range(3):
            connection.execute("SELECT note(%s)", [1])
        connection.execute("INSERT INTO sums (total) VALUES (1)")
    log = recorded.log()

    _, result = replay(replaying(log, replay={"speed": 0, "order": "recorded"}))

    assert result["replay"]["order"]["unseen"] == [
        {"why": "function note", "calls": 3},
        {"why": "triggers or rules of sums", "calls": 1}]
    summary = (rehearse.folder / "out" / "summary.md").read_text(encoding="utf-8")
    assert "cannot be seen, or not all of it (function note, triggers or rules of sums)" in summary


def test_what_cannot_be_read_is_ordered_against_nothing_and_said_to_be(recorded, replay, target):  # noqa: F811
    recorded.prepare(LINES)
    target.execute(LINES)
    with recorded.connect() as connection:
        for n in range(3):
            connection.execute(f"UPDATE lines SET written = '{n}' WHERE id = 1;"
                               f" UPDATE lines SET written = '{n}' WHERE id = 2")
    log = recorded.log()

    ended, result = replay(replaying(log, replay={"speed": 0, "order": "recorded"}))

    assert ended.code == 3
    assert any("The recorded order was not kept for 3 calls of 3" in reason
               for reason in result["reasons"]), result["reasons"]


def test_folded_sessions_cannot_wait_for_each_other(recorded, rehearse, scenario, target):  # noqa: F811
    recorded.prepare(LINES)
    scribble(recorded.uri, 1, 1)
    log = recorded.log()
    ended = rehearse("run", scenario(replaying(log, replay={"order": "recorded", "sessions": 2})),
                     "--db", target.uri)
    assert ended.code == 2
    assert "with `order: recorded` a session may have to wait" in ended.err
