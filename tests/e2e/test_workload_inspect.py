"""`rehearse workload inspect` on logs that a real server writes while real clients work."""
import contextlib
import glob
import os
import shutil
import signal
import subprocess
import time

import psycopg
import pytest

from cluster import Cluster

SETTINGS = {"logging_collector": "on", "log_destination": "csvlog", "log_directory": "log",
            "log_filename": "postgresql.log", "log_connections": "on", "log_disconnections": "on"}
PREFIX = "%m [%p] %q%c %l %u@%d %a %e %i "

# The ways in which a server may be told to log every statement.
ALL_STATEMENTS = {
    "durations": {"log_min_duration_statement": "0"},
    "announced": {"log_statement": "all"},
    "both": {"log_statement": "all", "log_min_duration_statement": "0"},
    "three_durations": {"log_statement": "all", "log_duration": "on"},
    "definitions_announced": {"log_statement": "mod", "log_min_duration_statement": "0"},
}


class Recorded:
    """What was done while a server logged, as files."""

    def __init__(self, folder):
        self.folder = folder

    def log(self, ending="csv"):
        return self.folder / f"postgresql.{ending}"


@contextlib.contextmanager
def recording(folder, settings, needs=0):
    """A server whose logs are in `folder` at the end."""
    with Cluster(SETTINGS | settings) as server:
        if server.major < needs:
            pytest.skip(f"needs PostgreSQL {needs}")
        yield server
        server.stop()
        for path in glob.glob(os.path.join(server.data, "log", "*")):
            shutil.copy(path, folder)


def record(folder, settings, work, needs=0):
    with recording(folder, settings, needs) as server:
        work(server)
    return Recorded(folder)


def autocommit(server):
    return psycopg.connect(server.uri(), autocommit=True, prepare_threshold=None)


def fails(connection, *arguments, **more):
    with pytest.raises(psycopg.Error):
        connection.execute(*arguments, **more)


def psycopg_work(server):
    """What EXPECTED says."""
    with autocommit(server) as connection:
        run = connection.execute
        run("CREATE TABLE t (id int PRIMARY KEY, v text)")
        run("INSERT INTO t VALUES (%s, %s)", (1, "it's, $2 = 'secret\n"))
        run("SELECT * FROM t WHERE id = %s", (1,), binary=True, prepare=True)
        run("SELECT * FROM t WHERE id = %b", (2,), prepare=True)
        fails(connection, "SELECT 1 / %s::int", (0,))
        fails(connection, "SELECT 1 / 0")
        fails(connection, "selekt 1")
        fails(connection, "selekt %s", (1,))
        with connection.transaction():
            run("UPDATE t SET v = 'secret' WHERE id = 1")
            with pytest.raises(psycopg.Error):
                with connection.transaction():  # a savepoint
                    run("INSERT INTO t VALUES (1, 'again')")
            with connection.cursor("cur") as cursor:
                cursor.execute("SELECT * FROM generate_series(1, 10)")
                cursor.fetchmany(3)
                cursor.fetchmany(3)
        with connection.pipeline():
            for i in range(3):
                run("INSERT INTO t VALUES (%s, %s)", (i + 10, "secret"))
        with connection.cursor() as cursor, cursor.copy("COPY t FROM STDIN") as copy:
            copy.write_row((100, "secret"))
        run("PREPARE p AS SELECT * FROM t WHERE id = $1")
        run("EXECUTE p(1)")
        run("SELECT 1; SELECT 2")


EXPECTED = {
    "count": 26,
    "kinds": {"query": 10, "unknown": 2, "begin": 1, "savepoint": 1, "rollback to": 1,
              "release": 1, "declare cursor": 1, "fetch cursor": 2, "close cursor": 1, "commit": 1,
              "copy from client": 1, "sql prepare": 1, "sql execute": 1, "multiple": 1,
              "definition": 1},
    "protocols": {"simple": 17, "extended": 9},
    "failures": {"22012": 2, "42601": 2, "23505": 1},
}


@pytest.fixture
def inspect(rehearse):
    def inspected(*arguments):
        ended = rehearse("workload", "inspect", *arguments, "--json")
        assert ended.code == 0, ended.err
        told = ended.json
        assert told["schema"] == "rehearse.workload/1"
        counts = told["replay"]["counts"]
        assert sum(counts.values()) == told["statements"]["count"]
        assert sum(each["count"] for each in told["replay"]["reasons"]) == told["statements"]["count"]
        return told
    return inspected


def reasons(told):
    return {each["reason"]: each["count"] for each in told["replay"]["reasons"]}


def figures(told):
    statements = told["statements"]
    return {key: statements[key] for key in EXPECTED}


@pytest.mark.parametrize("way", ALL_STATEMENTS)
def test_every_statement_is_found_however_it_was_logged(inspect, tmp_path, way):
    recorded = record(tmp_path, ALL_STATEMENTS[way] | {
        "log_parameter_max_length_on_error": "-1"}, psycopg_work, needs=14)
    told = inspect(recorded.log())

    assert figures(told) == EXPECTED
    failed = sum(EXPECTED["failures"].values())
    timed = 0 if way == "announced" else EXPECTED["count"] - failed
    assert told["statements"]["timed"] == timed
    assert reasons(told) == {"copy_data": 1, "failed_as_recorded": failed, "multiple_statements": 1,
                             "none": EXPECTED["count"] - failed - 2}
    assert told["records"]["missing"] == told["records"]["repeated"] == 0
    assert told["files"][0]["problem_count"] == 0
    by_text = {each["text"]: each for each in told["statements"]["top"]}
    assert by_text["INSERT INTO t VALUES ($1, $2)"]["count"] == 5
    assert [each["settings"] for each in told["advice"]] == (
        ["log_min_duration_statement = 0\nlog_statement = none\nlog_duration = off"]
        if way == "announced" else [])


def test_every_format_tells_the_same(inspect, tmp_path):
    settings = ALL_STATEMENTS["durations"] | {"log_destination": "csvlog,jsonlog,stderr",
                                              "log_line_prefix": PREFIX}
    recorded = record(tmp_path, settings, psycopg_work, needs=15)
    told = [inspect(recorded.log("csv")), inspect(recorded.log("json")),
            inspect(recorded.log("log"), "--prefix", PREFIX)]

    assert figures(told[0]) == EXPECTED
    for other in told[1:]:
        assert figures(other) == EXPECTED
        assert reasons(other) == reasons(told[0])
        assert other["sessions"]["users"] == told[0]["sessions"]["users"]
        assert [(each["text"], each["count"], each["total_s"])
                for each in other["statements"]["top"]] == [
            (each["text"], each["count"], each["total_s"])
            for each in told[0]["statements"]["top"]]


def test_a_statement_that_is_split_over_a_rotation_is_whole_again(inspect, tmp_path):
    recorded = record(tmp_path, ALL_STATEMENTS["three_durations"], psycopg_work)
    whole = inspect(recorded.log())
    lines = recorded.log().read_text(encoding="utf-8").splitlines(keepends=True)
    at = next(i for i, line in enumerate(lines) if "execute" in line and "SELECT *" in line) + 1
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    first.write_text("".join(lines[:at]), encoding="utf-8")
    second.write_text("".join(lines[at:]), encoding="utf-8")

    told = inspect(second, first)  # it finds their order itself
    assert [file["path"] for file in told["files"]] == [str(first), str(second)]
    assert told["statements"] == whole["statements"]


@pytest.mark.parametrize("mode", ["simple", "extended", "prepared"])
def test_what_pgbench_did_comes_back(inspect, tmp_path, mode):
    def work(server):
        pgbench = [server.program("pgbench"), "-n", "-q"]
        more = {"env": server.environment(), "check": True, "capture_output": True}
        subprocess.run([*pgbench, "-i", "-I", "dtGp", "-s", "1"], **more)
        subprocess.run([*pgbench[:2], "-M", mode, "-c", "2", "-t", "25"], **more)

    told = inspect(record(tmp_path, ALL_STATEMENTS["durations"], work).log(), "--top", "100")
    count = {each["text"].split(" SET ")[0]: each["count"] for each in told["statements"]["top"]}
    assert count["UPDATE pgbench_accounts"] == count["UPDATE pgbench_tellers"] == 50
    assert count["UPDATE pgbench_branches"] == 50
    assert told["statements"]["kinds"]["begin"] >= 50
    assert told["statements"]["protocols"].get("extended", 0) == (0 if mode == "simple" else 350)
    assert reasons(told).keys() <= {"none", "multiple_statements"}


def test_psql_and_portals_come_back(inspect, tmp_path):
    def work(server):
        server.psql("CREATE TABLE t (a int);\nINSERT INTO t VALUES (1);")
        subprocess.run([server.program("psql"), "-X", "-q", "-c",
                        "BEGIN; UPDATE t SET a = 2; COMMIT", "-c", "LISTEN c", "-c",
                        "SELECT pg_cancel_backend(0)"],
                       env=server.environment(), check=True, capture_output=True)

    told = inspect(record(tmp_path, ALL_STATEMENTS["both"], work).log())
    assert reasons(told) == {"none": 2, "multiple_statements": 1, "notifications": 1,
                             "other_sessions": 1}
    assert told["statements"]["kinds"] == {"definition": 1, "listen": 1, "multiple": 1, "query": 2}


def many_prepared(server):
    with psycopg.connect(server.uri(), autocommit=True, prepare_threshold=0) as connection:
        for i in range(300):
            connection.execute("SELECT %s::int", (i,))


def test_a_log_without_texts_replays_nothing(inspect, tmp_path):
    told = inspect(record(tmp_path, {"log_duration": "on"}, psycopg_work).log())
    failed = sum(EXPECTED["failures"].values())
    assert told["statements"]["count"] == EXPECTED["count"]
    assert reasons(told)["text_not_logged"] == EXPECTED["count"] - failed
    assert "log_min_duration_statement = 0" in told["advice"][0]["settings"]


@pytest.mark.parametrize("sample", [
    {"log_min_duration_sample": "0", "log_statement_sample_rate": "0.3"},
    {"log_transaction_sample_rate": "0.3"}])
def test_a_sample_is_told(inspect, tmp_path, sample):
    told = inspect(record(tmp_path, sample, many_prepared, needs=13).log())
    assert 0 < told["statements"]["count"] < 300
    assert any("log_transaction_sample_rate = 0" in each["settings"] for each in told["advice"])


def test_a_threshold_is_told(inspect, tmp_path):
    def work(server):
        with autocommit(server) as connection:
            for i in range(120):
                connection.execute(f"SELECT pg_sleep({0.012 if i % 2 else 0})")

    told = inspect(record(tmp_path, {"log_min_duration_statement": "10"}, work).log())
    assert told["statements"]["count"] >= 60
    assert any("seem not to be logged" in each["why"] for each in told["advice"])


def test_parameters_that_are_cut_or_left_out_are_told(inspect, tmp_path):
    for length, reason in (("3", "parameters_perhaps_cut"), ("0", "parameters_missing")):
        folder = tmp_path / length
        folder.mkdir()

        def work(server):
            with autocommit(server) as connection:
                connection.execute("SELECT %s", ("a long value",))

        told = inspect(record(folder, ALL_STATEMENTS["durations"] | {
            "log_parameter_max_length": length}, work, needs=13).log())
        assert reasons(told) == {reason: 1}
        assert any("log_parameter_max_length = -1" in each["settings"] for each in told["advice"])


def test_values_are_masked_unless_asked(rehearse, tmp_path):
    log = record(tmp_path, ALL_STATEMENTS["durations"], psycopg_work).log()
    assert "secret" in log.read_text(encoding="utf-8")
    for arguments in ((), ("--json",)):
        ended = rehearse("workload", "inspect", log, *arguments)
        assert ended.code == 0 and "secret" not in ended.out + ended.err
    shown = rehearse("workload", "inspect", log, "--json", "--show-values")
    assert "it''s, $2 = ''secret" in shown.out


def test_a_session_that_began_before_the_log_is_told(inspect, tmp_path):
    log = record(tmp_path, ALL_STATEMENTS["durations"], psycopg_work).log()
    lines = log.read_text(encoding="utf-8").splitlines(keepends=True)
    start = next(i for i, line in enumerate(lines) if "CREATE TABLE" in line)
    log.write_text("".join(lines[start:]), encoding="utf-8")

    told = inspect(log)
    assert told["sessions"]["began_before"] == 1
    assert reasons(told)["session_began_before"] > 0 and "none" not in reasons(told)


def test_what_is_no_log_is_a_usage_error(rehearse, tmp_path):
    empty, prose = tmp_path / "empty.csv", tmp_path / "prose.txt"
    empty.write_text("", encoding="utf-8")
    prose.write_text("Call me Ishmael.\n" * 100, encoding="utf-8")
    for path in (empty, prose, tmp_path, tmp_path / "missing.csv"):
        ended = rehearse("workload", "inspect", path)
        assert (ended.code, ended.out) == (2, ""), path
        assert str(path) in ended.err
    assert rehearse("workload", "inspect").code == 2
    assert rehearse("workload").code == 2


def write_large(path, statements):
    """A csvlog of 100 sessions."""
    with path.open("w", encoding="utf-8") as file:
        for i in range(statements):
            session, line, seconds = i % 100, i // 100 + 1, i // 5000
            file.write(
                f"2026-01-31 {10 + seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
                f".{i // 5 % 1000:03d} UTC,\"app\",\"shop\",{1000 + session},\"10.0.0.1:5000\","
                f"65b9f284.{1000 + session:x},{line},\"UPDATE\",2026-01-31 09:00:00 UTC,"
                f"{session}/{line},0,LOG,00000,\"duration: 0.{i % 1000:03d} ms  statement: UPDATE "
                f"accounts SET note = 'x{i}' WHERE id = {i * 7 % 100000}\",,,,,,,,,\"app\","
                f"\"client backend\",,0\n")


def test_a_million_statements_fit_in_64_mb(program, tmp_path):
    log = tmp_path / "large.csv"
    write_large(log, 1_000_000)
    child = subprocess.Popen([program, "workload", "inspect", log, "--quiet"],
                             stdout=subprocess.PIPE, text=True)
    out = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)

    assert child.returncode == 0
    assert "statements    1,000,000, 5,000/s, 1 shape\n" in out
    assert usage.ru_maxrss * 1024 < log.stat().st_size + 64 * 1024 * 1024


def catches(child, number):
    with open(f"/proc/{child.pid}/status", encoding="ascii") as status:
        caught = next(line for line in status if line.startswith("SigCgt"))
    return int(caught.split()[1], 16) >> (number - 1) & 1


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_reading(rehearse, tmp_path, until, number, code):
    log = tmp_path / "large.csv"
    write_large(log, 1_000_000)
    child = rehearse.start("workload", "inspect", log)
    until(lambda: catches(child, number), child)
    begun = time.monotonic()
    child.send_signal(number)
    ended = rehearse.finish(child)

    assert (ended.code, ended.out) == (code, ""), ended.err
    assert time.monotonic() - begun < 10
