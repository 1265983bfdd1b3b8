"""A newcomer's own schema: quoted and mixed-case names, another schema, composite and uuid keys; in a
shell that knows no UTF-8."""
import pytest

import results
import shop

LINES = '"Shop"."Order Lines"'
ROWS = 6_000
SCHEMA = f"""
CREATE SCHEMA "Shop";
CREATE TABLE {LINES} ("tenantId" uuid, "lineNo" int, "Größe" text NOT NULL, qty int NOT NULL,
                      PRIMARY KEY ("tenantId", "lineNo"));
INSERT INTO {LINES} SELECT md5((n % 50)::text)::uuid, n, 'groß', 1 FROM generate_series(1, {ROWS}) n;
CREATE TABLE "Shop".events (id uuid PRIMARY KEY, "kind" text NOT NULL);
INSERT INTO "Shop".events SELECT md5(n::text)::uuid, 'ü' FROM generate_series(1, {ROWS}) n;
ANALYZE;
"""
READ = {"name": "read_line", "weight": 60,
        "params": {"tenant": f"sample('SELECT \"tenantId\" FROM {LINES} LIMIT 100')",
                   "line": f"uniform(1, {ROWS})"},
        "sql": f'SELECT "Größe" FROM {LINES} WHERE "tenantId" = :tenant AND "lineNo" = :line'}
ORDER = {"name": "order", "weight": 20, "params": {"line": f"uniform(1, {ROWS})"},
         "transaction": [
             {"sql": f'SELECT "tenantId" FROM {LINES} WHERE "lineNo" = :line LIMIT 1',
              "into": ["tenant"]},
             {"sql": f'UPDATE {LINES} SET qty = qty + 1 WHERE "tenantId" = :tenant'
                     ' AND "lineNo" = :line'}]}
EVENT = {"name": "event", "weight": 20, "params": {"id": "uuid()", "kind": "choice(größer, Ω)"},
         "sql": 'INSERT INTO "Shop".events (id, kind) VALUES (:id, :kind)'}
STEPS = [
    {"name": "Spalte für Region", "sql": f'ALTER TABLE {LINES} ADD COLUMN "Región" text',
     "lock_timeout": "2s", "retries": {"times": 5, "backoff": "50ms"}},
    {"name": "fill lines", "backfill": {
        "table": LINES, "set": "\"Región\" = 'östlich'", "where": '"Región" IS NULL',
        "batch": 1000}},
    {"name": "fill events", "backfill": {
        "table": '"Shop".events', "set": "kind = upper(kind)", "batch": 1000}},
    {"name": "hold", "sql": f"LOCK TABLE {LINES}; SELECT pg_sleep(0.4)"},
    {"name": "rewrite", "sql": f"ALTER TABLE {LINES} ALTER COLUMN qty TYPE bigint"}]

# A shell without UTF-8, with a decimal comma, and with an encoding of its own for libpq.
POOR_SHELL = {"LC_ALL": "C", "LANG": "de_DE.ISO-8859-1", "LC_NUMERIC": "de_DE",
              "PGCLIENTENCODING": "LATIN1"}


@pytest.fixture
def rehearsed(run, shop_database):
    shop_database.execute(SCHEMA)
    return run(shop.scenario(*STEPS, workload={"operations": [READ, ORDER, EVENT]},
                             gates={"errors": 0, "lock_wait.max": "10s",
                                    "read_line.response.p99": {"limit": "10s"}}),
               environment=POOR_SHELL)


def test_any_name_and_any_key_will_do(rehearsed, rehearse, shop_database):
    ended, result = rehearsed

    results.assert_nothing_found(ended, result)
    for operation in result["operations"]:
        assert all(phase["count"] > 0 for phase in operation["phases"].values()
                   ), operation["name"]
    assert results.step(result, "fill lines")["rows"] == ROWS
    assert ROWS <= results.step(result, "fill events")["rows"] <= ROWS + 2000
    assert shop_database.value(
        f"SELECT count(*) FROM {LINES} WHERE \"Región\" = 'östlich'") == ROWS
    # Each name as one writes it in SQL.
    assert LINES in results.step(result, "rewrite")["rewrote"]
    locked = {(lock["relation"], lock["mode"]) for lock in results.step(result, "hold")["locks"]}
    assert (LINES, "AccessExclusiveLock") in locked
    episode = max(result["locks"]["episodes"], key=lambda each: each["victim_seconds"])
    assert (episode["relation"], episode["mode"]) == (LINES, "AccessExclusiveLock")
    assert {each["operation"] for each in episode["victims"]} <= {"read_line", "order"}
    # Found under the name that the scenario's author knows, in statements as in backfills.
    tables = {key: said for key, said in result["target"]["environment"].items()
              if key.startswith("table ") and key.count(":") == 0}
    assert set(tables) == {f"table {LINES}", 'table "Shop".events'}
    assert all("rows" in said for said in tables.values()), tables
    summary = (rehearse.folder / "out" / "summary.md").read_text(encoding="utf-8")
    assert "Spalte für Region" in summary and "Spalte für Region" in ended.err
    assert max(map(len, ended.out.splitlines())) <= 100
