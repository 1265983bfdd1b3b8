"""Checksums and comparisons of tables, as a user runs them."""
import json
import signal
import time

import psycopg
import pytest

ORDERS = """
CREATE TABLE orders (id int PRIMARY KEY, customer text, total numeric(10,2));
INSERT INTO orders SELECT g, 'c' || g, g + 0.25 FROM generate_series(1, 5000) g;
CREATE TABLE orders_new (id bigint PRIMARY KEY, customer text, total_cents bigint);
INSERT INTO orders_new SELECT id, customer, total * 100 FROM orders;
"""


@pytest.fixture
def orders(database):
    database.execute(ORDERS)
    return database


def test_a_checksum_tells_rows_and_digests(rehearse, orders):
    ended = rehearse("checksum", "--db", orders.uri, "--table", "orders", "--table",
                     "public.orders_new", "--json")

    assert ended.code == 0, ended.err
    told = ended.json
    assert told["schema"] == "rehearse.checksum/1"
    assert [table["name"] for table in told["tables"]] == ["public.orders", "public.orders_new"]
    first = told["tables"][0]
    assert first["rows"] == 5000 and first["bytes"] > 100_000 and len(first["digest"]) == 32
    assert [(column["name"], column["key"]) for column in first["columns"]] == [
        ("customer", False), ("id", True), ("total", False)]
    assert len({column["digest"] for column in first["columns"]}) == 3

    plain = rehearse("checksum", "--db", orders.uri, "--table", "orders")
    assert plain.code == 0
    assert first["digest"] in plain.out and "5,000 rows" in plain.out


def test_equal_data_has_equal_checksums_in_two_databases(rehearse, cluster, orders):
    cluster.psql(f"CREATE DATABASE {orders.name}_copy TEMPLATE {orders.name}")
    try:
        copy = cluster.uri(f"{orders.name}_copy")

        def digest(uri, *arguments):
            told = rehearse("checksum", "--db", uri, "--table", "orders", "--json", *arguments).json
            return told["tables"][0]["digest"]

        before = digest(orders.uri)
        with psycopg.connect(copy, autocommit=True) as connection:
            connection.execute("ALTER TABLE orders ALTER id TYPE bigint, ALTER customer TYPE varchar")
            connection.execute("VACUUM FULL orders")
        assert digest(copy) == before
        assert digest(copy, "--jobs", "5") == before
        assert digest(copy, "--seed", "7") != before
        equal = rehearse("diff", "--db", orders.uri, "--to-db", copy, "--table", "orders")
        assert equal.code == 0 and equal.out.endswith("equal\n"), equal.out + equal.err

        with psycopg.connect(copy, autocommit=True) as connection:
            connection.execute("UPDATE orders SET total = total + 0.01 WHERE id = 77")
        assert digest(copy) != before
        assert digest(copy, "--columns", "customer") == digest(orders.uri, "--columns", "customer")
        ended = rehearse("diff", "--db", orders.uri, "--to-db", copy, "--table", "orders", "--json")
        assert ended.code == 4
        assert ended.json["mismatches"] == [{"kind": "changed", "columns": ["total"], "key": "id=77"}]
    finally:
        cluster.psql(f"DROP DATABASE {orders.name}_copy")


def test_a_diff_maps_columns_and_names_rows(rehearse, orders):
    arguments = ("diff", "--db", orders.uri, "--table", "orders", "--to-table", "orders_new",
                 "--map", "total=total_cents/100.0")
    equal = rehearse(*arguments)
    assert equal.code == 0, equal.out + equal.err
    assert "compared with total_cents/100.0" in equal.out

    orders.execute("UPDATE orders_new SET total_cents = -1 WHERE id = 5;"
                   "DELETE FROM orders_new WHERE id = 9; INSERT INTO orders_new VALUES (6000)")
    ended = rehearse(*arguments, "--json")
    assert ended.code == 4
    told = ended.json
    assert told["schema"] == "rehearse.diff/1" and told["verdict"] == "different"
    assert told["counts"] == {"lost": 1, "extra": 1, "changed": 1, "duplicated": 0}
    assert {(found["kind"], found["key"], *found["columns"]) for found in told["mismatches"]} == {
        ("lost", "id=9"), ("extra", "id=6000"), ("changed", "id=5", "total")}
    assert "-0.01" not in ended.out, "values are shown on demand only"
    shown = rehearse(*arguments, "--show-values")
    assert "5.25" in shown.out and "-0.01" in shown.out


def test_the_first_hundred_rows_are_named_and_all_counted(rehearse, orders):
    orders.execute("UPDATE orders_new SET customer = customer || ' ' WHERE id <= 1234")
    ended = rehearse("diff", "--db", orders.uri, "--table", "orders", "--to-table", "orders_new",
                     "--columns", "customer", "--json")

    assert ended.code == 4
    assert ended.json["counts"]["changed"] == 1234
    assert len(ended.json["mismatches"]) == 100


def test_what_cannot_be_compared_is_a_usage_error(rehearse, orders):
    def refused(*arguments):
        ended = rehearse("diff", "--db", orders.uri, "--table", "orders", *arguments)
        assert (ended.code, ended.out) == (2, ""), ended.out + ended.err
        return ended.err

    assert "total has no counterpart" in refused("--to-table", "orders_new")
    assert "no table nowhere" in refused("--to-table", "nowhere")
    assert "itself" in refused()
    assert "OLD=NEW" in refused("--to-table", "orders_new", "--map", "total")
    assert "no column cents" in refused("--to-table", "orders_new", "--map", "cents=total_cents")
    assert "total_cent" in refused("--to-table", "orders_new", "--map", "total=total_cent/100")
    missing = rehearse("checksum", "--db", orders.uri, "--table", "orders", "--columns", "nix")
    assert missing.code == 2 and "customer, id, total" in missing.err
    assert rehearse("checksum", "--db", orders.uri).code == 2
    assert rehearse("checksum", "--db", orders.uri, "--table", "orders", "--jobs", "0").code == 2


def test_without_a_server_or_a_privilege_the_harness_failed(rehearse, cluster, orders):
    gone = rehearse("checksum", "--db", "postgresql:///none?host=/nowhere", "--table", "t")
    assert gone.code == 6 and gone.err and not gone.out

    cluster.psql("DROP ROLE IF EXISTS stranger; CREATE ROLE stranger LOGIN")
    barred = rehearse("checksum", "--db", cluster.uri(orders.name, user="stranger"),
                      "--table", "orders")
    assert barred.code == 6 and "42501" in barred.err


def test_it_writes_nothing_and_needs_no_mark(rehearse, orders):
    orders.execute(f"ALTER DATABASE {orders.name} SET default_transaction_read_only = on")
    assert rehearse("checksum", "--db", orders.uri, "--table", "orders").code == 0
    assert rehearse("diff", "--db", orders.uri, "--table", "orders", "--to-table", "orders_new",
                    "--columns", "customer").code == 0


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_readers(rehearse, orders, number, code):
    child = rehearse.start("checksum", "--db", orders.uri, "--table", "orders",
                           "--max-rows-per-s", "1")
    reading = ("SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database()"
               " AND query LIKE 'COPY%'")
    deadline = time.monotonic() + 20
    while not orders.value(reading) and time.monotonic() < deadline:
        pass
    begun = time.monotonic()
    child.send_signal(number)
    ended = rehearse.finish(child)

    assert (ended.code, ended.out) == (code, "")
    assert time.monotonic() - begun < 10, "it does not wait for the hour"
    left = ("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name LIKE 'rehearse/%'")
    deadline = time.monotonic() + 10
    while orders.value(left) and time.monotonic() < deadline:
        pass
    assert orders.value(left) == 0


def test_progress_is_on_stderr_unless_quiet(rehearse, orders):
    # 5,000 rows take some eleven seconds: one line of progress.
    arguments = ("checksum", "--db", orders.uri, "--table", "orders", "--max-rows-per-s", "450",
                 "--json")
    loud, quiet = rehearse.start(*arguments), rehearse.start(*arguments, "--quiet")
    loud, quiet = rehearse.finish(loud), rehearse.finish(quiet)

    assert "public.orders" in loud.err and "rows/s" in loud.err
    assert quiet.err == ""
    digests = [json.loads(ended.out)["tables"][0]["digest"] for ended in (loud, quiet)]
    assert digests[0] == digests[1]
