"""A workload from what pg_stat_statements counted, and what it does on another database."""
import math
import re

import psycopg
import pytest

import counted_shop
import results
from cluster import Cluster
from conftest import Database, write_scenario
from counted_shop import (PGBENCH_TRANSACTIONS, RESET, SCHEMA, SHOP_LOAD, make_shop, run_load,
                          wait_for_rates)


@pytest.fixture(scope="module")
def counting():
    with Cluster(counted_shop.SETTINGS) as made:
        yield made


@pytest.fixture(scope="module")
def production(counting):
    made = make_shop(counting, "production")
    run_load(counting, made)
    return made


@pytest.fixture(scope="module")
def staging(counting, production):
    return make_shop(counting, "staging")


def synthesized(rehearse, source, *arguments):
    wait_for_rates(source)
    ended = rehearse("workload", "synthesize", "--db", source.uri, "--window", "0", *arguments)
    assert ended.code == 0, ended.err
    return ended


def squeezed(sql):
    return re.sub(r"\s", "", sql)


def calls_by_statement(database):
    with database.connect() as connection:
        rows = connection.execute(
            "SELECT query, sum(calls)::bigint FROM pg_stat_statements WHERE toplevel AND dbid ="
            " (SELECT oid FROM pg_database WHERE datname = current_database()) GROUP BY query")
        return {squeezed(query): calls for query, calls in rows.fetchall()}


def is_load(query):
    return re.match(r"(SELECT(id|c\.|count|abalance)|INSERTINTO(orders|pgbench)|UPDATE)", query)


def test_the_calls_on_another_database_follow_those_of_the_source(rehearse, production, staging,
                                                                  tmp_path):
    there = {query: calls for query, calls in calls_by_statement(production).items()
             if is_load(query)}
    assert sum(there.values()) == sum(times for _, times, _ in SHOP_LOAD) + 5 * PGBENCH_TRANSACTIONS
    written = synthesized(rehearse, production, "--out", "workload.yaml")
    assert "100.0 % of the calls" not in written.out, "what the fixture itself asked is not covered"
    text = (tmp_path / "workload.yaml").read_text(encoding="utf-8")
    path = write_scenario(tmp_path, "version: 1\nname: synthesized\n" + text +
                          "phases: {warmup: 100ms, before: 3s, after: 2s}\n"
                          "migration:\n  up:\n    - pause: 10ms\ngates: {errors: 0}\n")

    valid = rehearse("validate", path)
    assert valid.code == 0, valid.err
    assert rehearse("guard", "mark", "--db", staging.uri).code == 0
    staging.execute(RESET)
    ended = rehearse("run", path, "--db", staging.uri, "--out", "out", "--seed", "7",
                     "--set", "workload.rate=300/s")

    result = results.read(tmp_path / "out")
    assert all(not phase["errors"] for operation in result["operations"]
               for phase in operation["phases"].values()), ended.out
    here = {query: calls for query, calls in calls_by_statement(staging).items() if query in there}
    assert set(here) == set(there)
    sent = sum(here.values())
    assert sent > 1000
    for query, calls in there.items():
        share = calls / sum(there.values())
        # Five standard deviations of a draw: one run in a million is further off.
        assert abs(here[query] - sent * share) <= 5 * math.sqrt(sent * share * (1 - share)), query


def test_a_file_holds_no_value_of_the_source_unless_asked(rehearse, production):
    bare = synthesized(rehearse, production).out
    for secret in ("zq", "7700", "7705", "2031"):
        assert secret not in bare, secret
    assert "zq-paid-zq" in synthesized(rehearse, production, "--keep-values").out


def test_what_is_left_out_is_counted(rehearse, counting):
    counting.psql("CREATE DATABASE left_out")
    source = Database(counting, "left_out")
    source.execute("CREATE EXTENSION pg_stat_statements")
    counting.psql(SCHEMA, "left_out")
    source.execute(RESET)
    with psycopg.connect(source.uri, autocommit=True,
                         cursor_factory=psycopg.ClientCursor) as connection:
        for n in range(60):
            connection.execute("SELECT id FROM orders WHERE id = %s", (n,))
        for n in range(20):
            connection.execute("SELECT touch(%s)", (n,))
        for _ in range(19):
            connection.execute("SELECT pg_sleep(0)")
        connection.execute("VACUUM customers")

    text = " ".join(synthesized(rehearse, source).err.split())

    # 101 calls: the reset is one; what touch() runs is none.
    assert "1 statement, 59.4 % of the calls" in text
    assert "19.8 % of the calls" in text and "argument of touch()" in text
    assert "18.8 % of the calls" in text and "argument of pg_sleep()" in text
    assert "utility statements (VacuumStmt)" in text
    assert "statements that functions ran" in text


def test_two_readings_count_what_came_between_them(rehearse, counting):
    counting.psql("CREATE DATABASE between_two")
    source = Database(counting, "between_two")
    source.execute("CREATE EXTENSION pg_stat_statements")
    counting.psql(SCHEMA, "between_two")
    source.execute("SELECT id FROM orders WHERE id = 5")
    child = rehearse.start("workload", "synthesize", "--db", source.uri, "--window", "3s")
    with source.connect() as connection:
        while child.poll() is None:
            connection.execute("SELECT email FROM customers WHERE id = 770001")
    ended = rehearse.finish(child)

    assert ended.code == 0, ended.err
    assert "select_customers_by_id" in ended.out
    assert "select_orders_by_id" not in ended.out
    seconds = float(re.search(r"\(([0-9.]+) s\)", ended.err).group(1))
    assert 3 <= seconds < 60


def test_a_role_needs_the_statistics_alone(rehearse, counting, production):
    counting.psql("CREATE ROLE nobody_special LOGIN; CREATE ROLE reader LOGIN;"
                  "GRANT pg_read_all_stats TO reader")
    hidden = rehearse("workload", "synthesize", "--window", "0", "--db",
                      counting.uri(production.name, "nobody_special"))
    assert hidden.code == 6
    assert "pg_read_all_stats" in hidden.err

    reader = rehearse("workload", "synthesize", "--window", "0", "--db",
                      counting.uri(production.name, "reader"))
    assert reader.code == 0, reader.err
    assert "select_orders_by_id" in reader.out


def test_what_is_missing_there_is_said_with_the_remedy(rehearse, database, counting, cluster):
    missing = rehearse("workload", "synthesize", "--db", database.uri)
    assert missing.code == 6
    assert "CREATE EXTENSION pg_stat_statements" in missing.err

    database.execute("CREATE EXTENSION pg_stat_statements")
    not_loaded = rehearse("workload", "synthesize", "--db", database.uri)
    assert not_loaded.code == 6
    assert "shared_preload_libraries" in not_loaded.err

    counting.psql("CREATE DATABASE idle")
    idle = Database(counting, "idle")
    idle.execute("CREATE EXTENSION pg_stat_statements")
    nothing = rehearse("workload", "synthesize", "--window", "1s", "--db", idle.uri)
    assert nothing.code == 6
    assert "Was there any load?" in nothing.err


def test_wrong_arguments_are_refused_before_anything_is_read(rehearse, tmp_path):
    there = tmp_path / "there.yaml"
    there.write_text("mine", encoding="utf-8")
    for arguments, said in ((["--dsn-env", "NO_SUCH"], "NO_SUCH"), (["--scale", "0"], "--scale"),
                            (["--window", "x"], "--window"), (["--top", "0"], "--top"),
                            (["--out", str(there)], "is there already")):
        ended = rehearse("workload", "synthesize", *arguments)
        assert ended.code == 2, arguments
        assert said in ended.err
    assert there.read_text(encoding="utf-8") == "mine"
