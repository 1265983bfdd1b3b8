"""With the change stream every row is proved, what the workload writes included."""
import pytest

import shop
from ledger import assert_nothing_left
from results import assert_nothing_found
from shop import NOTHING, PLACE, READ

BUMP = {"name": "bump_total", "weight": 30, "params": {"id": f"uniform(1, {shop.ROWS})"},
        "sql": "UPDATE orders SET total = total + 1 WHERE id = :id"}
CANCEL = {"name": "cancel", "weight": 5, "params": {"id": f"uniform(1000, {shop.ROWS})"},
          "sql": "DELETE FROM orders WHERE id = :id"}
WRITERS = (READ, PLACE, BUMP, CANCEL)


@pytest.fixture(autouse=True)
def can_tag(cluster):
    if cluster.major < 14:
        pytest.skip("transactions say whose they are from PostgreSQL 14 on")


def following(*steps, expect=None, operations=WRITERS, tables=("orders",), live="on", **parts):
    section = {"tables": list(tables), "live": live}
    if expect:
        section["expect"] = expect
    # No lock gate: these are about the data.
    return shop.scenario(*steps, verify=section, gates={"errors": 10_000},
                         workload={"operations": list(operations)}, **parts)


def sql(text, name="step", **more):
    return {"name": name, "sql": text} | more


def table(result, name="public.orders"):
    return next(entry for entry in result["verification"]["tables"] if entry["name"] == name)


def found(result, name="public.orders"):
    return sorted((row["kind"], row["key"], row["columns"])
                  for row in table(result, name)["mismatches"])


# In the order that leaves no row out: what is inserted after the backfill gets the default.
BACKFILLED = [shop.SAFE[0], sql("ALTER TABLE orders ALTER COLUMN region SET DEFAULT 'eu'", "default"),
              shop.SAFE[1]]
HARMLESS = {
    "nothing": ([NOTHING], None),
    "add and backfill": (BACKFILLED, {"orders.region": {"added": "'eu'"}}),
    "a default and a rewrite": (
        [sql("ALTER TABLE orders ADD COLUMN tag text NOT NULL DEFAULT md5(random()::text)")],
        {"orders.tag": "added"}),
    "a value from another column": (
        [sql("ALTER TABLE orders ADD COLUMN cents bigint GENERATED ALWAYS AS (total * 100) STORED")],
        {"orders.cents": {"added": "total * 100"}}),
    "index": ([sql("CREATE INDEX CONCURRENTLY by_customer ON orders (customer_id)",
                   transaction=False)], None),
    "widen": ([sql("ALTER TABLE orders ALTER COLUMN total TYPE bigint")], None),
    "drop another column": ([sql("ALTER TABLE customers DROP COLUMN orders")],
                            {"customers.orders": "dropped"}),
    "rename": ([sql("ALTER TABLE customers RENAME COLUMN orders TO order_count")],
               {"customers.orders": {"renamed": "order_count"}}),
    "rewrite the heap": ([sql("VACUUM FULL orders", transaction=False)], None),
    "touch every row": ([sql("UPDATE orders SET total = total")], None),
    "validate": ([sql("ALTER TABLE orders ADD CHECK (total > 0) NOT VALID"),
                  sql("ALTER TABLE orders VALIDATE CONSTRAINT orders_total_check", "validate")],
                 None),
}


@pytest.mark.parametrize("kind", HARMLESS)
def test_a_harmless_migration_passes_whole(run, shop_database, kind):
    steps, expect = HARMLESS[kind]

    ended, result = run(following(*steps, expect=expect, tables=("orders", "customers")))

    assert_nothing_found(ended, result)
    orders, customers = table(result), table(result, "public.customers")
    for proof in (orders, customers):
        assert (proof["verdict"], proof["mode"], proof["unproved"]) == ("pass", "ledger", [])
        assert proof["mismatches"] == []
    assert {"id", "customer_id", "total"} <= set(orders["proved"])
    done = orders["workload"]
    assert done["inserts"] > 0 and done["updates"] > 0 and done["deletes"] > 0
    assert orders["rows_after"] - orders["rows_before"] == done["inserts"] - done["deletes"]
    ledger = result["verification"]["ledger"]
    assert ledger["unavailable"] is None
    assert ledger["tagged"] > 0 and ledger["changes"] >= sum(done.values())
    assert_nothing_left(shop_database)


# All of it lies where the workload writes itself: without the stream none of it could be told.
DAMAGE = {
    "values changed": (
        "UPDATE orders SET total = total + 1 WHERE id IN (123, 456)", None,
        [("changed", "id=123", ["total"]), ("changed", "id=456", ["total"])]),
    "a row lost": ("DELETE FROM orders WHERE id = 77", None, [("lost", "id=77", [])]),
    "a row too many": (
        "INSERT INTO orders (id, customer_id, total) VALUES (-5, 1, 1)", None,
        [("extra", "id=-5", [])]),
    "a rewrite behind the stream's back": (
        "ALTER TABLE orders ALTER COLUMN total TYPE bigint"
        " USING CASE WHEN id = 711 THEN -1 ELSE total END", None,
        [("changed", "id=711", ["total"])]),
    "a row that a backfill forgot": (
        "ALTER TABLE orders ADD COLUMN region text;"
        "UPDATE orders SET region = 'eu' WHERE id <> 99;"
        "ALTER TABLE orders ALTER COLUMN region SET DEFAULT 'eu'",
        {"orders.region": {"added": "'eu'"}}, [("changed", "id=99", ["region"])]),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_among_the_workloads_own_writes_is_named(run, rehearse, shop_database, kind):
    damage, expect, rows = DAMAGE[kind]
    # The first thousand rows are never deleted by the workload.
    operations = (READ, PLACE, CANCEL, BUMP | {"params": {"id": f"uniform(2000, {shop.ROWS})"}})

    ended, result = run(following(sql(damage), expect=expect, operations=operations))

    assert ended.code == 4, (result["reasons"], ended.err)
    assert found(result) == rows
    for _, key, _ in rows:
        assert key in ended.out and key in (rehearse.folder / "out" / "summary.md").read_text()
    assert all(row["by"] for row in table(result)["mismatches"])
    assert_nothing_left(shop_database)


def test_rows_inserted_after_a_backfill_without_a_default_are_found(run):
    ended, result = run(following(*shop.SAFE, expect={"orders.region": {"added": "'eu'"}},
                                  operations=(READ, PLACE)))

    assert ended.code == 4, (result["reasons"], ended.err)
    kinds = {(kind, *columns) for kind, _, columns in found(result)}
    assert kinds == {("changed", "region")}


def test_rows_that_differ_are_shown_as_the_scans_found_them(run, rehearse, shop_database):
    shop_database.execute("CREATE TABLE log (n int, entry text);"
                          "ALTER TABLE log REPLICA IDENTITY FULL;"
                          "INSERT INTO log SELECT n % 100, 'entry ' || n FROM generate_series(1, 300) n")
    write = {"name": "write", "weight": 5, "params": {"n": "uniform(1000, 2000)"},
             "sql": "INSERT INTO log VALUES (:n, 'of the workload')"}
    damage = sql("UPDATE orders SET customer_id = 7 WHERE id = 400;"
                 "UPDATE log SET entry = 'damaged' WHERE entry = 'entry 33'")
    rewrite = sql("ALTER TABLE orders ALTER COLUMN total TYPE bigint"
                  " USING CASE WHEN id = 711 THEN -1 ELSE total END", "rewrite")
    # The workload leaves the rows alone that are looked at.
    operations = (READ, PLACE, write, BUMP | {"params": {"id": f"uniform(2000, {shop.ROWS})"}})

    ended, result = run(following(damage, rewrite, operations=operations, tables=("orders", "log")),
                        "--show-values")

    assert ended.code == 4, (result["reasons"], ended.err)
    rows = {row["key"]: (row["before"], row["after"]) for row in table(result)["mismatches"]}
    assert rows == {
        "id=400": ("id=400, customer_id=401, total=400", "id=400, customer_id=7, total=400"),
        "id=711": ("id=711, total=711, customer_id=212", "id=711, total=-1, customer_id=212")}
    log = {(row["kind"], row["before"], row["after"])
           for row in table(result, "public.log")["mismatches"]}
    assert log == {("lost", "entry='entry 33', n=33", None), ("extra", None, "entry='damaged', n=33")}
    summary = (rehearse.folder / "out" / "summary.md").read_text()
    for shown in (ended.out, summary):
        assert "first scan" in shown and "entry 33" in shown


def test_who_did_it_is_said(run):
    ended, result = run(following(sql("UPDATE orders SET total = 0 WHERE id = 5"),
                                  operations=(READ, PLACE)))

    assert ended.code == 4
    (row,) = table(result)["mismatches"]
    assert row["by"].startswith("by transaction ") and "not the workload's" in row["by"]
    assert row["by"] in result["reasons"][0]


def test_a_trigger_that_deletes_what_the_workload_inserts_is_found(run):
    damage = """
        CREATE FUNCTION drop_it() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN DELETE FROM orders WHERE id = NEW.id AND NEW.id % 7 = 0; RETURN NULL; END $$;
        CREATE TRIGGER drop_it AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION drop_it()"""

    ended, result = run(following(sql(damage), operations=(READ, PLACE)))

    assert ended.code == 4, (result["reasons"], ended.err)
    proof = table(result)
    assert proof["lost"] > 0 and proof["changed"] == proof["extra"] == 0
    assert all(row["by"] == "by operation place_order, whose statements delete no row"
               for row in proof["mismatches"])


def trigger(body, when="BEFORE INSERT OR UPDATE", name="sync"):
    return f"""
        CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$;
        CREATE TRIGGER {name} {when} ON orders FOR EACH ROW EXECUTE FUNCTION {name}()"""


def expanded(body, **more):
    """The column, then the trigger that keeps it, then the backfill, while the load goes on."""
    return [sql("ALTER TABLE orders ADD COLUMN region text", "expand"),
            {"name": "rows without it", "pause": "200ms"},
            sql(trigger(body, **more), "trigger"), {"name": "rows with it", "pause": "200ms"},
            shop.SAFE[1]]


FILL = "NEW.region := coalesce(NEW.region, 'eu');"
REGION = {"orders.region": {"added": "'eu'"}}
SYNC = {
    "fills a constant": (expanded(FILL + "RETURN NEW;"), REGION),
    "follows another column": (
        [sql("ALTER TABLE orders ADD COLUMN cents bigint", "expand"),
         sql(trigger("IF NEW.total IS NOT NULL THEN NEW.cents := NEW.total * 100; END IF;"
                     " RETURN NEW;"), "trigger"),
         {"name": "backfill", "backfill": {"table": "orders", "set": "cents = total * 100",
                                           "where": "cents IS NULL", "batch": 500}}],
        {"orders.cents": {"added": "total * 100"}}),
    "writes to a log beside": (
        [sql("CREATE TABLE log (id int)"),
         sql(trigger("INSERT INTO log VALUES (NEW.id); RETURN NULL;", "AFTER INSERT"), "trigger")],
        None),
}


@pytest.mark.parametrize("kind", SYNC)
def test_a_trigger_that_alters_nothing_that_was_sent_passes_whole(run, kind):
    steps, expect = SYNC[kind]

    ended, result = run(following(*steps, expect=expect, tables=("orders", "customers")))

    assert_nothing_found(ended, result)
    proof = table(result)
    assert (proof["verdict"], proof["mode"], proof["unproved"]) == ("pass", "ledger", [])
    done = proof["workload"]
    assert done["inserts"] > 0 and done["updates"] > 0


def test_a_trigger_that_alters_what_was_sent_is_named_with_the_column(run, rehearse):
    halves = FILL + "NEW.total := NEW.total / 2; RETURN NEW;"

    ended, result = run(following(*expanded(halves, when="BEFORE INSERT"), expect=REGION))

    assert ended.code == 3, (result["reasons"], ended.err)
    proof = table(result)
    assert proof["verdict"] == "partial"
    assert proof["unproved"] == ["the values of total that the workload sent: the trigger sync,"
                                 " which the migration made, may assign it"]
    assert "total" not in proof["proved"] and {"region", "customer_id"} <= set(proof["proved"])
    assert any(proof["unproved"][0] in reason for reason in result["reasons"])
    summary = (rehearse.folder / "out" / "summary.md").read_text()
    assert "the trigger sync, which the migration made, may assign it" in summary


def test_a_trigger_that_alters_what_a_backfill_touches_is_found_and_named(run):
    ended, result = run(following(*expanded(FILL + "NEW.total := NEW.total / 2; RETURN NEW;"),
                                  expect=REGION))

    assert ended.code == 4, (result["reasons"], ended.err)
    proof = table(result)
    assert {(kind, *columns) for kind, _, columns in found(result)} == {("changed", "total")}
    assert any("the trigger sync, which the migration made, may assign it" in line
               for line in proof["unproved"])


def test_a_trigger_that_was_there_for_a_while_is_named_too(run):
    halve = trigger("NEW.total := NEW.total / 2; RETURN NEW;", "BEFORE INSERT", "halve")

    ended, result = run(following(
        sql(halve),
        sql("CREATE OR REPLACE FUNCTION halve() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RETURN NEW; END $$", "make it harmless"),
        sql("DROP TRIGGER halve ON orders", "undo"), operations=(READ, PLACE)))

    assert ended.code == 3, (result["reasons"], ended.err)
    assert table(result)["verdict"] == "partial"
    assert any("the values of total that the workload sent: the trigger halve, which the migration"
               " made, may assign it" in reason for reason in result["reasons"])


def test_a_function_that_is_replaced_under_a_trigger_is_never_a_pass(run, shop_database):
    normalise = ("CREATE OR REPLACE FUNCTION normalise(x numeric) RETURNS numeric"
                 " LANGUAGE sql IMMUTABLE AS 'SELECT x{}'")
    shop_database.execute(normalise.format(""))
    shop_database.execute(trigger("NEW.total := normalise(NEW.total); RETURN NEW;",
                                  "BEFORE INSERT", "old"))

    ended, result = run(following(sql(normalise.format(" / 2")), operations=(READ, PLACE)))

    assert ended.code == 3, (result["reasons"], ended.err)
    assert any("the trigger old, which may call the function normalise that the migration changed"
               in line for line in table(result)["unproved"])


def test_a_trigger_of_replicas_that_becomes_an_ordinary_one_is_never_a_pass(run, shop_database):
    shop_database.execute(trigger("NEW.total := NEW.total / 2; RETURN NEW;", "BEFORE INSERT", "old"))
    shop_database.execute("ALTER TABLE orders ENABLE REPLICA TRIGGER old")

    ended, result = run(following(sql("ALTER TABLE orders ENABLE TRIGGER old"),
                                  operations=(READ, PLACE)))

    assert ended.code == 3, (result["reasons"], ended.err)
    assert table(result)["unproved"] == [
        "the values of total that the workload sent: the trigger old, which the migration changed,"
        " may assign it"]


def test_a_trigger_that_fills_an_added_column_wrongly_is_found(run, shop_database):
    wrong = ("NEW.region := CASE WHEN NEW.id % 50 = 7 THEN 'us' ELSE 'eu' END; RETURN NEW;")

    ended, result = run(following(*expanded(wrong), expect=REGION, operations=(READ, PLACE, BUMP)))

    assert ended.code == 4, (result["reasons"], ended.err)
    proof = table(result)
    assert proof["changed"] == shop_database.value(
        "SELECT count(*) FROM orders WHERE region <> 'eu'") > 0
    for kind, key, columns in found(result):
        assert (kind, columns) == ("changed", ["region"])
        assert int(key.removeprefix("id=")) % 50 == 7


def test_a_trigger_that_the_application_contradicts_is_a_doubt(run):
    gives = {"name": "place_there", "app": "new",
             "sql": "INSERT INTO orders (customer_id, total, region) VALUES (1, 1, 'us')"}
    steps = [*expanded("NEW.region := 'eu'; RETURN NEW;"), {"name": "deploy", "deploy": "new"}]

    ended, result = run(following(*steps, expect=REGION, operations=(READ, PLACE, gives)))

    assert ended.code == 3, (result["reasons"], ended.err)
    assert any("the values of region" in line for line in table(result)["unproved"])


BESIDE = {
    "writes another verified table": (
        "UPDATE customers SET orders = orders + 1 WHERE id = NEW.customer_id; RETURN NULL;",
        "AFTER INSERT"),
    "is not understood": ("EXECUTE 'SELECT 1'; RETURN NULL;", "AFTER INSERT"),
    "loses rows": ("IF NEW.id % 7 = 0 THEN RETURN NULL; END IF; RETURN NEW;", "BEFORE INSERT"),
}


@pytest.mark.parametrize("kind", BESIDE)
def test_a_trigger_that_may_write_or_lose_other_rows_is_never_a_pass(run, kind):
    body, when = BESIDE[kind]
    # Beside the operation's own writes to the customers the trigger's do not show.
    visit = PLACE | {"transaction": [*PLACE["transaction"], {
        "sql": "UPDATE customers SET orders = orders + 1 WHERE id = :customer"}]}

    ended, result = run(following(
        sql(trigger(body, when)), {"name": "live", "pause": "200ms"},
        sql("DROP TRIGGER sync ON orders", "undo"), operations=(READ, visit),
        tables=("orders", "customers")))

    assert ended.code == 3, (result["reasons"], ended.err)
    assert any("the trigger sync, which the migration made," in line
               for name in ("public.orders", "public.customers")
               for line in table(result, name)["unproved"])


ENDS = {
    "the table is swapped for a copy": (
        "CREATE TABLE copy (LIKE orders INCLUDING ALL); INSERT INTO copy SELECT * FROM orders;"
        "ALTER TABLE copy ALTER COLUMN id RESTART WITH 50000;"
        "ALTER TABLE orders RENAME TO orders_old; ALTER TABLE copy RENAME TO orders",
        "is another one now"),
    "the slot goes": (
        "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots", "change stream ended"),
}


@pytest.mark.parametrize("kind", ENDS)
def test_a_stream_that_ends_is_never_a_pass(run, shop_database, kind):
    damage, reason = ENDS[kind]
    lone = {"name": "read", "sql": "SELECT count(*) FROM customers WHERE id = 1"}

    ended, result = run(following(sql(damage), operations=(lone, BUMP)))

    assert ended.code == 3, (result["reasons"], ended.err)
    assert reason in result["verification"]["ledger"]["unavailable"]
    assert any(reason in line for line in result["reasons"])
    assert_nothing_left(shop_database)


def test_what_cannot_be_followed_is_told_before_the_load(rehearse, scenario, shop_database):
    shop_database.execute("CREATE PROCEDURE pay() LANGUAGE sql AS 'SELECT 1'")
    calls = {"name": "pay", "sql": "CALL pay()"}

    ended = rehearse("run", scenario(following(NOTHING, operations=(READ, calls))),
                     "--db", shop_database.uri, "--out", "out")

    assert ended.code == 6, ended.err
    assert "verify.live: on: operation pay runs a statement of kind CallStmt" in ended.err
    assert_nothing_left(shop_database)


def test_a_killed_run_leaves_no_slot_and_cleanup_takes_the_publication(
        rehearse, scenario, shop_database, until):
    content = following({"name": "wait", "pause": "60s"})
    child = rehearse.start("run", scenario(content), "--db", shop_database.uri, "--out", "out")
    until(lambda: shop_database.value(
        "SELECT count(*) FROM pg_replication_slots WHERE active") == 1, child)
    child.kill()
    rehearse.finish(child)
    until(lambda: shop_database.value("SELECT count(*) FROM pg_replication_slots") == 0)

    cleaned = rehearse("cleanup", "--db", shop_database.uri)

    assert cleaned.code == 0, cleaned.err
    assert_nothing_left(shop_database)


def test_an_interrupted_run_leaves_nothing(rehearse, scenario, shop_database, until):
    content = following({"name": "wait", "pause": "60s"})
    child = rehearse.start("run", scenario(content), "--db", shop_database.uri, "--out", "out")
    until(lambda: shop_database.value(
        "SELECT count(*) FROM pg_replication_slots WHERE active") == 1, child)
    child.terminate()
    ended = rehearse.finish(child)

    assert ended.code in (130, 143), ended.err
    assert_nothing_left(shop_database)
