"""The mask keeps nothing: a server's own logs, masked, are searched for every value that was used."""
import pathlib
import re
import signal
import subprocess

import psycopg
import pytest

from cluster import Cluster

# Long enough that none can come about by chance.
WORDS = ["Quentin O'Brien-Smith", "quentin@example.org", "Größenwahn 数据", "tab\therewith\nand \"line\"",
         "4711471147", "-83929182.5512", "1987-05-23 17:41:09+02", "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9",
         "\\xdeadbeefcafe", '{"name": "Wilhelmina"}', "$tag$ /* Ludmilla */ -- Casimir"]
# What may not be found: the values and their parts.
TRACES = ["Quentin", "Brien-Smith", "quentin", "example", "Größenwahn", "数据", "herewith",
          "4711471147", "83929182", "1987-05-23", "17:41:09", "2c3d-4e5f", "deadbeef", "Wilhelmina",
          "Ludmilla", "Casimir", "billing_app", "caroline", "warehouse"]


@pytest.fixture(scope="module")
def logs():
    settings = {"logging_collector": "on", "log_destination": "stderr,csvlog,jsonlog",
                "log_directory": "log", "log_filename": "all.log", "log_min_duration_statement": "0",
                "log_connections": "on", "log_disconnections": "on",
                "log_parameter_max_length_on_error": "-1",
                "log_line_prefix": "%m [%p] %q%u@%d/%a "}
    with Cluster(settings) as cluster:
        if cluster.major < 15:
            pytest.skip("jsonlog is new in 15")
        # Names that stand in statements stay, so these are not logged.
        cluster.psql("SET log_min_duration_statement = -1; CREATE ROLE caroline SUPERUSER LOGIN;"
                     "CREATE DATABASE warehouse")
        with psycopg.connect(cluster.uri("warehouse", "caroline"), autocommit=True,
                             application_name="billing_app") as session:
            work(session)
        cluster.stop()
        folder = pathlib.Path(cluster.data) / "log"
        return {kind: (folder / f"all.{kind}").read_bytes() for kind in ("log", "csv", "json")}


def work(session):
    session.execute("CREATE TABLE t (v text PRIMARY KEY, n int CHECK (n < 7))")
    for value in WORDS:
        literal = psycopg.sql.Literal(value).as_string(session)
        session.execute(f"/* {value.replace('/', '').replace('*', '')} */ SELECT {literal}")
        session.execute("INSERT INTO t VALUES (%s, 1)", (value,))
        for statement, parameters in [
                ("INSERT INTO t VALUES (%s, 1)", (value,)), ("INSERT INTO t VALUES (%s, 8)", (value + "x",)),
                ("SELECT %s::text::inet", (value,)), (f"SELECT {literal}::inet", None),
                (f"SELEC {literal}", None),
                (f"DO $body$ BEGIN RAISE 'no %', {literal}; END $body$", None)]:
            with pytest.raises(psycopg.Error):
                session.execute(statement, parameters)
    with pytest.raises(psycopg.Error), session.cursor().copy("COPY t FROM STDIN") as copy:
        copy.write("Quentin\tWilhelmina\n")
    with pytest.raises(psycopg.Error):
        session.execute("SELECT * FROM t WHERE v = O'Brien Smith")
    session.execute("PREPARE p AS SELECT $1::text")
    session.execute("EXECUTE p('Quentin')")


@pytest.mark.parametrize("kind", ["csv", "json", "log"])
def test_nothing_is_kept_and_the_work_is_the_same(kind, logs, rehearse, tmp_path):
    source = tmp_path / f"all.{kind}"
    source.write_bytes(logs[kind])
    for trace in TRACES:
        assert trace.encode() in logs[kind], trace
    done = rehearse("workload", "mask", source, "--out", tmp_path / "masked")
    assert done.code == 0, done.err
    target = tmp_path / "masked" / f"all.{kind}"
    assert target.stat().st_mode & 0o777 == 0o600
    masked = target.read_bytes()
    for trace in TRACES:
        assert trace.encode() not in masked, trace
    before, after = (rehearse("workload", "inspect", path, "--json", "--top", 1000).json
                     for path in (source, target))
    for name, figure in before["sessions"].items():
        masked_figure = after["sessions"][name]
        if isinstance(figure, dict):  # by names
            assert sorted(figure.values()) == sorted(masked_figure.values()), name
        else:
            assert figure == masked_figure, name
    assert before["statements"]["count"] == after["statements"]["count"]

    def shapes(inspection):
        return {each["fingerprint"]: each["count"] for each in inspection["statements"]["top"]}
    # What is no SQL is masked whole, and looks like something else each time.
    no_sql = {each["fingerprint"] for each in before["statements"]["top"]
              if each["text"].startswith("SELEC ") or each["text"].endswith("v = O?")}
    assert len(no_sql) == 2
    kept = shapes(after)
    for fingerprint, count in shapes(before).items():
        assert fingerprint in no_sql or kept.get(fingerprint) == count


def test_equal_values_stay_equal_under_one_key(logs, rehearse, tmp_path):
    source = tmp_path / "all.csv"
    source.write_bytes(logs["csv"])
    outputs = []
    for out, key in (("a", "0123456789abcdef"), ("b", "0123456789abcdef"), ("c", "another key, long")):
        done = rehearse("workload", "mask", source, "--out", tmp_path / out, "--key-env", "KEY",
                        environment={"KEY": key})
        assert done.code == 0, done.err
        outputs.append((tmp_path / out / "all.csv").read_bytes())
    assert outputs[0] == outputs[1] != outputs[2]
    # The e-mail address as literal and as parameter.
    literals = set(re.findall(rb"SELECT '([a-z]{7}@[a-z]{7}\.[a-z]{3})'\"", outputs[0]))
    parameters = set(re.findall(rb"\$1 = '([a-z]{7}@[a-z]{7}\.[a-z]{3})'", outputs[0]))
    assert len(literals) == 1 and literals <= parameters


def test_names_stay_when_asked(logs, rehearse, tmp_path):
    source = tmp_path / "all.csv"
    source.write_bytes(logs["csv"])
    done = rehearse("workload", "mask", source, "--out", tmp_path / "masked", "--keep-names")
    assert done.code == 0, done.err
    masked = (tmp_path / "masked" / "all.csv").read_text(encoding="utf-8")
    assert "caroline" in masked and "warehouse" in masked and "billing_app" in masked
    assert "Quentin" not in masked


def test_what_cannot_be_done_is_refused(logs, rehearse, tmp_path):
    source = tmp_path / "all.csv"
    source.write_bytes(logs["csv"])
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("x")
    (tmp_path / "notes.txt").write_text("hello\n")
    for arguments, why in [
            ((source, "--out", "full"), "must be new or empty"),
            (("notes.txt", "--out", "out"), "no log of PostgreSQL's"),
            ((source, "--out", "out", "--key-env", "UNSET_KEY"), "is not set"),
            ((source,), "--out is required")]:
        done = rehearse("workload", "mask", *arguments)
        assert done.code == 2, done.err
        assert why in done.err
    assert not (tmp_path / "out").exists()


def test_a_log_that_is_cut_short_meanwhile_leaves_nothing(program, tmp_path):
    record = ('2024-03-01 10:00:00.250 UTC,"app","shop",7,,65e1a2b1.7,{0},"SELECT",2024-03-01 09:59:00 UTC,,0,LOG,'
              '00000,"statement: SELECT {0}, \'some text\'",,,,,,,,,"a","client backend",,0\n')
    source, masked = tmp_path / "all.csv", tmp_path / "out" / "all.csv"
    source.write_text("".join(record.format(line) for line in range(1, 300_001)))
    process = subprocess.Popen([program, "workload", "mask", source, "--out", masked.parent],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while process.poll() is None and not (masked.exists() and masked.stat().st_size):
        pass
    process.send_signal(signal.SIGSTOP)
    source.write_text("")
    process.send_signal(signal.SIGCONT)
    _, complaint = process.communicate(timeout=60)
    assert process.returncode == 6, complaint
    assert "all.csv: was cut short while it was read" in complaint
    assert "copy the file first" in complaint
    assert not masked.parent.exists()
