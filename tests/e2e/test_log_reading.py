"""A real server writes the same work into its three logs at once: the readers must agree on it."""
import collections
import json
import pathlib
import socket
import subprocess

import psycopg
import pytest

from cluster import Cluster

# Every escape that the other formats have a column for.
PREFIX = "%m|%p|%c|%l|%e|%s|%v|%x|%i|%b|%r|%Q|%q%u|%d|%a|"
TEXTS = [
    "", "it's", '"', '""', "a,b", "a\nb", "\n", "a\n\n\tb\r\n", "\t", "\\", "\\n", "\b\f\x01\x7f",
    "naïve — 数据 \U0001F600", "LOG:  statement: no", "2024-03-01 10:00:00.000 UTC,\"x\",",
    "2024-03-01 10:00:00.000 UTC [1] LOG:  x", "$1 = '$2'", "/* ' */ -- \"", "x" * 1_000_000,
    "\n".join("line %d" % number for number in range(3000)),
]


def do_work(cluster):
    with psycopg.connect(cluster.uri(), autocommit=True, application_name="app, \"quoted\"") as one:
        one.execute("CREATE TABLE t (id int PRIMARY KEY, text text)")
        for number, text in enumerate(TEXTS):
            literal = psycopg.sql.Literal(text).as_string(one)
            one.execute(f"SELECT {literal}\n\tAS \"a\"\"b\"")
            one.execute("INSERT INTO t VALUES (%s, %s)", (number, text))
            one.execute("SELECT * FROM t WHERE text = %b", (text,), prepare=True)
            with pytest.raises(psycopg.errors.UniqueViolation):
                one.execute("INSERT INTO t VALUES (%s, %s)", (number, text))
            with pytest.raises(psycopg.errors.UndefinedColumn):
                one.execute(f"SELECT {literal}, wrong")
        with pytest.raises(psycopg.errors.DivisionByZero):
            one.execute("DO $$ BEGIN PERFORM 1 / 0; END $$")
        with pytest.raises(psycopg.errors.InvalidTextRepresentation):
            with one.cursor().copy("COPY t FROM STDIN") as copy:
                copy.write("x\ty\n")
        one.execute("DO $$ BEGIN RAISE WARNING E'a\\nb' USING HINT = E'c\\n\\td'; END $$")
    with psycopg.connect(cluster.uri()) as two, two.pipeline():
        for number in range(20):
            two.execute("SELECT %s::int", (number,))
    cluster.psql("SELECT 1; SELECT 2 \\; SELECT 3;")
    for mode in ("simple", "extended", "prepared"):
        subprocess.run(
            [cluster.program("pgbench"), "-n", "-c", "4", "-t", "50", "-M", mode, "-f", "-"],
            input="SELECT :client_id;\nBEGIN;\nSELECT 'it''s', :random_seed;\nEND;\n", text=True,
            env=cluster.environment(), check=True, capture_output=True)


def logs_of(settings):
    """The work's logs, by format."""
    with Cluster({"logging_collector": "on", "log_destination": "stderr,csvlog,jsonlog",
                  "log_directory": "log", "log_filename": "all.log",
                  "log_min_duration_statement": "0", "log_connections": "on",
                  "log_disconnections": "on", "compute_query_id": "on",
                  "log_parameter_max_length_on_error": "-1", **settings}) as cluster:
        if cluster.major < 15:
            pytest.skip("jsonlog is new in 15")
        do_work(cluster)
        cluster.stop()
        folder = pathlib.Path(cluster.data) / "log"
        return {kind: (folder / f"all.{kind}").read_bytes() for kind in ("log", "csv", "json")}


@pytest.fixture(scope="module")
def logs():
    return logs_of({"log_line_prefix": PREFIX})


@pytest.fixture
def read(program, tmp_path):
    tool = program.parent / "tests" / "e2e" / "log_entries"

    def entries_of(content, prefix=None):
        path = tmp_path / "file"
        path.write_bytes(content)
        done = subprocess.run([tool, path, *([prefix] if prefix else [])], capture_output=True,
                              check=False)
        assert done.returncode == 0, done.stderr
        *entries, summary = map(json.loads, done.stdout.decode().splitlines())
        return entries, summary
    return entries_of


def by_process(entries, without=()):
    """Processes race each other into each of the files; each for itself keeps its order."""
    processes = collections.defaultdict(list)
    for entry in entries:
        kept = {key: value for key, value in entry.items() if key not in without}
        processes[entry["pid"]].append(kept)
    return processes


def assert_same(some, others):
    assert some.keys() == others.keys()
    for pid, entries in some.items():
        for one, other in zip(entries, others[pid]):
            different = {key: (one[key], other[key]) for key in one if one[key] != other[key]}
            assert not different, f"process {pid}, {one['message'][:80]}"
        assert len(entries) == len(others[pid]), f"process {pid}"


def test_all_formats_tell_the_same(logs, read):
    csv, csv_summary = read(logs["csv"])
    of_json, json_summary = read(logs["json"])
    # The collector writes the first lines before it takes over, and they are in no other file.
    stderr, stderr_summary = read(logs["log"], PREFIX)
    for summary in (csv_summary, json_summary, stderr_summary):
        assert summary["problems"] == 0, summary
        assert summary["clock"] == 0
    assert len(csv) > 1500
    assert_same(by_process(csv), by_process(of_json))
    # log_line_prefix counts lines, not records.
    numbers = ("line", "lines")
    assert_same(by_process(csv, numbers), by_process(stderr, numbers))
    for entries in by_process(stderr).values():
        for before, after in zip(entries, entries[1:]):
            assert after["line"] == before["line"] + before["lines"]


def test_nothing_of_the_texts_is_lost(logs, read):
    entries, _ = read(logs["csv"])
    said = {entry["message"].split("  ", 1)[-1] for entry in entries}
    for text in TEXTS:
        with_quotes = text.replace("'", "''")
        literal = f" E'{with_quotes}'".replace("\\", "\\\\") if "\\" in text else f"'{with_quotes}'"
        assert f"statement: SELECT {literal}\n\tAS \"a\"\"b\"" in said, text[:80]
    for entry in entries:
        if entry["severity"] == "ERROR":
            assert len(entry["sqlstate"]) == 5
            assert entry["query"] or entry["context"]


@pytest.mark.parametrize("prefix", [
    "%m [%p] %q%u@%d/%a ", "%t:%r:%u@%d:[%p]:", "%m [%p]: [%l-1] db=%d,user=%u ", "%m [%p] ",
    "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h "])
def test_usual_prefixes_are_found_out(prefix, read):
    logs = logs_of({"log_line_prefix": prefix, "log_error_verbosity": "verbose"})
    stderr, summary = read(logs["log"])
    csv, _ = read(logs["csv"])
    assert summary["problems"] == 0, summary
    if prefix != "%m [%p] ":  # what has a part for sessions alone reads it as well
        assert summary["prefix"] == prefix
    kept = ("pid", "severity", "message", "detail", "hint", "context", "query")

    def spoken(entries):
        rest = [key for key in entries[0] if key not in kept]
        return by_process(entries, rest)
    assert_same(spoken(stderr), spoken(csv))


def test_syslog_pieces_are_joined(read):
    """The server's own pieces, as it sends them to /dev/log; wrapped here as rsyslog does."""
    # The server's syslog socket cannot be moved, so the pieces are cut here by its rules:
    # 900 bytes at most, at a blank or a line break.
    text = "LOG:  statement: SELECT " + ", ".join(f"'value {n}'" for n in range(400)) + "\n\tFROM t"
    pieces = []
    for line in text.split("\n"):
        while len(line) > 900:
            cut = line.rfind(" ", 0, 900)
            pieces.append(line[:cut])
            line = line[cut:]
        pieces.append(line)
    time = "2024-03-01 10:00:00.000 UTC [77] "
    lines = "".join(
        f"Mar  1 10:00:00 {socket.gethostname() or 'host'} postgres[77]: [3-{number}] "
        f"{time if number == 1 else ''}{piece.replace(chr(9), '#011')}\n"
        for number, piece in enumerate(pieces, start=1))
    entries, summary = read(lines.encode())
    assert summary["problems"] == 0
    assert [entry["message"] for entry in entries] == [text[6:].replace("\n\t", "\n")]
