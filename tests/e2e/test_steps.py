"""Every kind of migration step, and what is told of it."""
import pytest

import results
import shop
from results import assert_nothing_found, errors
from shop import NOTHING

WHOLE = """
-- Cut at its semicolons by the server's grammar; not; here.
CREATE FUNCTION mark() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    NEW.region := coalesce(NEW.region, 'eu;');  -- a semicolon; or two
    RETURN NEW;
END; $body$;
CREATE TRIGGER mark BEFORE INSERT ON orders FOR EACH ROW EXECUTE PROCEDURE mark();
"""
INDEX = "CREATE INDEX CONCURRENTLY orders_by_region ON orders (region);"
TOOL = "ALTER TABLE orders ADD COLUMN made_by_tool int;\nSELECT pg_sleep(0.4);\n"


@pytest.fixture
def migrated(run, rehearse, shop_database):
    for name, text in (("whole.sql", WHOLE), ("index.sql", INDEX), ("tool.sql", TOOL)):
        (rehearse.folder / name).write_text(text)
    return run(shop.scenario(
        {"name": "add the column", "sql": "ALTER TABLE orders ADD COLUMN region text"},
        {"name": "new rows", "file": "whole.sql"},
        {"name": "old rows", "backfill": {
            "table": "orders", "set": "region = 'eu'", "where": "region IS NULL", "batch": 4000,
            "throttle": {"pause": "20ms", "p99": "10s"}}},
        {"name": "all rows", "wait_for": {
            "sql": "SELECT count(*) = 0 FROM orders WHERE region IS NULL", "timeout": "20s"}},
        {"name": "index", "file": "index.sql", "transaction": False},
        {"name": "rest", "pause": "200ms"},
        # In one transaction (-1), so that its lock is held until its end.
        {"name": "our tool", "command": ["psql", "-X", "-1", "-v", "ON_ERROR_STOP=1", "-f",
                                         "tool.sql"], "timeout": "30s"},
        gates={"errors": 0, "lock_wait.max": "5s"}))


def test_each_kind_of_step_does_its_work(migrated, shop_database, rehearse):
    ended, result = migrated

    assert_nothing_found(ended, result)
    assert [step["kind"] for step in result["steps"]] == [
        "sql", "file", "backfill", "wait_for", "file", "pause", "command"]
    assert shop_database.value("SELECT count(*) FROM orders WHERE region IS NULL") == 0
    assert shop_database.value("SELECT indisvalid FROM pg_index"
                               " WHERE indexrelid = 'orders_by_region'::regclass") is True
    backfill = results.step(result, "old rows")
    assert shop.ROWS - 1000 <= backfill["rows"] <= shop.ROWS + 1000
    # Batches of 4,000 rows: five at least, and a pause after each.
    assert backfill["throttled_s"] >= 4 * 0.02
    rest = results.step(result, "rest")
    assert 0.2 <= rest["end_s"] - rest["start_s"] < 2
    log = (rehearse.folder / "out" / "migration.log").read_text()
    assert "[our tool]" in log and "ALTER TABLE" in log, "psql's own output"

    # The external program's session is known by its step.
    tool = results.step(result, "our tool")
    held = [lock for lock in tool["locks"] if lock["relation"].split(".")[-1] == "orders"
            and lock["mode"] == "AccessExclusiveLock"]
    assert held and held[0]["held_s"] >= 0.3, tool["locks"]
    behind = [episode for episode in result["locks"]["episodes"]
              if episode["blocker"]["step"] == "our tool"]
    assert behind and behind[0]["mode"] == "AccessExclusiveLock", result["locks"]["episodes"]


def test_a_backfill_is_held_back_while_the_application_suffers(run):
    """Somebody else's lock makes every operation slow: the backfill waits until that is over."""
    slow = {"name": "visit", "weight": 50, "params": {"id": "uniform(1, 500)"},
            "sql": "SELECT orders FROM customers WHERE id = :id"}
    ended, result = run(shop.scenario(
        {"name": "fill", "backfill": {"table": "orders", "set": "total = total + 0", "batch": 1000,
                                      "throttle": {"p99": "300ms", "pause": "100ms"}}},
        workload={"operations": [shop.READ, slow]},
        adversaries=[{"name": "theirs", "second_migration": {
            "sql": "DO $$ BEGIN LOCK TABLE customers; PERFORM pg_sleep(1.5); END $$",
            "from": "300ms"}}],
        gates={"errors": 0}))

    assert_nothing_found(ended, result)
    fill = results.step(result, "fill")
    assert fill["rows"] >= shop.ROWS
    held_back = dict(reason.removesuffix(" s").rsplit(" ", 1)
                     for reason in fill["throttle_reasons"].split(", "))
    assert float(held_back["p99"]) + float(held_back.get("p99 not measured", 0)) >= 0.5, held_back


def test_a_tool_that_stops_at_an_error_fails_the_migration_with_its_words(
        run, rehearse):
    (rehearse.folder / "bad.sql").write_text("SELECT 1/0;\nCREATE TABLE never_made ();\n")

    ended, result = run(shop.scenario(
        {"name": "our tool", "command": ["psql", "-X", "-v", "ON_ERROR_STOP=1", "-f", "bad.sql"]},
        NOTHING))

    assert ended.code == 5
    assert [step["outcome"] for step in result["steps"]] == ["failed", "skipped"]
    assert "division by zero" in result["steps"][0]["error"]
    assert "division by zero" in (rehearse.folder / "out" / "migration.log").read_text()
    assert results.counted(result, "read_order", "after") > 0, "the load goes on"


def test_what_never_becomes_true_fails_the_migration(run):
    ended, result = run(shop.scenario(
        {"name": "wait", "wait_for": {"sql": "SELECT false", "timeout": "300ms",
                                      "every": "50ms"}}))

    assert ended.code == 5
    assert "300 ms" in result["steps"][0]["error"] and "SELECT false" in result["steps"][0]["error"]


def test_a_deploy_moves_each_version_to_its_own_settings(run, shop_database):
    shop_database.execute("""
        CREATE SCHEMA v1; CREATE SCHEMA v2;
        CREATE TABLE v1.seen (at timestamptz DEFAULT clock_timestamp());
        CREATE TABLE v2.seen (LIKE v1.seen INCLUDING DEFAULTS);
    """)
    write = {"name": "write", "weight": 4, "sql": "INSERT INTO seen DEFAULT VALUES"}
    # Refused at the start: its column is the migration's.
    newer = {"name": "newer", "weight": 1, "app": "new", "sql": "SELECT region FROM public.orders"
                                                                " WHERE id = 1"}

    ended, result = run(shop.scenario(
        {"name": "add", "sql": "ALTER TABLE public.orders ADD COLUMN region text"},
        {"name": "roll out", "deploy": {"to": "new", "over": "1s"}},
        workload={"rate": "100/s", "operations": [write, newer], "session": {
            "old": "SET search_path = v1", "new": "SET search_path = v2"}}))

    assert_nothing_found(ended, result)
    assert results.counted(result, "newer", "before") == 0
    assert results.counted(result, "newer", "after") > 0
    rolling = results.step(result, "roll out")
    assert rolling["end_s"] - rolling["start_s"] >= 0.9
    with shop_database.connect() as connection:
        old, overlap, new = connection.execute("""
            SELECT (SELECT count(*) FROM v1.seen),
                   extract(epoch FROM (SELECT max(at) FROM v1.seen)
                                      - (SELECT min(at) FROM v2.seen)),
                   (SELECT count(*) FROM v2.seen)""").fetchone()
    assert old > 0 and new > 0
    assert overlap > 0, "the versions took turns instead of running side by side"
    write = results.operation(result, "write")
    assert set(write["by_app"]) == {"old", "new"}
    assert write["by_app"]["old"]["after"]["count"] == 0


def test_a_transaction_step_that_fails_leaves_nothing_of_itself(run, shop_database):
    ended, result = run(shop.scenario(
        {"name": "two", "sql": "CREATE TABLE half_made (); ALTER TABLE no_such ADD COLUMN x int"}))

    assert ended.code == 5
    assert "no_such" in result["steps"][0]["error"]
    assert shop_database.value("SELECT to_regclass('half_made') IS NULL")


@pytest.mark.parametrize("protocol", ["simple", "extended"])
def test_the_other_protocols_do_the_same_work(run, shop_database, protocol):
    star = {"name": "star", "weight": 50, "params": {"id": "uniform(1, 500)"},
            "sql": "SELECT * FROM customers WHERE id = :id"}

    ended, result = run(shop.scenario(
        {"name": "add", "sql": "ALTER TABLE customers ADD COLUMN note text"},
        workload={"protocol": protocol, "operations": [shop.READ, shop.PLACE, star]}))

    # Nothing is prepared, so that no plan's result type can change.
    assert_nothing_found(ended, result)
    assert errors(result) == {}
    placed = sum(results.counted(result, "place_order", phase)
                 for phase in ("before", "during", "after"))
    # The warm-up's are in the table and not in the count.
    assert placed <= shop_database.value("SELECT count(*) FROM orders") - shop.ROWS <= placed + 60
    assert shop_database.value(f"SELECT count(*) FROM orders WHERE id > {shop.ROWS}"
                               " AND total < 2") == 0, "`into` carried the new order's id"
