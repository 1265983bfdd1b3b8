"""Production's own load: what a real server logged of real clients is sent again, call by call."""
import contextlib
import json
import pathlib
import shutil
import subprocess
import threading
import time

import psycopg
import pytest

import shop
from cluster import Cluster
from conftest import Database, wait_until

LOGGED = {"logging_collector": "on", "log_destination": "csvlog", "log_directory": "log",
          "log_filename": "recorded", "log_min_duration_statement": "0",
          "log_parameter_max_length": "-1", "log_parameter_max_length_on_error": "-1",
          "log_connections": "on", "log_disconnections": "on", "log_timezone": "UTC",
          "max_connections": "60", "synchronous_commit": "off"}
COUNTED = {"shared_preload_libraries": "pg_stat_statements", "max_connections": "200",
           "pg_stat_statements.track_utility": "on", "synchronous_commit": "off"}
ACCOUNTS = """
CREATE TABLE accounts (id int PRIMARY KEY, balance int NOT NULL);
INSERT INTO accounts SELECT n, 0 FROM generate_series(1, 100) n;
CREATE TABLE log (at timestamptz DEFAULT now(), id int, delta int);
"""


class Recorded:
    """A server whose work is logged, and the log of what was done since its schema was made."""

    def __init__(self, server, folder):
        self.server = server
        self.folder = folder
        server.psql("CREATE DATABASE app")
        self.uri = server.uri("app")

    def prepare(self, sql):
        """Unlogged: the other side has it, too."""
        self.server.psql("SET log_min_duration_statement = -1;\n" + sql, "app")

    def connect(self, **options):
        return psycopg.connect(self.uri, autocommit=True, **options)

    def log(self):
        """A copy of what the collector has written of everything that was done so far."""
        mark = f"mark-{len(list(self.folder.glob('*.csv')))}"
        self.server.psql(f"SELECT '{mark}'")
        path = pathlib.Path(self.server.data) / "log" / "recorded.csv"
        wait_until(lambda: path.exists() and mark in path.read_text(encoding="utf-8"))
        copy = self.folder / f"{mark}.csv"
        shutil.copy(path, copy)
        return copy


@pytest.fixture
def recorded(tmp_path):
    with Cluster(LOGGED) as server:
        yield Recorded(server, tmp_path)


@pytest.fixture(scope="module")
def counting():
    """A server that counts calls by statement."""
    with Cluster(COUNTED) as server:
        server.psql("CREATE EXTENSION pg_stat_statements")
        yield server


@pytest.fixture
def target(counting, rehearse):
    counting.psql("CREATE DATABASE app")
    database = Database(counting, "app")
    marked = rehearse("guard", "mark", "--db", database.uri)
    assert marked.code == 0, marked.err
    database.execute("CREATE EXTENSION pg_stat_statements")
    yield database
    counting.drop_database("app")


def replaying(log, *steps, replay=None, **parts):
    """A scenario whose load is the log."""
    made = shop.scenario(*(steps or (shop.NOTHING,)), **parts)
    made["workload"] = {"replay": {"logs": [log.name], "database": "app"} | (replay or {})}
    made["gates"] = parts.get("gates", {"errors": 0, "stall.max": "5s"})
    return made


@pytest.fixture
def replay(rehearse, scenario, target):
    """Runs a scenario against the counting server and returns how it ended and its result."""
    def ran(content, *arguments, out="out"):
        target.value("SELECT pg_stat_statements_reset()::text")
        ended = rehearse("run", scenario(content), "--db", target.uri, "--out", out, "--quiet",
                         *arguments)
        path = rehearse.folder / out / "result.json"
        assert path.exists(), ended.err
        return ended, json.loads(path.read_text(encoding="utf-8"))
    return ran


def calls(database, pattern):
    """How often each statement ran that begins so."""
    with database.connect() as connection:
        rows = connection.execute(
            "SELECT query, sum(calls)::int FROM pg_stat_statements s JOIN pg_database d"
            " ON d.oid = dbid WHERE datname = current_database() AND query ~* %s GROUP BY query",
            [pattern]).fetchall()
    return dict(rows)


def bank(uri, sessions, transfers):
    """Each session moves money in transactions, with parameters, one after another."""
    def client(number):
        with psycopg.connect(uri, autocommit=True) as connection:
            for n in range(transfers):
                source, sink = 1 + (number * 7 + n) % 100, 1 + (number * 11 + n * 3) % 100
                with connection.transaction():
                    connection.execute("UPDATE accounts SET balance = balance - %s WHERE id = %s",
                                       [n, min(source, sink)])
                    connection.execute("UPDATE accounts SET balance = balance + %s WHERE id = %s",
                                       [n, max(source, sink)])
                    connection.execute("INSERT INTO log (id, delta) VALUES (%s, %s)", [source, n])
    threads = [threading.Thread(target=client, args=[number]) for number in range(sessions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_the_same_calls_arrive_and_leave_the_same_rows(recorded, replay, target):
    recorded.prepare(ACCOUNTS)
    target.execute(ACCOUNTS)
    bank(recorded.uri, 4, 25)
    log = recorded.log()

    ended, result = replay(replaying(log, replay={"speed": 0}))

    told = result["replay"]
    assert told["sessions"] == 4
    assert told["coverage"] == 1
    assert told["exactly"] == told["statements"] == 4 * 25 * 5
    outcomes = told["outcomes"]
    assert sum(phase["as_recorded"] for phase in outcomes.values()) == 4 * 25 * 5
    assert all(phase["new"] == phase["gone"] == 0 for phase in outcomes.values())
    with recorded.connect() as then:
        for question in ("SELECT id, balance FROM accounts ORDER BY id",
                         "SELECT id, delta FROM log ORDER BY id, delta"):
            with target.connect() as now:
                assert now.execute(question).fetchall() == then.execute(question).fetchall()
    counts = calls(target, "^(UPDATE accounts|INSERT INTO log)")
    assert sorted(counts.values()) == [100, 100, 100], calls(target, "")
    # As fast as possible there was nothing left long before the load was to end.
    assert ended.code == 3
    assert any("The recording was over" in reason for reason in result["reasons"])


def test_values_of_every_kind_arrive_unchanged(recorded, replay, target):
    table = ("CREATE TABLE kept (n serial PRIMARY KEY, t text, b bytea, f float8, a int[],"
             " j jsonb, at timestamptz, nothing text)")
    recorded.prepare(table)
    target.execute(table)
    values = ["it's $1, $2 = 'x' \\ \n\t\"; -- é漢字🐘", "", "NULL", "$$", "a,b\r\nc"]
    with recorded.connect() as connection:
        for binary in (False, True):
            for text in values:
                connection.execute(
                    "INSERT INTO kept (t, b, f, a, j, at, nothing) VALUES"
                    " (%s, %s, %s, %s, %s, %s, %s)",
                    [text, text.encode(), 1 / 3, [1, None, 3], psycopg.types.json.Jsonb({"k": text}),
                     "2026-11-21 10:00:00.123456+00", None], binary=binary)
        connection.execute("PREPARE p (text) AS INSERT INTO kept (t) VALUES ($1)")
        connection.execute("EXECUTE p ('by SQL')")
        for n in range(12):  # psycopg prepares from the sixth time on
            connection.execute("INSERT INTO kept (t) VALUES (%s)", [f"prepared {n}"])
    log = recorded.log()

    _, result = replay(replaying(log, replay={"speed": 0}))

    assert result["replay"]["coverage"] == 1, result["replay"]
    assert sum(phase["new"] for phase in result["replay"]["outcomes"].values()) == 0
    with recorded.connect() as then, target.connect() as now:
        question = "SELECT * FROM kept ORDER BY n"
        assert now.execute(question).fetchall() == then.execute(question).fetchall()


def test_server_side_cursors_pipelines_and_failures_come_back(recorded, replay, target):
    recorded.prepare(ACCOUNTS)
    target.execute(ACCOUNTS)
    with recorded.connect() as connection:
        with connection.transaction(), connection.cursor(name="rows") as cursor:
            cursor.execute("SELECT * FROM accounts WHERE id > %s ORDER BY id", [10])
            assert len(cursor.fetchmany(20)) == 20
            assert len(cursor.fetchmany(20)) == 20
        with connection.pipeline():
            for n in range(5):
                connection.execute("UPDATE accounts SET balance = %s WHERE id = %s", [n, n + 1])
        with contextlib.suppress(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO accounts VALUES (%s, 0)", [7])
        with connection.transaction():
            connection.execute("UPDATE accounts SET balance = 50 WHERE id = 50")
            with contextlib.suppress(psycopg.errors.DivisionByZero), connection.transaction():
                connection.execute("UPDATE accounts SET balance = 1 / 0 WHERE id = 50")
    log = recorded.log()

    _, result = replay(replaying(log, replay={"speed": 0}))

    outcomes = [result["replay"]["outcomes"][phase] for phase in result["replay"]["outcomes"]]
    assert sum(each["new"] for each in outcomes) == 0, result["replay"]
    assert sum(each["gone"] for each in outcomes) == 0
    assert sum(each["failed_as_recorded"] for each in outcomes) == 2
    with recorded.connect() as then, target.connect() as now:
        question = "SELECT * FROM accounts ORDER BY id"
        assert now.execute(question).fetchall() == then.execute(question).fetchall()


def test_calls_start_when_they_did_and_the_migration_lies_within(recorded, replay, target):
    recorded.prepare(ACCOUNTS)
    target.execute(ACCOUNTS)
    with recorded.connect() as connection:
        for n in range(40):
            time.sleep(0.1)  # what the user thinks
            connection.execute("INSERT INTO log (at, id) VALUES (clock_timestamp(), %s)", [n])
    log = recorded.log()

    ended, result = replay(replaying(
        log, {"name": "add", "sql": "ALTER TABLE log ADD COLUMN note text"},
        replay={"speed": 2, "at": "2s"},
        phases={"warmup": "0s", "before": "500ms", "after": "500ms"}))

    # 2 s of the recording are 1 s of the replay, of which `before` is the last half.
    phases = {phase["name"]: phase for phase in result["phases"]}
    assert phases["during"]["start_s"] - phases["warmup"]["start_s"] == pytest.approx(1, abs=0.3)
    inserted = target.value("SELECT count(*) FROM log")
    # What was due before the load's end, and nothing twice: 40 in 2 s.
    assert 25 <= inserted <= 40
    apart = ("SELECT extract(epoch FROM max(at) - min(at))::float8 / (max(id) - min(id)) FROM log")
    with recorded.connect() as then:
        recorded_apart = then.execute(apart).fetchone()[0]
    assert target.value(apart) == pytest.approx(recorded_apart / 2, rel=0.1)
    assert ended.code in (0, 3)


def test_a_migration_that_breaks_the_application_is_seen(recorded, replay, target):
    recorded.prepare(ACCOUNTS)
    target.execute(ACCOUNTS)
    with recorded.connect() as connection:
        for n in range(60):
            connection.execute("SELECT pg_sleep(0.05)")
            connection.execute("INSERT INTO log (id, delta) VALUES (%s, 1)", [n])
    log = recorded.log()

    ended, result = replay(replaying(
        log, {"name": "drop", "sql": "ALTER TABLE log DROP COLUMN delta"},
        phases={"warmup": "0s", "before": "1s", "after": "1s"}))

    assert ended.code == 1, ended.out
    during_and_after = [result["replay"]["outcomes"][phase] for phase in ("during", "after")]
    assert sum(each["new"] for each in during_and_after) > 5
    assert result["replay"]["outcomes"]["before"]["new"] == 0
    assert "42703" in json.dumps([each["phases"]["after"]["errors"]
                                  for each in result["operations"]])


def test_what_cannot_be_replayed_makes_the_run_inconclusive(recorded, replay, target):
    recorded.prepare(ACCOUNTS)
    target.execute(ACCOUNTS)
    with recorded.connect() as connection:
        for n in range(20):
            connection.execute("SELECT pg_sleep(0.1)")
            with connection.cursor().copy("COPY log (id) FROM STDIN") as copy:
                copy.write_row([n])
    log = recorded.log()

    ended, result = replay(replaying(
        log, phases={"warmup": "0s", "before": "300ms", "after": "300ms"}))

    assert ended.code == 3, ended.err
    assert result["replay"]["coverage"] == pytest.approx(0.5)
    [gate] = [gate for gate in result["gates"] if gate["name"] == "replay.coverage"]
    assert gate["verdict"] == "inconclusive" and "COPY" in gate["detail"]
    assert log.name + ":" in gate["detail"]


def test_a_limit_of_ones_own_accepts_less_coverage(recorded, replay, target):
    recorded.prepare(ACCOUNTS)
    target.execute(ACCOUNTS)
    with recorded.connect() as connection:
        for _ in range(20):
            connection.execute("SELECT pg_sleep(0.1)")
            connection.execute("SELECT lo_create(0)")
    log = recorded.log()

    ended, result = replay(replaying(
        log, phases={"warmup": "0s", "before": "300ms", "after": "300ms"},
        gates={"errors": 0, "replay.coverage": "50%"}))

    assert result["replay"]["coverage"] == pytest.approx(0.5)
    assert [gate["verdict"] for gate in result["gates"]] == ["pass", "pass"]
    assert ended.code == 0, result["reasons"]


def test_rows_that_the_target_has_already_are_told_as_the_replays_own_doing(recorded, replay, target):
    recorded.prepare(ACCOUNTS)
    target.execute(ACCOUNTS)
    target.execute("INSERT INTO accounts SELECT n, 0 FROM generate_series(101, 200) n")
    with recorded.connect() as connection:
        for n in range(20):
            connection.execute("INSERT INTO accounts VALUES (%s, 0)", [101 + n])
            time.sleep(0.1)
    log = recorded.log()

    ended, result = replay(replaying(
        log, phases={"warmup": "0s", "before": "300ms", "after": "300ms"}))

    assert ended.code == 1
    assert any("may be the replay's doing" in reason for reason in result["reasons"])


def test_a_table_that_the_target_lacks_is_told_before_the_load(recorded, rehearse, scenario, target):
    recorded.prepare(ACCOUNTS)
    with recorded.connect() as connection:
        connection.execute("INSERT INTO log (id) VALUES (4711)")
        connection.execute("CREATE TEMP TABLE own (n int)")
        connection.execute("INSERT INTO own VALUES (1)")
    log = recorded.log()

    ended = rehearse("run", scenario(replaying(log)), "--db", target.uri, "--out", "out")

    assert ended.code == 2
    assert "the target refuses 1 call of 3 in the recording" in ended.err
    assert 'relation "log" does not exist' in ended.err and f"{log.name}:" in ended.err
    assert "4711" not in ended.err
    assert not (rehearse.folder / "out").exists()


def test_mistakes_are_told_before_anything_is_touched(recorded, rehearse, scenario, target, tmp_path):
    recorded.prepare(ACCOUNTS)
    with recorded.connect() as connection:
        connection.execute("SELECT 1")
    recorded.server.psql("CREATE DATABASE other")
    recorded.server.psql("SELECT 1", "other")
    log = recorded.log()
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "no.csv").write_text("hello\nworld\n")

    def refused(replay, **workload):
        content = replaying(log)
        content["workload"] = {"replay": replay} | workload
        ended = rehearse("run", scenario(content), "--db", target.uri, "--out", "refused")
        assert ended.code == 2, ended.err
        assert not (rehearse.folder / "refused").exists()
        return ended.err

    assert "several databases" in refused({"logs": [log.name]})
    assert 'no recorded session is of the database "nobody"' in refused(
        {"logs": [log.name], "database": "nobody"})
    assert "no file matches" in refused({"logs": ["missing-*.csv"]})
    assert "empty" in refused({"logs": ["empty.csv"]})
    assert "no.csv" in refused({"logs": ["no.csv"]})
    assert "what the recording says" in refused({"logs": [log.name], "database": "app"}, rate="5/s")
    assert "as_recorded" in refused({"logs": [log.name], "sessions": "many"})
    assert "`at`" in refused({"logs": [log.name], "speed": 0, "at": "1s"})
    assert rehearse("validate", scenario(replaying(log))).code == 0


def test_sessions_work_as_the_role_that_the_scenario_names(recorded, replay, target):
    table = "CREATE TABLE visits (n int, who text DEFAULT current_user)"
    recorded.prepare(table)
    target.execute(table)
    target.execute('DROP ROLE IF EXISTS "the ""App"""')
    target.execute('CREATE ROLE "the ""App"""; GRANT INSERT ON visits TO "the ""App"""')
    with recorded.connect() as connection:
        connection.execute("INSERT INTO visits VALUES (1)")
        connection.execute("DISCARD ALL")
        connection.execute("INSERT INTO visits VALUES (2)")
    log = recorded.log()

    _, result = replay(replaying(log, replay={"speed": 0, "as": 'the "App"'}))

    assert sum(phase["new"] for phase in result["replay"]["outcomes"].values()) == 0
    assert target.values("SELECT who FROM visits ORDER BY n") == ['the "App"'] * 2
    target.execute('REVOKE ALL ON visits FROM "the ""App"""; DROP ROLE "the ""App"""')


def test_a_role_that_the_target_lacks_is_told_before_the_load(recorded, rehearse, scenario, target):
    recorded.prepare(ACCOUNTS)
    target.execute(ACCOUNTS)
    with recorded.connect() as connection:
        connection.execute("SELECT balance FROM accounts WHERE id = 1")
    path = scenario(replaying(recorded.log(), replay={"speed": 0, "as": "nobody_here"}))

    ended = rehearse("run", path, "--db", target.uri)

    assert ended.code in (2, 6), ended.err
    assert 'role "nobody_here" does not exist' in ended.err
