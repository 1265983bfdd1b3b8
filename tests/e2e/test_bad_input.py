"""Bad input gets one clear message, a documented exit code, and no change anywhere."""
import contextlib
import json
import re
import resource
import subprocess

import pytest

import results
import shop
from cluster import SERVER_UNDER_TEST
from shop import NOTHING


def schemas(database):
    return set(database.values("SELECT nspname::text FROM pg_namespace"))


def test_every_scenario_error_is_listed_at_once_with_its_place(rehearse, scenario):
    path = scenario("""\
version: 1
name: wrong
workload:
  rate: 200
  operations:
    - name: read
      sql: SELECT * FROM orders WHERE id = :id
    - name: count
      wieght: 2
      sql: SELECT count(*) FROM orders
migration:
  up:
    - sql: SELEC 1
gates:
  write.response.p99: {limit: 50ms}
""")

    ended = rehearse("validate", path)

    assert ended.code == 2
    said = ended.out + ended.err
    for place, word in ((4, "rate"), (7, "id"), (9, "wieght"), (13, "SELEC"), (15, "write")):
        lines = [line for line in said.splitlines() if f"scenario.yaml:{place}:" in line]
        assert any(word in line for line in lines), f"line {place}, {word!r}, in:\n{said}"


def test_a_right_scenario_validates(rehearse, scenario):
    ended = rehearse("validate", scenario(shop.scenario(*shop.SAFE)))

    assert ended.code == 0, ended.err


def test_run_refuses_a_wrong_scenario_before_it_touches_anything(rehearse, scenario, shop_database):
    before = schemas(shop_database)
    wrong = shop.scenario(NOTHING, phases={"warmup": "1 fortnight"})

    ended = rehearse("run", scenario(wrong), "--db", shop_database.uri, "--out", "out")

    assert ended.code == 2
    assert "fortnight" in ended.err
    assert schemas(shop_database) == before
    assert not (rehearse.folder / "out").exists()


def test_a_missing_scenario_file_is_named(rehearse):
    ended = rehearse("run", "nowhere.yaml", "--out", "out")

    assert ended.code == 2
    assert "nowhere.yaml" in ended.err


def test_an_unknown_argument_is_a_usage_error(rehearse):
    assert rehearse("run", "--frobnicate").code == 2
    assert rehearse("frobnicate").code == 2


def test_sql_that_does_not_prepare_on_the_target_is_found_before_the_load(
        rehearse, scenario, shop_database):
    wrong = shop.scenario(NOTHING, workload={"operations": [
        {"name": "read", "weight": 1, "sql": "SELECT no_such_column FROM orders"}]})

    ended = rehearse("run", scenario(wrong), "--db", shop_database.uri, "--out", "out")

    assert ended.code == 2
    [line] = [line for line in ended.err.splitlines() if "(SQLSTATE 42703)" in line]
    assert re.search(r"scenario.yaml:\d+:\d+: operation read, statement 1: ", line), line
    # The statement, and below it where in it.
    lines = ended.err.splitlines()
    caret = next(i for i, line in enumerate(lines) if line.strip() == "^")
    assert lines[caret - 1][lines[caret].index("^"):].startswith("no_such_column")
    assert not (rehearse.folder / "out").exists()


def test_every_statement_that_the_target_refuses_is_told_at_once(rehearse, scenario,
                                                                 shop_database):
    wrong = shop.scenario(NOTHING, workload={"operations": [
        {"name": "first", "weight": 1, "sql": "SELECT no_such_column FROM orders"},
        {"name": "second", "weight": 1, "sql": "SELECT count(*) FROM no_such_table"}]})

    ended = rehearse("run", scenario(wrong), "--db", shop_database.uri, "--out", "out")

    assert ended.code == 2
    assert "refuses 2 statements" in ended.err
    assert "operation first" in ended.err and "operation second" in ended.err
    assert schemas(shop_database) >= {"rehearse"}


def test_the_place_of_what_the_target_refuses_is_the_files(rehearse, scenario, shop_database):
    ended = rehearse("run", scenario("""\
version: 1
name: wrong
workload:
  operations:
    - name: read
      sql: SELECT 1
    - name: count
      sql: SELECT count(*) FROM no_such_table
migration:
  up:
    - pause: 1s
    - name: two columns
      sql: ALTER TABLE orders ADD COLUMN a int b int
"""), "--db", shop_database.uri, "--out", "out")

    assert ended.code == 2
    assert "scenario.yaml:7:7: operation count, statement 1: " in ended.err
    assert "scenario.yaml:12:7: step 2 (two columns): " in ended.err
    assert "scenario.yaml:13:48: libpg_query does not know this syntax" in ended.err
    assert not (rehearse.folder / "out").exists()


NEWER = {"name": "newer", "weight": 1, "sql": "SELECT id FROM orders WHERE id = 1_000"}
VIRTUAL = {"name": "add", "sql": "ALTER TABLE orders ADD COLUMN twice int GENERATED ALWAYS AS"
                                 " (total * 2) VIRTUAL; SELECT twice FROM orders LIMIT 1"}


def test_syntax_that_the_parser_does_not_know_is_noted_by_validate(rehearse, scenario):
    ended = rehearse("validate", scenario(shop.scenario(
        VIRTUAL, workload={"operations": [shop.READ]})))

    assert ended.code == 0, ended.err
    [note] = [line for line in ended.err.splitlines() if "the server decides" in line]
    assert re.match(r".*scenario.yaml:\d+:\d+: libpg_query does not know this syntax", note)
    assert 'at or near "VIRTUAL"' in note


def test_syntax_of_a_newer_server_is_the_servers_to_take_or_refuse(
        rehearse, scenario, cluster, shop_database):
    content = shop.scenario(VIRTUAL, phases=shop.SHORT,
                            workload={"operations": [shop.READ, NEWER]})

    ended = rehearse("run", scenario(content), "--db", shop_database.uri, "--out", "out")

    assert "the server decides" in ended.err
    if cluster.major >= 18:
        result = results.read(rehearse.folder / "out")
        results.assert_nothing_found(ended, result)
        assert results.counted(result, "newer", "after") > 0
    else:
        assert ended.code == 2
        assert "step 1 (add): " in ended.err and "VIRTUAL" in ended.err


@pytest.mark.parametrize("version", ["old", "new"])
@pytest.mark.parametrize("sql, said", [
    ("SET serch_path = shop", "serch_path"),
    ("SET statement_timeout = 'soon'", "statement_timeout"),
    ("BEGIN", "leaves a transaction open"),
])
def test_session_settings_that_the_target_refuses_are_found_before_the_load(
        rehearse, scenario, shop_database, version, sql, said):
    wrong = shop.scenario(NOTHING, workload={"session": {version: sql}})

    ended = rehearse("run", scenario(wrong), "--db", shop_database.uri, "--out", "out")

    assert ended.code == 2, ended.err
    assert f"workload.session.{version}" in ended.err and said in ended.err
    assert not (rehearse.folder / "out").exists()


def test_what_the_migration_makes_may_be_part_of_the_new_versions_session(run, shop_database):
    makes = {"name": "make", "sql": "CREATE FUNCTION hello() RETURNS int LANGUAGE sql AS 'SELECT 1'"}
    ended, result = run(shop.scenario(
        makes, {"name": "deploy", "deploy": "new"}, workload={"session": {"new": "SELECT hello()"}},
        phases=shop.SHORT))

    assert [step["outcome"] for step in result["steps"]] == ["ok", "ok"], ended.err


@pytest.mark.parametrize("content", [b"", b"- just\n- a list\n", b"\xff\xfe\x00version", b"a: [1,"])
def test_a_file_that_is_no_scenario_is_a_scenario_error(rehearse, tmp_path, content):
    path = tmp_path / "broken.yaml"
    path.write_bytes(content)

    ended = rehearse("validate", path)

    assert ended.code == 2
    assert "broken.yaml" in ended.out + ended.err


def test_a_refused_connection_is_the_harness_failing(rehearse, scenario, tmp_path):
    ended = rehearse("run", scenario(shop.scenario(NOTHING)), "--out", "out", "--db",
                     f"postgresql:///shop?host={tmp_path}&port=1&user=u")

    assert ended.code == 6
    # What, where, and what to do.
    assert str(tmp_path) in ended.err and "is the server running" in ended.err
    assert not (rehearse.folder / "out").exists()


def test_a_password_is_never_printed(rehearse, scenario, tmp_path):
    uri = f"postgresql://u:hunter2secret@/shop?host={tmp_path}&port=1"

    for arguments in (("run", scenario(shop.scenario(NOTHING)), "--out", "out", "--db", uri),
                      ("doctor", "--db", uri), ("guard", "mark", "--db", uri),
                      ("cleanup", "--db", uri)):
        ended = rehearse(*arguments)
        assert ended.code == 6, arguments
        assert "hunter2secret" not in ended.out + ended.err


def test_a_target_variable_that_is_not_set_is_named(rehearse, scenario):
    ended = rehearse("run", scenario(shop.scenario(NOTHING)), "--out", "out")

    assert ended.code == 2
    assert "TARGET" in ended.err


def test_a_run_directory_with_something_in_it_is_refused(rehearse, scenario, shop_database):
    (rehearse.folder / "out").mkdir()
    (rehearse.folder / "out" / "mine.txt").write_text("keep")

    ended = rehearse("run", scenario(shop.scenario(NOTHING)), "--db", shop_database.uri,
                     "--out", "out")

    assert ended.code == 2
    assert [path.name for path in (rehearse.folder / "out").iterdir()] == ["mine.txt"]


def test_more_connections_than_the_server_has_is_said_before_anything_is_done(
        rehearse, scenario, shop_database, tmp_path):
    (tmp_path / "setup.sql").write_text("CREATE TABLE made_by_setup ()", encoding="utf-8")
    many = shop.scenario(NOTHING, workload={"connections": 1000}, setup=["setup.sql"])

    ended = rehearse("run", scenario(many), "--db", shop_database.uri, "--setup", "--out", "out")

    assert ended.code == 6
    assert "opens 1004 sessions" in ended.err and "max_connections = 200" in ended.err
    assert "lower workload.connections" in ended.err
    assert shop_database.value("SELECT to_regclass('made_by_setup') IS NULL")
    assert not (rehearse.folder / "out").exists()
    shop_database.assert_no_session_of_ours()


def test_a_server_without_a_free_connection_is_told_from_one_that_is_not_there(
        rehearse, scenario, cluster, shop_database):
    cluster.psql(f"ALTER DATABASE {shop_database.name} CONNECTION LIMIT 3;"
                 f"DROP ROLE IF EXISTS few; CREATE ROLE few LOGIN;"
                 f"GRANT ALL ON ALL TABLES IN SCHEMA public TO few", database=shop_database.name)

    ended = rehearse("run", scenario(shop.scenario(NOTHING)), "--out", "out",
                     "--db", cluster.uri(shop_database.name, user="few"))

    assert ended.code == 6
    assert "the database's connection limit = 3" in ended.err
    shop_database.assert_no_session_of_ours()


def test_a_database_in_another_encoding_is_refused(rehearse, scenario, cluster):
    harmless = shop.scenario(NOTHING, workload={"operations": [
        {"name": "one", "weight": 1, "sql": "SELECT 1"}]})
    cluster.psql("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0"
                 " LC_COLLATE 'C' LC_CTYPE 'C'")
    try:
        marked = rehearse("guard", "mark", "--db", cluster.uri("latin"))
        ended = rehearse("run", scenario(harmless), "--out", "out", "--db", cluster.uri("latin"))
    finally:
        cluster.drop_database("latin")

    assert ended.code == 6
    assert "LATIN1" in ended.err + marked.err


def test_a_role_without_the_privilege_is_told_what_lacks(rehearse, scenario, cluster,
                                                         shop_database):
    cluster.psql("DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN")

    ended = rehearse("run", scenario(shop.scenario(NOTHING)), "--out", "out",
                     "--db", cluster.uri(shop_database.name, user="reader"))

    assert ended.code == 2
    for operation in ("read_order", "place_order"):
        assert re.search(rf"operation {operation}, statement 1: permission denied for (table|relation)"
                         r" orders \(SQLSTATE 42501\)", ended.err), ended.err
    assert not (rehearse.folder / "out").exists()
    shop_database.assert_no_session_of_ours()


@pytest.fixture
def writer(cluster, shop_database):
    """A role that may write rows and owns nothing."""
    cluster.psql("DROP ROLE IF EXISTS writer; CREATE ROLE writer LOGIN")
    cluster.psql("GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO writer;"
                 "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO writer",
                 database=shop_database.name)
    yield cluster.uri(shop_database.name, user="writer")
    cluster.psql("DROP OWNED BY writer", database=shop_database.name)


def test_a_step_that_the_role_may_not_carry_out_is_found_before_the_load(
        rehearse, scenario, shop_database, writer):
    shop_database.execute("REVOKE UPDATE ON customers FROM writer")
    content = shop.scenario(
        {"name": "note", "sql": "ALTER TABLE orders ADD COLUMN note text"},
        {"name": "fill", "backfill": {"table": "customers", "set": "orders = 0", "batch": 100}},
        workload={"operations": [shop.READ]})

    ended = rehearse("run", scenario(content), "--out", "out", "--db", writer)

    assert ended.code == 2
    assert "refuses 2 statements" in ended.err
    assert re.search(r"scenario.yaml:\d+:\d+: step 1 \(note\): must be owner of orders, which is"
                     r" postgres's; the role is writer \(SQLSTATE 42501\)", ended.err), ended.err
    assert "GRANT SELECT, UPDATE ON customers TO writer" in ended.err
    assert not (rehearse.folder / "out").exists()


def test_a_step_that_becomes_the_owner_first_is_not_refused(
        rehearse, scenario, cluster, shop_database, writer):
    cluster.psql("ALTER ROLE writer NOINHERIT; DROP ROLE IF EXISTS keeper; CREATE ROLE keeper;"
                 "GRANT keeper TO writer; GRANT ALL ON SCHEMA public TO keeper;"
                 "ALTER TABLE orders OWNER TO keeper; GRANT ALL ON orders TO writer",
                 database=shop_database.name)
    content = shop.scenario(
        {"name": "note", "sql": "SET LOCAL ROLE keeper; ALTER TABLE orders ADD COLUMN note text"},
        workload={"operations": [shop.READ]})

    ended = rehearse("run", scenario(content), "--out", "out", "--db", writer)

    results.assert_nothing_found(ended, results.read(rehearse.folder / "out"))


def test_a_replica_that_is_no_replica_is_refused(rehearse, scenario, cluster, shop_database):
    watched = shop.scenario(NOTHING, target={"dsn_env": "TARGET", "replicas_env": ["REPLICA"]})

    ended = rehearse("run", scenario(watched), "--out", "out", environment={
        "TARGET": shop_database.uri, "REPLICA": cluster.uri("postgres")})

    assert ended.code == 6
    assert "replica" in ended.err and "pg_is_in_recovery" in ended.err
    assert not (rehearse.folder / "out").exists()


def test_a_limit_on_the_size_of_files_is_said_and_kills_nothing(
        rehearse, program, scenario, shop_database):
    done = subprocess.run(
        [program, "run", scenario(shop.scenario(NOTHING)), "--db",
         shop_database.uri, "--out", "out"], cwd=rehearse.folder, text=True, capture_output=True,
        check=False, env=rehearse.environment(),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048)))

    assert done.returncode == 6, done.stderr
    assert "too large" in done.stderr
    shop_database.assert_no_session_of_ours()


def test_a_reader_that_goes_away_does_not_end_the_rehearsal(rehearse, scenario, shop_database):
    child = rehearse.start("run", scenario(shop.scenario(*shop.SAFE)), "--db",
                           shop_database.uri, "--out", "out")
    child.stderr.readline()
    child.stderr.close()  # what `2>&1 | head -1` does
    child.stdout.close()

    code = child.wait(timeout=60)

    result = results.read(rehearse.folder / "out")
    assert [step["outcome"] for step in result["steps"]] == ["ok", "ok"]
    assert code == 6, "its summary reached nobody"


@contextlib.contextmanager
def disk(folder, size):
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=1777", "tmpfs",
                              folder], capture_output=True, check=False)
    if mounted.returncode != 0:
        pytest.skip("only root can mount a disk that is full")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.fixture
def tiny_disk(tmp_path):
    with disk(tmp_path / "tiny", "16k") as folder:
        yield folder


def test_a_full_disk_is_the_harness_failing(rehearse, scenario, shop_database, tiny_disk):
    ended = rehearse("run", scenario(shop.scenario(NOTHING)), "--db", shop_database.uri,
                     "--out", tiny_disk / "out")

    assert ended.code == 6
    assert "space" in ended.err


def test_values_that_do_not_fit_the_disk_leave_the_proof_and_cost_the_names(
        rehearse, scenario, shop_database, tmp_path):
    shop_database.execute("CREATE TABLE wide (id int PRIMARY KEY, note text);"
                          "INSERT INTO wide SELECT n, repeat('x', 200) || n FROM generate_series(1, 60000) n")
    damage = {"name": "damage", "sql": "UPDATE wide SET note = note || '!' WHERE id = 77"}
    content = shop.scenario(damage, verify={"tables": ["wide"], "live": "off"})
    with disk(tmp_path / "small", "48m") as folder:  # half of it is for what is kept of rows
        for out, arguments in (("plain", ()), ("shown", ("--show-values",))):
            ended = rehearse("run", scenario(content), "--db", shop_database.uri,
                             "--out", folder / out, *arguments)
            assert ended.code == 4, ended.err
            (proof,) = results.read(folder / out)["verification"]["tables"]
            if out == "plain":
                assert [row["key"] for row in proof["mismatches"]] == ["id=77"]
                assert proof["unnamed"] is None
            else:
                assert proof["mismatches"] == []
                assert "bytes that they may take" in proof["unnamed"]
                assert "They are not named: the records need more than" in ended.out
            assert not list(folder.rglob("rehearse-spill*"))


def test_a_disk_too_full_for_the_throwaway_server_is_named(throwaway):
    scenario = throwaway.write(shop.scenario(NOTHING))
    with disk(throwaway.temporary / "full", "4m") as full:
        ended = throwaway.rehearse("run", scenario, "--out", "out", *SERVER_UNDER_TEST,
                                   environment={"TMPDIR": str(full)})
        left = list(full.iterdir())

    assert ended.code == 6
    assert "No space left on device" in ended.err and "set TMPDIR" in ended.err
    assert left == []
    assert not (throwaway.folder / "out").exists()


def test_the_schema_is_a_draft_7_json_schema(rehearse):
    ended = rehearse("schema")

    assert ended.code == 0
    schema = json.loads(ended.out)
    assert "draft-07" in schema["$schema"]
    assert {"workload", "migration", "gates", "phases"} <= set(schema["properties"])


@pytest.mark.parametrize("folder, said", [("x" * 90, "more than 68 characters"),
                                          ("missing", "No such file")])
def test_a_tmpdir_that_cannot_hold_the_server_is_named(throwaway, folder, said):
    """The server is made elsewhere; whoever named the folder is told."""
    place = throwaway.temporary / folder
    if folder != "missing":
        place.mkdir(mode=0o1777)
    scenario = throwaway.write(shop.scenario(NOTHING, phases=shop.SHORT))

    ended = throwaway.rehearse("run", scenario, "--out", "out", environment={"TMPDIR": str(place)})

    assert f"TMPDIR ({place}) cannot hold the throwaway server" in ended.err
    assert said in ended.err
    assert results.read(throwaway.folder / "out")["steps"][0]["outcome"] == "ok"
