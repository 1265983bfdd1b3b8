"""The way back is rehearsed under the same load, and must lead to the state before."""
import signal

import pytest

import shop
from probe import LOAD
from results import assert_nothing_found
from shop import PLACE, READ

COUNT = {"name": "count_orders", "weight": 2, "app": "old", "params": {"id": "uniform(1, 500)"},
         "sql": "UPDATE customers SET orders = orders + 1 WHERE id = :id"}
PLACE_NEW = {"name": "place_new", "weight": 30, "app": "new",
             "params": {"customer": "uniform(1, 500)"},
             "sql": "INSERT INTO orders (customer_id, total, region) VALUES (:customer, 1, 'us')"}
NEW = {"name": "deploy", "deploy": "new"}
OLD = {"name": "deploy back", "deploy": "old"}


def sql(text, name="step", **more):
    return {"name": name, "sql": text} | more


def there_and_back(up, down, expect=None, live="on", operations=(READ, PLACE),
                   tables=("orders", "customers"), gates=None, **verify):
    section = {"tables": list(tables), "live": live} | verify
    if expect:
        section["expect"] = expect
    made = shop.scenario(*up, verify=section, gates=gates or {"errors": 10_000},
                         workload={"operations": list(operations)})
    made["migration"]["down"] = list(down)
    return made


def table(result, name="public.orders"):
    return next(entry for entry in result["rollback"]["verification"]["tables"]
                if entry["name"] == name)


def found(result, name):
    return sorted((row["kind"], row["key"], row["columns"])
                  for row in table(result, name)["mismatches"])


@pytest.fixture(autouse=True)
def can_tag(cluster):
    if cluster.major < 14:
        pytest.skip("transactions say whose they are from PostgreSQL 14 on")


ADD_REGION = [shop.SAFE[0], sql("ALTER TABLE orders ALTER COLUMN region SET DEFAULT 'eu'", "default"),
              shop.SAFE[1], NEW]
DROP_REGION = [OLD, sql("ALTER TABLE orders DROP COLUMN region")]


@pytest.mark.parametrize("live", ["on", "off"])
def test_a_way_back_that_restores_everything_passes_and_tells_what_is_lost(
        run, rehearse, shop_database, live):
    ended, result = run(there_and_back(ADD_REGION, DROP_REGION, live=live,
                                       expect={"orders.region": {"added": "'eu'"}},
                                       operations=(READ, PLACE, PLACE_NEW)))

    assert_nothing_found(ended, result)
    back = result["rollback"]
    assert [step["outcome"] for step in back["steps"]] == ["ok", "ok"]
    assert [phase["name"] for phase in back["phases"]] == ["warmup", "before", "during", "after"]
    assert back["phases"][0]["start_s"] > result["phases"][-1]["end_s"]
    proof = result["verification"]["rollback"]
    assert (proof["schema_diff"], proof["omitted"]) == ([], None)
    (lost,) = proof["lost_writes"]
    assert (lost["table"], lost["column"], lost["operations"]) == \
        ("public.orders", "region", ["place_new"])
    assert lost["rows"] is None if live == "off" else lost["rows"] > 0
    assert "lost by going back" in ended.out and "Rollback: " in ended.out
    assert "lost by going back" in (rehearse.folder / "out" / "summary.md").read_text()
    assert table(result)["mode"] == ("quiesced" if live == "off" else "ledger")
    assert shop_database.value("SELECT count(*) FROM pg_replication_slots") == 0
    # The new version goes on until it is taken back.
    names = {each["name"]: each["phases"] for each in back["operations"]}
    assert names["place_new"]["before"]["count"] > 0


LEFT_BEHIND = {
    "an index": ([sql("CREATE INDEX by_customer ON orders (customer_id)")], [shop.NOTHING],
                 "the index by_customer is new"),
    "a type": ([sql("ALTER TABLE orders ALTER COLUMN total TYPE bigint")], [shop.NOTHING],
               "column total: type bigint, before: integer"),
    "a column": ([sql("ALTER TABLE orders ADD COLUMN region text")], [shop.NOTHING],
                 "the column region is new"),
    "a default": ([sql("ALTER TABLE orders ALTER COLUMN total SET DEFAULT 1")], [shop.NOTHING],
                  "column total: default 1, before: none"),
    "a missing constraint": ([sql("ALTER TABLE orders ALTER COLUMN total DROP NOT NULL")],
                             [shop.NOTHING], "column total is no longer NOT NULL"),
    "a constraint": ([sql("ALTER TABLE orders ADD CONSTRAINT positive CHECK (total > 0)")],
                     [shop.NOTHING], "the constraint positive is new"),
    "a statistics target": ([sql("ALTER TABLE orders ALTER COLUMN total SET STATISTICS 500")],
                            [shop.NOTHING], "column total: statistics target 500, before: none"),
    "a comment": ([sql("COMMENT ON COLUMN orders.total IS 'in cents'")], [shop.NOTHING],
                  "column total: comment in cents, before: none"),
    "a privilege": ([sql("GRANT SELECT ON orders TO pg_monitor")], [shop.NOTHING],
                    "granted now: SELECT to pg_monitor"),
    "an index that is there under another name": (
        [sql("DROP INDEX extra")], [sql("CREATE INDEX other ON customers (orders)")],
        "the index extra is called other"),
}


@pytest.mark.parametrize("kind", LEFT_BEHIND)
def test_what_the_way_back_leaves_behind_is_a_schema_difference(run, shop_database, kind):
    up, down, text = LEFT_BEHIND[kind]
    shop_database.execute("CREATE INDEX extra ON customers (orders)")

    ended, result = run(there_and_back(up, down, live="off"))

    assert ended.code == result["exit_code"] == 4, (result["reasons"], ended.err)
    proof = result["verification"]["rollback"]
    assert [change["text"] for change in proof["schema_diff"]] == [text]
    assert result["reasons"][0].startswith("Rollback: Schema of public."), result["reasons"]
    assert proof["verdict"] == "fail"


DATA = {
    "a row that the way back deletes": (
        [shop.NOTHING], [sql("DELETE FROM orders WHERE id = 77")], None,
        "public.orders", [("lost", "id=77", [])]),
    "a dropped column that comes back empty": (
        [sql("ALTER TABLE customers DROP COLUMN orders")],
        [sql("ALTER TABLE customers ADD COLUMN orders int NOT NULL DEFAULT 0"),
         sql("UPDATE customers SET orders = 3 WHERE id = 9", "damage")],
        {"customers.orders": "dropped"},
        "public.customers", [("changed", "id=9", ["orders"])]),
    "a rewrite that is not undone for all rows": (
        [sql("ALTER TABLE customers ALTER COLUMN orders TYPE int USING orders + 7")],
        [sql("ALTER TABLE customers ALTER COLUMN orders TYPE int"
             " USING CASE id WHEN 11 THEN orders ELSE orders - 7 END")],
        {"customers.orders": {"rewritten": "orders + 7"}},
        "public.customers", [("changed", "id=11", ["orders"])]),
    "a renamed column whose values change on the way back": (
        [sql("ALTER TABLE customers RENAME COLUMN orders TO order_count")],
        [sql("ALTER TABLE customers RENAME COLUMN order_count TO orders"),
         sql("UPDATE customers SET orders = 1 WHERE id = 3", "damage")],
        {"customers.orders": {"renamed": "order_count"}},
        "public.customers", [("changed", "id=3", ["order_count"])]),
}


@pytest.mark.parametrize("live", ["on", "off"])
@pytest.mark.parametrize("kind", DATA)
def test_what_the_way_back_damages_is_named(run, kind, live):
    up, down, expect, name, mismatches = DATA[kind]

    ended, result = run(there_and_back(up, down, expect=expect, live=live))

    assert ended.code == 4, (result["reasons"], ended.err)
    assert found(result, name) == mismatches
    # An order by column name that the server cannot put back is no difference.
    assert result["verification"]["rollback"]["schema_diff"] == []
    assert any(reason.startswith("Rollback: Data mismatch in " + name)
               for reason in result["reasons"])


UNDONE = {
    "dropped and made again": (
        [sql("ALTER TABLE customers DROP COLUMN orders")],
        [sql("ALTER TABLE customers ADD COLUMN orders int NOT NULL DEFAULT 0")],
        {"customers.orders": "dropped"}),
    "rewritten and undone": (
        [sql("ALTER TABLE customers ALTER COLUMN orders TYPE int USING orders + 7")],
        [sql("ALTER TABLE customers ALTER COLUMN orders TYPE int USING orders - 7")],
        {"customers.orders": {"rewritten": "orders + 7"}}),
    "renamed and back": (
        [sql("ALTER TABLE customers RENAME COLUMN orders TO order_count")],
        [sql("ALTER TABLE customers RENAME COLUMN order_count TO orders")],
        {"customers.orders": {"renamed": "order_count"}}),
    "widened and narrowed": (
        [sql("ALTER TABLE orders ALTER COLUMN total TYPE bigint")],
        [sql("ALTER TABLE orders ALTER COLUMN total TYPE int")], None),
    "a column that nothing declares": (
        [sql("ALTER TABLE orders ADD COLUMN region text")],
        [sql("ALTER TABLE orders DROP COLUMN region")], None),
    "an index made and dropped": (
        [sql("CREATE INDEX CONCURRENTLY by_total ON orders (total)", transaction=False)],
        [sql("DROP INDEX CONCURRENTLY by_total", transaction=False)], None),
}


@pytest.mark.parametrize("live", ["on", "off"])
@pytest.mark.parametrize("kind", UNDONE)
def test_what_is_undone_raises_no_alarm(run, kind, live):
    up, down, expect = UNDONE[kind]

    ended, result = run(there_and_back(up, down, expect=expect, live=live))

    assert_nothing_found(ended, result)
    assert result["rollback"]["verdict"] in ("pass", "inconclusive")
    assert result["verification"]["rollback"]["schema_diff"] == []


@pytest.mark.parametrize("live", ["on", "off"])
def test_a_dropped_column_that_the_application_had_written_is_never_called_restored(run, live):
    up = [NEW, sql("ALTER TABLE customers DROP COLUMN orders")]
    down = [sql("ALTER TABLE customers ADD COLUMN orders int NOT NULL DEFAULT 0"), OLD,
            sql("UPDATE customers SET orders = 1000", "damage")]

    ended, result = run(there_and_back(up, down, live=live,
                                       expect={"customers.orders": "dropped"},
                                       operations=(READ, PLACE, COUNT)))

    # The load made fewer updates than rows differ: only the change stream can count them.
    assert ended.code == (4 if live == "on" else 3), (result["reasons"], ended.err)
    assert table(result, "public.customers")["verdict"] == \
        ("fail" if live == "on" else "inconclusive")


@pytest.mark.parametrize("live", ["on", "off"])
def test_new_rows_that_nobody_can_judge_are_no_pass(run, live):
    rewrite = "ALTER TABLE orders ALTER COLUMN total TYPE int USING total "

    ended, result = run(there_and_back(
        [sql(rewrite + "* 3")], [sql(rewrite + "/ 3")], live=live,
        expect={"orders.total": {"rewritten": "total * 3"}},
        operations=(READ, {"name": "place", "weight": 30, "params": {"id": "uniform(1, 500)"},
                           "sql": "INSERT INTO orders (customer_id, total) VALUES (:id, 3)"})))

    assert ended.code == 3, (result["reasons"], ended.err)
    assert any("new since" in reason for reason in result["reasons"]), result["reasons"]


@pytest.mark.parametrize("live", ["on", "off"])
def test_a_dropped_column_of_a_table_without_a_key_is_compared(run, shop_database, live):
    shop_database.execute("CREATE TABLE log (a int, note text);"
                          "INSERT INTO log SELECT n, 'n' || n FROM generate_series(1, 100) n")

    ended, result = run(there_and_back(
        [sql("ALTER TABLE log DROP COLUMN note")], [sql("ALTER TABLE log ADD COLUMN note text")],
        expect={"log.note": "dropped"}, tables=("log",), live=live))

    assert ended.code == 4, (result["reasons"], ended.err)
    assert table(result, "public.log")["lost"] == 100


def test_a_rewritten_key_is_compared(run, shop_database):
    shop_database.execute("CREATE TABLE coded (code text PRIMARY KEY, n int);"
                          "INSERT INTO coded SELECT 'c' || n, n FROM generate_series(1, 100) n")

    ended, result = run(there_and_back(
        [sql("UPDATE coded SET code = upper(code)")], [shop.NOTHING], live="off",
        expect={"coded.code": {"rewritten": "upper(code)"}}, tables=("coded", "orders")))

    assert ended.code == 4, (result["reasons"], ended.err)
    assert table(result, "public.coded")["verdict"] == "fail"


def test_numbers_of_a_sequence_are_not_given_twice(run, shop_database):
    place = {"name": "place_numbered", "weight": 30, "params": {"id": "sequence(1000000)"},
             "sql": "INSERT INTO orders (id, customer_id, total) VALUES (:id, 1, 1)"}

    ended, result = run(there_and_back([shop.NOTHING], [shop.NOTHING], gates={"errors": 0},
                                       operations=(READ, place)))

    assert_nothing_found(ended, result)
    placed = sum(each["phases"][phase]["count"] for part in (result, result["rollback"])
                 for each in part["operations"] if each["name"] == "place_numbered"
                 for phase in ("before", "during", "after"))
    assert shop_database.value("SELECT count(*) FROM orders WHERE id >= 1000000") >= placed > 0


def test_a_way_back_that_blocks_the_application_fails_its_gate(run):
    block = sql("LOCK TABLE orders; SELECT pg_sleep(1.5)", "block")

    ended, result = run(there_and_back([shop.NOTHING], [block], live="off",
                                       gates={"lock_wait.max": "500ms"}))

    assert ended.code == 1, (result["reasons"], ended.err)
    assert result["reasons"][0].startswith(
        "Rollback: The application waited up to 1."), result["reasons"]
    assert {gate["verdict"] for gate in result["gates"]} <= {"pass", "inconclusive"}
    assert [gate["verdict"] for gate in result["rollback"]["gates"]] == ["fail"]
    assert result["rollback"]["locks"]["max_wait_ms"] > 1000


def test_a_way_back_that_fails_is_a_failed_migration(run):
    ended, result = run(there_and_back(
        [sql("CREATE INDEX by_total ON orders (total)")],
        [sql("DROP INDEX by_amount")], live="off"))

    assert ended.code == 5, (result["reasons"], ended.err)
    assert result["reasons"][0].startswith("Rollback: "), result["reasons"]
    assert "by_amount" in result["reasons"][0]


def test_after_a_migration_that_failed_there_is_no_way_back(run):
    ended, result = run(there_and_back([sql("ALTER TABLE orders DROP COLUMN nothing")],
                                       [shop.NOTHING], live="off"))

    assert ended.code == 5, (result["reasons"], ended.err)
    assert result["rollback"] is None
    assert "the migration failed" in result["verification"]["rollback"]["omitted"]


def test_the_way_back_can_be_left_out(run):
    ended, result = run(there_and_back([shop.NOTHING], [sql("DROP TABLE orders")], live="off",
                                       rollback=False))

    assert_nothing_found(ended, result)
    assert result["rollback"] is None and result["verification"]["rollback"] is None


def test_without_verified_tables_the_way_back_is_still_measured(run):
    made = shop.scenario(shop.NOTHING, gates={"errors": 0})
    made["migration"]["down"] = [sql("ALTER TABLE orders ADD COLUMN region text")]

    ended, result = run(made)

    assert_nothing_found(ended, result)
    assert result["rollback"]["steps"][0]["outcome"] == "ok"


def test_an_interruption_of_the_way_back_leaves_nothing(rehearse, scenario, shop_database, until):
    hold = sql("SELECT pg_sleep(60) /* way back */", "hold")
    child = rehearse.start("run", scenario(there_and_back([shop.NOTHING], [hold])),
                           environment={"TARGET": shop_database.uri})
    until(lambda: shop_database.value(
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%way back%'"
        " AND pid <> pg_backend_pid()") > 0, child)

    child.send_signal(signal.SIGINT)
    until(lambda: shop_database.value(LOAD) == 0, child)
    child.send_signal(signal.SIGINT)  # the step is cancelled
    ended = rehearse.finish(child)

    assert ended.code == 130, ended.err
    assert shop_database.value("SELECT count(*) FROM pg_replication_slots") == 0
    assert shop_database.value("SELECT count(*) FROM pg_publication") == 0
