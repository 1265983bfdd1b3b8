"""A password reaches the server and nobody else; an ordinary role may rehearse."""
import json

import pytest

import results
import shop
from cluster import Cluster
from shop import NOTHING

PASSWORD = "p@ss:w/rd hunter2"
ENCODED = "p%40ss%3Aw%2Frd%20hunter2"
SECRETS = (PASSWORD, ENCODED, "hunter2")


@pytest.fixture(scope="module")
def guarded():
    """A server that asks for a password, and a shop that an ordinary role owns."""
    with Cluster({"password_encryption": "scram-sha-256", "log_connections": "on"}) as made:
        made.psql(f"CREATE ROLE app LOGIN PASSWORD '{PASSWORD}'; CREATE DATABASE shop OWNER app")
        made.psql("SET ROLE app;" + shop.SCHEMA, database="shop")
        with open(f"{made.data}/pg_hba.conf", "w", encoding="utf-8") as file:
            file.write("local all postgres trust\nlocal all all scram-sha-256\n")
        made.psql("SELECT pg_reload_conf()")
        yield made


@pytest.fixture
def uri(guarded):
    return f"postgresql://app:{ENCODED}@/shop?host={guarded.folder}&port=5432"


def said(ended, folder):
    """Everything that a run printed or wrote."""
    return ended.out + ended.err + "".join(
        path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file()
        and path.name != "passfile")


def assert_silent(text):
    assert [secret for secret in SECRETS if secret in text] == []


def test_a_password_appears_nowhere(rehearse, scenario, uri, guarded):
    marked = rehearse("guard", "mark", "--db", uri)
    assert marked.code == 0, marked.err
    tell = {"name": "a talkative tool", "command": [
        "sh", "-c", "echo connecting to $URL as $PGPASSWORD; psql -X -c 'SELECT 42 AS answer'"
                    " \"$URL\"; echo \"$URL\" >&2"], "env": {"URL": "{{target.uri}}"}}
    content = shop.scenario(
        tell, {"name": "add", "sql": "ALTER TABLE orders ADD COLUMN region text"},
        {"name": "echo", "sql": f"DO $$ BEGIN RAISE NOTICE 'hello'; END $$"})

    ended = rehearse("run", scenario(content), "--out", "out", environment={"TARGET": uri})

    results.assert_nothing_found(ended, results.read(rehearse.folder / "out"))
    text = said(ended, rehearse.folder / "out")
    assert "connecting to" in text and "42" in text, "the tool did connect and was heard"
    assert_silent(text)
    for command in (("doctor",), ("cleanup",), ("guard", "mark")):
        told = rehearse(*command, "--db", uri)
        assert told.code == 0, told.err + told.out
        assert_silent(told.out + told.err)


def test_a_wrong_password_is_not_repeated(rehearse, scenario, guarded):
    wrong = f"postgresql://app:hunter2wrong@/shop?host={guarded.folder}&port=5432"

    ended = rehearse("run", scenario(shop.scenario(NOTHING)), "--out", "out", "--db", wrong)

    assert ended.code == 6
    assert "password authentication failed" in ended.err
    assert_silent(ended.out + ended.err)


@pytest.mark.parametrize("broken", ["postgresql://app:hunter2@[shop", "host=/x password='hunter2",
                                    "postgresql://app:hunter2@/shop?nonsense=1"])
def test_a_connection_string_that_makes_no_sense_is_not_repeated(rehearse, scenario, broken):
    ended = rehearse("run", scenario(shop.scenario(NOTHING)), "--out", "out", "--db", broken)

    assert ended.code == 2
    assert ended.err.strip()
    assert_silent(ended.out + ended.err)


def test_a_password_file_and_variables_will_do(rehearse, guarded):
    passfile = rehearse.folder / "passfile"
    escaped = PASSWORD.replace(":", "\\:")
    passfile.write_text(f"*:*:shop:app:{escaped}\n")
    passfile.chmod(0o600)

    ended = rehearse("doctor", "--db", "", environment={
        "PGHOST": guarded.folder, "PGPORT": "5432", "PGUSER": "app", "PGDATABASE": "shop",
        "PGPASSFILE": str(passfile)})

    assert "password" not in ended.err, ended.err
    assert "encoding" in ended.out


# What each of these steps fails on, and the customer's words that the server's answer quotes.
QUOTING = {
    "not unique": "CREATE UNIQUE INDEX ON people (email)",
    "breaks a check": "ALTER TABLE people ADD CHECK (id < 0) NOT VALID; UPDATE people SET id = id",
    "another type": "ALTER TABLE people ALTER COLUMN email TYPE int USING email::int",
}
PEOPLE = ("CREATE TABLE people (id int, email text);"
          "INSERT INTO people VALUES (1, 'ann@private.example'), (2, 'ann@private.example')")


@pytest.mark.parametrize("step", QUOTING)
def test_values_of_rows_are_in_no_report_unless_asked_for(run, rehearse, shop_database, step):
    shop_database.execute(PEOPLE)
    failing = shop.scenario({"name": step, "sql": QUOTING[step]})

    ended, result = run(failing)
    asked, shown = run(failing, "--show-values", out="shown")

    assert ended.code == asked.code == 5
    assert "--show-values" in result["steps"][0]["error"]
    assert "ann@private" not in said(ended, rehearse.folder / "out")
    assert "ann@private" in shown["steps"][0]["error"]


@pytest.mark.parametrize("live", ["off", "auto"])
def test_values_of_rows_that_differ_are_in_no_file_unless_asked_for(
        run, rehearse, shop_database, live):
    shop_database.execute(
        "CREATE TABLE people (id int PRIMARY KEY, email text);"
        "INSERT INTO people SELECT n, 'ann@private.example' FROM generate_series(1, 100) n;"
        "CREATE TABLE letters AS SELECT email AS sender FROM people;"
        "ALTER TABLE letters REPLICA IDENTITY FULL")
    damaging = shop.scenario(
        {"name": "step", "sql": "UPDATE people SET email = 'b' || email WHERE id = 5;"
                                "DELETE FROM people WHERE id = 6;"
                                "UPDATE letters SET sender = 'b' || sender"
                                " WHERE ctid = (SELECT ctid FROM letters LIMIT 1)"},
        verify={"tables": ["people", "letters"], "live": live})

    ended, result = run(damaging)
    asked, shown = run(damaging, "--show-values", out="shown")

    assert ended.code == asked.code == 4, (result["reasons"], shown["reasons"])
    text = said(ended, rehearse.folder / "out")
    assert "id=5" in text and "id=6" in text, "keys are told"
    assert "@private" not in text
    assert not any("before" in row or "after" in row
                   for table in result["verification"]["tables"] for row in table["mismatches"])
    assert "ann@private" in json.dumps(shown["verification"])


def test_values_of_rows_that_a_backfill_or_an_adversary_meets_are_in_no_report(
        run, rehearse, shop_database):
    shop_database.execute(PEOPLE + "; ALTER TABLE people ADD PRIMARY KEY (id)")

    ended, result = run(shop.scenario(
        {"name": "hold", "pause": "500ms"},
        {"name": "fill", "backfill": {"table": "people", "set": "email = NULLIF(email, email::int::text)",
                                      "batch": 10}},
        adversaries=[{"name": "theirs", "second_migration": {
            "sql": "CREATE UNIQUE INDEX ON people (email)"}}]))

    assert ended.code == 5
    assert "23505" in result["adversaries"][0]["error"], result["adversaries"]
    assert "22P02" in results.step(result, "fill")["error"], result["steps"]
    assert "ann@private" not in said(ended, rehearse.folder / "out")
