"""What a migration does to the data is found, and what it does not do is not."""
import signal

import pytest

import results
import shop
from results import assert_nothing_found
from shop import NOTHING, PLACE, READ

# Changes one column of rows that were there before the migration.
BUMP = {"name": "bump_total", "weight": 30, "params": {"id": f"uniform(1, {shop.ROWS})"},
        "sql": "UPDATE orders SET total = total + 1 WHERE id = :id"}


def verifying(*steps, expect=None, live="off", operations=(READ, PLACE), tables=("orders",),
              **verify):
    section = {"tables": list(tables), "live": live} | verify
    if expect:
        section["expect"] = expect
    # No lock gate: these are about the data.
    return shop.scenario(*steps, verify=section, gates={"errors": 10_000},
                         workload={"operations": list(operations)})


def sql(text, name="step"):
    return {"name": name, "sql": text}


def table(result, name="public.orders"):
    return next(entry for entry in result["verification"]["tables"] if entry["name"] == name)


DAMAGE = {
    "a lost row": (
        [sql("DELETE FROM orders WHERE id = 77")], None,
        [("lost", "id=77", [])]),
    "a changed column": (
        [sql("UPDATE orders SET customer_id = customer_id - 1 WHERE id IN (123, 4711)")], None,
        [("changed", "id=123", ["customer_id"]), ("changed", "id=4711", ["customer_id"])]),
    "a rewrite that damages one row": (
        [sql("ALTER TABLE orders ALTER COLUMN customer_id TYPE bigint"
             " USING CASE WHEN id = 4711 THEN customer_id - 1 ELSE customer_id END")], None,
        [("changed", "id=4711", ["customer_id"])]),
    "a declared expression that is not kept everywhere": (
        [sql("ALTER TABLE orders DROP CONSTRAINT orders_customer_id_fkey;"
             "UPDATE orders SET customer_id = customer_id * CASE id WHEN 9 THEN 11 ELSE 10 END")],
        {"orders.customer_id": {"rewritten": "customer_id * 10"}},
        [("changed", "id=9", ["customer_id"])]),
    "two rows that changed places": (
        [sql("UPDATE orders SET customer_id = CASE id WHEN 10 THEN 12 ELSE 11 END"
             " WHERE id IN (10, 11)")], None,
        [("changed", "id=10", ["customer_id"]), ("changed", "id=11", ["customer_id"])]),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_under_load_is_named_by_table_column_and_key(run, rehearse, kind):
    steps, expect, found = DAMAGE[kind]

    ended, result = run(verifying(*steps, expect=expect))

    assert ended.code == 4, (result["reasons"], ended.err)
    assert result["verdict"] == "fail"
    assert result["reasons"][0].startswith("Data mismatch in public.orders: rows ")
    proof = table(result)
    assert proof["verdict"] == "fail"
    # Rows that the workload inserts have no counterpart before: they are its own.
    assert sorted((row["kind"], row["key"], row["columns"]) for row in proof["mismatches"]) \
        == sorted(found)
    assert proof["left_to_workload"] > 0
    summary = (rehearse.folder / "out" / "summary.md").read_text()
    for _, key, _ in found:
        assert key in ended.out and key in summary


def test_a_trigger_of_the_migration_that_writes_another_column_is_found(run):
    damage = """
        CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN NEW.customer_id := 1 + NEW.customer_id % 500; RETURN NEW; END $$;
        CREATE TRIGGER meddle BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION meddle()"""

    ended, result = run(verifying(sql(damage), operations=(READ, BUMP)))

    assert ended.code == 4, (result["reasons"], ended.err)
    proof = table(result)
    assert proof["changed"] > 0 and proof["lost"] == proof["extra"] == 0
    assert all("customer_id" in row["columns"] for row in proof["mismatches"])


def test_a_column_that_went_without_being_declared_is_a_mismatch(run):
    read = {"name": "read", "sql": "SELECT id FROM orders WHERE id = 1"}

    ended, result = run(verifying(sql("ALTER TABLE orders DROP COLUMN customer_id"),
                                  operations=(read,)))

    assert ended.code == 4, result["reasons"]
    assert table(result)["problems"] == ["column customer_id is gone, and nothing declares that"]


def test_what_the_workload_gives_new_rows_excuses_no_old_one(run):
    steps = [shop.SAFE[0], sql("UPDATE orders SET region = 'eu' WHERE id <> 99", "backfill"),
             {"name": "deploy", "deploy": "new"}]
    place = {"name": "place_new", "app": "new",
             "sql": "INSERT INTO orders (customer_id, total, region) VALUES (1, 5, 'us')"}

    ended, result = run(verifying(*steps, expect={"orders.region": {"added": "'eu'"}},
                                  operations=(READ, place)))

    assert ended.code == 4, (result["reasons"], ended.err)
    (row,) = table(result)["mismatches"]
    assert (row["kind"], row["key"], row["columns"]) == ("changed", "id=99", ["region"])


HARMLESS = {
    "add a column": ([sql("ALTER TABLE orders ADD COLUMN region text")],
                     {"orders.region": "added"}),
    "add and backfill": (shop.SAFE, {"orders.region": "added"}),
    "index": ([{"name": "index", "transaction": False,
                "sql": "CREATE INDEX CONCURRENTLY by_customer ON orders (customer_id)"}], None),
    "widen": ([sql("ALTER TABLE orders ALTER COLUMN customer_id TYPE bigint")], None),
    "to numeric": ([sql("ALTER TABLE orders ALTER COLUMN total TYPE numeric(12,2)")], None),
    "drop another column": ([sql("ALTER TABLE customers DROP COLUMN orders")],
                            {"customers.orders": "dropped"}),
    "rename": ([sql("ALTER TABLE customers RENAME COLUMN orders TO order_count")],
               {"customers.orders": {"renamed": "order_count"}}),
    "rewrite as declared": ([sql("UPDATE customers SET orders = id * 2")],
                            {"customers.orders": {"rewritten": "id * 2"}}),
    "rewrite the heap": ([{"name": "full", "transaction": False, "sql": "VACUUM FULL orders"}],
                         None),
    "a check": ([sql("ALTER TABLE orders ADD CHECK (total > 0) NOT VALID", "check"),
                 sql("ALTER TABLE orders VALIDATE CONSTRAINT orders_total_check", "validate")], None),
}


@pytest.mark.parametrize("kind", HARMLESS)
def test_a_harmless_migration_raises_no_alarm(run, kind):
    steps, expect = HARMLESS[kind]

    ended, result = run(verifying(*steps, expect=expect, tables=("orders", "customers"),
                                  operations=(READ, PLACE, BUMP)))

    assert_nothing_found(ended, result)
    orders, customers = table(result), table(result, "public.customers")
    assert customers["verdict"] == "pass" and customers["unproved"] == []
    assert customers["rows_before"] == customers["rows_after"] == 500
    # The workload inserts orders and sets their totals: of that nothing is claimed.
    assert orders["verdict"] == "partial"
    assert orders["proved"] == ["customer_id", "id"]
    assert orders["left_to_workload"] > 0 and orders["mismatches"] == []
    assert orders["rows_after"] > orders["rows_before"] == shop.ROWS


def test_what_the_workload_may_change_is_no_pass_unless_that_was_chosen(run, shop_database):
    # What may commit by itself cannot say whose it is: the change stream is of no use.
    shop_database.execute("CREATE FUNCTION pay() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    calls = {"name": "pay", "sql": "DO $$ BEGIN PERFORM pay(); END $$"}

    ended, result = run(verifying(NOTHING, live="auto", operations=(READ, BUMP, calls)))

    assert ended.code == 3, result["reasons"]
    assert (table(result)["verdict"], table(result)["mode"]) == ("inconclusive", "quiesced")
    assert "DoStmt" in result["verification"]["ledger"]["unavailable"]
    assert any("public.orders it is not proved" in reason for reason in result["reasons"])
    assert any("by the change stream" in reason for reason in result["reasons"])


def test_a_table_that_nobody_writes_is_proved_whole(run):
    ended, result = run(verifying(NOTHING, live="auto", operations=(READ,)))

    assert_nothing_found(ended, result)
    proof = table(result)
    assert proof["verdict"] == "pass"
    assert proof["proved"] == ["customer_id", "id", "total"]
    assert proof["digest_before"] == proof["digest_after"]


def test_an_empty_table_proves_nothing(run, shop_database):
    shop_database.execute("CREATE TABLE notes (id int PRIMARY KEY)")

    ended, result = run(verifying(NOTHING, live="auto", operations=(READ,), tables=("notes",)))

    assert ended.code == 3, result["reasons"]
    assert table(result, "public.notes")["verdict"] == "partial"
    assert "held none" in str(table(result, "public.notes"))


def test_a_trigger_that_was_there_leaves_everything_open(run, shop_database):
    shop_database.execute("""
        CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN NEW.total := NEW.total + 1; RETURN NEW; END $$;
        CREATE TRIGGER touch BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch()""")

    ended, result = run(verifying(sql("DELETE FROM orders WHERE id = 77"),
                                  operations=(READ, BUMP)))

    assert ended.code == 3, result["reasons"]
    assert table(result)["verdict"] == "inconclusive"
    assert "trigger touch" in table(result)["unproved"][0]


CANCEL = {"name": "cancel", "weight": 30, "params": {"id": "uniform(1, 1000)"},
          "sql": "DELETE FROM orders WHERE id = :id"}


@pytest.mark.parametrize("step, code", [
    (NOTHING, 0), (sql("UPDATE lines SET note = 'lost' WHERE order_id > 900"), 4)])
def test_what_a_cascade_takes_is_the_workloads_and_nothing_else(run, shop_database, step, code):
    shop_database.execute("""
        CREATE TABLE lines (id int PRIMARY KEY, note text NOT NULL,
                            order_id bigint NOT NULL REFERENCES orders ON DELETE CASCADE);
        INSERT INTO lines SELECT n, 'x', n FROM generate_series(1, 1000) n""")

    ended, result = run(verifying(step, tables=("lines",), operations=(READ, CANCEL)))

    proof = table(result, "public.lines")
    assert proof["left_to_workload"] > 0 and proof["lost"] == proof["extra"] == 0
    if code == 0:
        assert_nothing_found(ended, result)
        assert proof["verdict"] == "partial" and proof["proved"] == ["id", "note", "order_id"]
    else:
        assert ended.code == 4, result["reasons"]
        assert proof["changed"] > 50
        assert all(row["columns"] == ["note"] for row in proof["mismatches"])


def test_what_a_failed_migration_lost_is_found_all_the_same(run):
    ended, result = run(verifying(sql("DELETE FROM orders WHERE id = 77"),
                                  sql("SELECT 1/0", "fails"),
                                  sql("ALTER TABLE orders ADD COLUMN region text", "never"),
                                  expect={"orders.region": "added"}))

    assert ended.code == 4, result["reasons"]
    proof = table(result)
    assert [row["key"] for row in proof["mismatches"]] == ["id=77"]
    assert proof["problems"] == [], "what the migration did not come to is not held against it"


@pytest.mark.parametrize("section, says", [
    ({"tables": ["nowhere"]}, "nowhere"),
    ({"tables": ["orders"], "expect": {"orders.tax": "dropped"}}, "column tax"),
    ({"tables": ["orders"], "expect": {"orders.total": "added"}}, "is there already"),
])
def test_what_does_not_fit_the_database_is_a_usage_error(
        rehearse, scenario, shop_database, section, says):
    content = shop.scenario(NOTHING, verify=section)

    ended = rehearse("run", scenario(content), "--db", shop_database.uri, "--out", "out")

    assert ended.code == 2, ended.err
    assert says in ended.err
    assert not (rehearse.folder / "out").exists()


def invariant(text, **more):
    return {"name": "it holds", "sql": text} | more


def judged(run, *steps, **parts):
    content = shop.scenario(*steps, verify={"invariants": [invariant(**parts)]},
                            gates={"errors": 10_000})
    ended, result = run(content)
    return ended, result, result["verification"]["invariants"][0]


def test_an_invariant_that_the_migration_breaks_is_a_mismatch(run):
    ended, result, proof = judged(run, sql("UPDATE customers SET orders = -1 WHERE id = 3"),
                                  text="SELECT count(*) FROM customers WHERE orders < 0", equals=0)

    assert ended.code == 4, result["reasons"]
    assert (proof["before"], proof["value"], proof["verdict"]) == ("0", "1", "fail")
    assert 'The invariant "it holds" does not hold' in result["reasons"][0]


def test_an_invariant_that_was_broken_for_a_while_is_found_under_load(run):
    ended, result, proof = judged(
        run, sql("UPDATE customers SET orders = -1 WHERE id = 3"), {"name": "wait", "pause": "1s"},
        sql("UPDATE customers SET orders = 0 WHERE id = 3", "again"),
        text="SELECT count(*) FROM customers WHERE orders < 0", equals=0, during="every 100ms")

    assert ended.code == 4, result["reasons"]
    assert proof["value"] == "0" and proof["violations"] >= 1
    assert proof["first_violation"] == "1" and proof["first_violation_s"] > 1


def test_an_invariant_about_a_new_column_is_judged_at_the_end(run):
    ended, result, proof = judged(
        run, *shop.SAFE,
        text="SELECT count(*) FROM orders WHERE region = ''", equals=0, during="every 200ms")

    assert_nothing_found(ended, result)
    assert proof["before"] is None and proof["value"] == "0"
    assert "did not hold before" in proof["detail"]


def test_an_invariant_that_cannot_be_asked_is_not_judged(run):
    ended, result, proof = judged(run, NOTHING, text="SELECT count(*) FROM nowhere", equals=0)

    assert ended.code == 3, result["reasons"]
    assert proof["verdict"] == "inconclusive" and "nowhere" in proof["detail"]


def test_a_table_that_is_gone_is_a_mismatch_and_the_others_are_still_compared(
        run, shop_database):
    shop_database.execute("CREATE TABLE notes AS SELECT 1 AS id")

    ended, result = run(verifying(sql("DROP TABLE notes"), tables=("notes", "customers"),
                                  operations=(READ,)))

    assert ended.code == 4, result["reasons"]
    assert table(result, "public.notes")["problems"] == ["the table is gone"]
    assert table(result, "public.customers")["verdict"] == "pass"


@pytest.mark.parametrize("damage, kinds", [
    ("SELECT 1", []),
    ("DELETE FROM log WHERE ctid = (SELECT ctid FROM log WHERE n = 3 LIMIT 1)", ["lost"]),
    ("INSERT INTO log SELECT 3", ["duplicated"]),
    ("UPDATE log SET n = 1000 WHERE n = 5", ["extra", "lost"])])
def test_a_table_without_a_key_is_compared_as_counted_rows(run, shop_database, damage, kinds):
    shop_database.execute(
        "CREATE TABLE log AS SELECT n % 100 AS n FROM generate_series(1, 300) n")

    ended, result = run(verifying(sql(damage), tables=("log",), operations=(READ,), live="auto"))

    proof = table(result, "public.log")
    assert sorted({row["kind"] for row in proof["mismatches"]}) == kinds
    assert all(row["key"] is None for row in proof["mismatches"]), "it would be the row's values"
    if kinds:
        assert ended.code == 4, result["reasons"]
    else:
        assert_nothing_found(ended, result)


NOTES = """
CREATE TABLE notes (id int PRIMARY KEY, note text, amount numeric);
INSERT INTO notes SELECT n, 'note ' || n, n + 0.5 FROM generate_series(1, 500) n;
CREATE TABLE log AS SELECT n % 100 AS n, 'entry ' || n % 100 AS entry FROM generate_series(1, 300) n;
"""
# Hostile to a terminal, to Markdown and to HTML.
EVIL = "\x1b[2J</td>|`x` "


def test_rows_that_differ_are_shown_where_that_is_asked_for(run, rehearse, shop_database):
    shop_database.execute(NOTES)
    damage = sql(f"UPDATE notes SET note = '{EVIL}' || repeat('y', 5000) WHERE id = 77;"
                 "DELETE FROM notes WHERE id = 78; INSERT INTO notes VALUES (-1, NULL, 0.25);"
                 "UPDATE log SET entry = 'changed' WHERE n = 3;"
                 "ALTER TABLE notes RENAME COLUMN amount TO total; ALTER TABLE notes ADD region text")

    ended, result = run(verifying(damage, tables=("notes", "log"), operations=(READ,),
                                  expect={"notes.amount": {"renamed": "total"},
                                          "notes.region": {"added": "NULL::text"}}),
                        "--show-values")

    assert ended.code == 4, (result["reasons"], ended.err)
    rows = {(row["kind"], row["key"]): (row["before"], row["after"])
            for row in table(result, "public.notes")["mismatches"]}
    assert set(rows) == {("changed", "id=77"), ("lost", "id=78"), ("extra", "id=-1")}
    before, after = rows["changed", "id=77"]
    assert before == "id=77, note='note 77', amount=77.5"
    assert after.startswith("id=77, note='\\x1b[2J</td>|`x` yyy")
    assert after.endswith("yyy'... (5014 bytes), amount=77.5, region=NULL")
    assert rows["lost", "id=78"] == ("id=78, amount=78.5, note='note 78'", None)
    assert rows["extra", "id=-1"] == (None, "id=-1, amount=0.25, note=NULL, region=NULL")
    assert {(row["kind"], row["before"], row["after"])
            for row in table(result, "public.log")["mismatches"]} == {
                ("lost", "entry='entry 3', n=3", None), ("extra", None, "entry='changed', n=3")}
    summary = (rehearse.folder / "out" / "summary.md").read_text()
    for shown in (ended.out, summary):
        assert "note 78" in shown and "entry 3" in shown and "changed" in shown
        assert "\x1b" not in shown
    assert "</td>" not in summary and "|`" not in summary


def test_an_interrupted_run_claims_nothing_of_the_data(
        rehearse, scenario, shop_database, until):
    content = verifying(NOTHING) | {"phases": {"warmup": "0s", "before": "60s", "after": "1s"}}
    child = rehearse.start("run", scenario(content), "--db", shop_database.uri, "--out", "out")
    events = rehearse.folder / "out" / "events.ndjson"
    until(lambda: events.exists() and '"before"' in events.read_text(), child)
    child.send_signal(signal.SIGINT)

    ended = rehearse.finish(child)

    assert ended.code == 130, ended.err
    proof = results.read(rehearse.folder / "out")["verification"]
    assert proof["tables"] == [] and "interrupted" in proof["fault"]
