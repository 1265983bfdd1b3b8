"""With the change stream every row is proved, what the workload writes included."""
import os
import signal

import pytest

import results
import shop
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


def assert_nothing_left(database):
    assert database.value("SELECT count(*) FROM pg_replication_slots") == 0
    assert database.value("SELECT count(*) FROM pg_publication") == 0


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


def test_a_trigger_that_the_migration_leaves_on_a_written_table_is_a_doubt(run):
    trigger = """
        CREATE FUNCTION halve() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN NEW.total := NEW.total / 2; RETURN NEW; END $$;
        CREATE TRIGGER halve BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION halve()"""

    ended, result = run(following(sql(trigger), sql("DROP TRIGGER halve ON orders", "undo"),
                                  operations=(READ, PLACE)))

    assert ended.code == 3, (result["reasons"], ended.err)
    assert table(result)["verdict"] == "partial"
    assert any("the trigger halve, which the migration made" in reason
               for reason in result["reasons"])


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


# No key, and rows that are equal to others.
LOG = """CREATE TABLE orders_log (order_id int NOT NULL, what text, at int NOT NULL DEFAULT 0);
INSERT INTO orders_log (order_id, what) SELECT n / 2, 'placed' FROM generate_series(0, 1999) n"""
LOGGERS = (
    {"name": "log_it", "weight": 30, "params": {"id": "uniform(500, 999)"},
     "sql": "INSERT INTO orders_log (order_id, what) VALUES (:id, 'seen')"},
    {"name": "note_it", "weight": 30, "params": {"id": "uniform(500, 999)"},
     "sql": "UPDATE orders_log SET at = at + 1 WHERE order_id = :id"},
    {"name": "forget_it", "weight": 5, "params": {"id": "uniform(500, 999)"},
     "sql": "DELETE FROM orders_log WHERE ctid = (SELECT min(ctid) FROM orders_log"
            " WHERE order_id = :id)"})
NO_KEY = ("public.orders_log has no key: its REPLICA IDENTITY is FULL while the change stream is"
          " followed, which about doubles the log of an update")


@pytest.fixture
def log_database(shop_database):
    shop_database.execute(LOG)
    return shop_database


def logging(*steps, **parts):
    return following(*steps, operations=LOGGERS, tables=("orders_log",), **parts)


def identity_of(database, name="orders_log"):
    return database.value(f"SELECT relreplident::text FROM pg_class WHERE oid = '{name}'::regclass")


@pytest.mark.parametrize("live", ["on", "auto"])
def test_a_table_without_a_key_is_proved_and_left_as_it_was(run, log_database, live):
    steps = [sql("ALTER TABLE orders_log ADD COLUMN region text DEFAULT 'eu'"),
             sql("UPDATE orders_log SET what = what", "touch all rows")]

    ended, result = run(logging(*steps, live=live, expect={"orders_log.region": {"added": "'eu'"}}))

    assert_nothing_found(ended, result)
    proof = table(result, "public.orders_log")
    assert (proof["verdict"], proof["mode"], proof["unproved"]) == ("pass", "ledger", [])
    assert {"order_id", "what", "at", "region"} <= set(proof["proved"])
    done = proof["workload"]
    assert done["inserts"] > 0 and done["updates"] > 0 and done["deletes"] > 0
    assert proof["rows_after"] - proof["rows_before"] == done["inserts"] - done["deletes"]
    assert NO_KEY in ended.err and NO_KEY in proof["notes"]
    assert "replica identity" not in str(proof["schema_changes"])
    assert identity_of(log_database) == "d"
    assert_nothing_left(log_database)


# What the damage is, and what is counted: lost, extra, duplicated. A row that is changed is another.
LOG_DAMAGE = {
    "a row changed": ("UPDATE orders_log SET what = 'paid' WHERE ctid ="
                      " (SELECT min(ctid) FROM orders_log WHERE order_id = 7)", (1, 1, 0)),
    "a row lost": ("DELETE FROM orders_log WHERE ctid ="
                   " (SELECT min(ctid) FROM orders_log WHERE order_id = 7)", (1, 0, 0)),
    "a row doubled": ("INSERT INTO orders_log SELECT * FROM orders_log WHERE order_id = 7 LIMIT 1",
                      (0, 0, 1)),
    "a rewrite behind the stream's back": (
        "ALTER TABLE orders_log ALTER what TYPE varchar(20)"
        " USING CASE order_id WHEN 7 THEN 'Placed' ELSE what END", (2, 2, 0)),
}


@pytest.mark.parametrize("kind", LOG_DAMAGE)
def test_damage_in_a_table_without_a_key_is_found(run, log_database, kind):
    damage, counts = LOG_DAMAGE[kind]

    ended, result = run(logging(sql(damage)))

    assert ended.code == 4, (result["reasons"], ended.err)
    proof = table(result, "public.orders_log")
    assert proof["mode"] == "ledger"
    assert (proof["lost"], proof["extra"], proof["duplicated"]) == counts, proof["mismatches"]
    assert proof["changed"] == 0
    assert identity_of(log_database) == "d"
    assert_nothing_left(log_database)


def test_a_table_without_a_key_that_is_anothers_is_not_followed(
        rehearse, scenario, unmarked_shop, cluster):
    unmarked_shop.execute(LOG)
    unmarked_shop.execute("CREATE ROLE tenant LOGIN REPLICATION; GRANT ALL ON ALL TABLES IN SCHEMA"
                          " public TO tenant")
    try:
        unmarked_shop.execute(f"GRANT CREATE ON DATABASE {unmarked_shop.name} TO tenant")
        assert rehearse("guard", "mark", "--db", unmarked_shop.uri).code == 0
        as_tenant = unmarked_shop.uri.replace("user=postgres", "user=tenant")
        assert as_tenant != unmarked_shop.uri
        for live, code in (("on", 6), ("auto", 3)):
            ended = rehearse("run", scenario(logging(NOTHING, live=live)), "--db", as_tenant,
                             "--out", live)
            assert ended.code == code, ended.err
            assert "must be owner of table orders_log" in ended.err
    finally:
        unmarked_shop.execute("DROP OWNED BY tenant; DROP ROLE tenant")
    assert identity_of(unmarked_shop) == "d"
    assert_nothing_left(unmarked_shop)


def followed_by(child, database, until):
    until(lambda: database.value(
        "SELECT count(*) FROM pg_replication_slots WHERE active") == 1, child)


def test_ctrl_c_puts_back_the_replica_identity(rehearse, scenario, log_database, until):
    child = rehearse.start("run", scenario(logging({"name": "wait", "pause": "60s"})),
                           "--db", log_database.uri, "--out", "out")
    followed_by(child, log_database, until)
    assert identity_of(log_database) == "f"
    child.send_signal(signal.SIGINT)
    ended = rehearse.finish(child)

    assert ended.code == 130, ended.err
    assert identity_of(log_database) == "d"
    assert_nothing_left(log_database)


def sessions(database, role):
    return database.value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                          f" AND application_name = 'rehearse/{role}'")


def test_ctrl_c_ends_the_wait_for_a_stream_that_lags(rehearse, scenario, log_database, until):
    """Two minutes are granted to it: with its server process frozen it would take them."""
    child = rehearse.start("run", scenario(logging(NOTHING)), "--db", log_database.uri,
                           "--out", "out")
    until(lambda: sessions(log_database, "workload") > 0, child)
    sender = log_database.value("SELECT active_pid FROM pg_replication_slots")
    os.kill(sender, signal.SIGSTOP)
    try:
        # The load is over, and the second scan's snapshot open: it waits for the changes first.
        until(lambda: sessions(log_database, "workload") == 0
              and sessions(log_database, "checksum") > 0, child)
        child.send_signal(signal.SIGINT)
        ended = rehearse.finish(child, timeout=60)
    finally:
        os.kill(sender, signal.SIGCONT)

    assert ended.code == 130, ended.err
    result = results.read(rehearse.folder / "out")
    assert "interrupted" in result["verification"]["ledger"]["unavailable"]
    assert identity_of(log_database) == "d"
    until(lambda: log_database.value("SELECT count(*) FROM pg_replication_slots") == 0)
    assert_nothing_left(log_database)


@pytest.mark.parametrize("by", ["cleanup", "the next run"])
def test_the_replica_identity_is_put_back_after_a_kill(rehearse, scenario, log_database, until, by):
    log_database.execute("ALTER TABLE orders_log REPLICA IDENTITY NOTHING")
    child = rehearse.start("run", scenario(logging({"name": "wait", "pause": "60s"})),
                           "--db", log_database.uri, "--out", "out")
    followed_by(child, log_database, until)
    child.kill()
    rehearse.finish(child)
    assert identity_of(log_database) == "f"
    until(lambda: log_database.value("SELECT count(*) FROM pg_replication_slots") == 0)

    if by == "cleanup":
        ended = rehearse("cleanup", "--db", log_database.uri)
        told = ended.out
    else:
        quiet = shop.scenario(NOTHING, gates={"errors": 10_000})
        ended = rehearse("run", scenario(quiet), "--db", log_database.uri, "--out", "again")
        told = ended.err

    assert ended.code in (0, 3), ended.err
    assert "put REPLICA IDENTITY of public.orders_log back to NOTHING" in told
    assert identity_of(log_database) == "n"
    assert_nothing_left(log_database)


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
