"""Tables without a key: their rows are counted, and their replica identity is put back."""
import os
import signal

import pytest

import results
import shop
from ledger import LONG, ROWS, V, assert_nothing_left, following, proofs, touch
from results import assert_nothing_found
from shop import NOTHING


@pytest.fixture(autouse=True)
def can_tag(cluster):
    if cluster.major < 14:
        pytest.skip("transactions say whose they are from PostgreSQL 14 on")


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
    expect = parts.pop("expect", None)
    return following(["orders_log"], steps, list(LOGGERS), expect,
                     verify={"live": parts.pop("live", "on")}, workload={"rate": "200/s"}, **parts)


def identity_of(database, name="orders_log"):
    return database.value(f"SELECT relreplident::text FROM pg_class WHERE oid = '{name}'::regclass")


@pytest.mark.parametrize("live", ["on", "auto"])
def test_a_table_without_a_key_is_proved_and_left_as_it_was(run, log_database, live):
    steps = [{"name": "add", "sql": "ALTER TABLE orders_log ADD COLUMN region text DEFAULT 'eu'"},
             {"name": "touch", "sql": "UPDATE orders_log SET what = what"}]

    ended, result = run(logging(*steps, live=live, expect={"orders_log.region": {"added": "'eu'"}}))

    assert_nothing_found(ended, result)
    proof = proofs(result)["orders_log"]
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

    ended, result = run(logging({"name": "damage", "sql": damage}))

    assert ended.code == 4, (result["reasons"], ended.err)
    proof = proofs(result)["orders_log"]
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


# Tables without a key, in which each row is there twice. name: columns, their values, the migration,
# what is declared, and how many rows are lost, extra and duplicated.
def keyless(table, columns="v int NOT NULL", values="g"):
    return (f"CREATE TABLE {table} (g int, {columns}, touched int NOT NULL DEFAULT 0);"
            f"INSERT INTO {table} SELECT g, {values} FROM"
            f" (SELECT n / 2 AS g FROM generate_series(2, {2 * ROWS + 1}) n) rows;")


ONE = "ctid = (SELECT min(ctid) FROM {t} WHERE g = 5)"
KEYLESS = {
    "k_one_bit": (V, "g", "UPDATE {t} SET v = v # 1 WHERE " + ONE, None, (1, 1, 0)),
    "k_both_of_two": (V, "g", "UPDATE {t} SET v = 0 WHERE g = 5", None, (2, 2, 0)),
    "k_null_for_empty": ("v text", "''", "UPDATE {t} SET v = NULL WHERE " + ONE, None, (1, 1, 0)),
    "k_trailing_blank": ("v text", "'x'", "UPDATE {t} SET v = 'x ' WHERE " + ONE, None, (1, 1, 0)),
    "k_out_of_line": ("v text", LONG, "UPDATE {t} SET v = overlay(v placing '!' from 9000 for 1)"
                      " WHERE " + ONE, None, (1, 1, 0)),
    "k_lost": (V, "g", "DELETE FROM {t} WHERE " + ONE, None, (1, 0, 0)),
    "k_both_lost": (V, "g", "DELETE FROM {t} WHERE g = 5", None, (2, 0, 0)),
    "k_doubled": (V, "g", "INSERT INTO {t} SELECT * FROM {t} WHERE " + ONE, None, (0, 0, 1)),
    "k_too_many": (V, "g", "INSERT INTO {t} VALUES (-1, 1)", None, (0, 1, 0)),
    "k_made_equal_to_another": (V, "g", "UPDATE {t} SET g = 6, v = 6 WHERE " + ONE, None,
                                (1, 0, 1)),
    "k_shifted": (V, "g", "UPDATE {t} SET v = v - 1 WHERE g BETWEEN 5 AND 7", None, (6, 6, 0)),
    "k_damaged_by_a_rewrite": (V, "g", "ALTER TABLE {t} ALTER v TYPE bigint USING"
                               " CASE g WHEN 5 THEN -1 ELSE v END", None, (2, 2, 0)),
    "k_refilled_with_one_less": (
        V, "g", "LOCK {t}; CREATE TABLE kept_{t} AS SELECT * FROM {t}; TRUNCATE {t};"
        "INSERT INTO {t} SELECT * FROM kept_{t} WHERE NOT EXISTS (SELECT FROM kept_{t} k"
        " WHERE k.g = 7 AND k.g = kept_{t}.g AND k.ctid > kept_{t}.ctid)", None, (1, 0, 0)),
    "k_forgotten_by_a_backfill": (
        V, "g", "ALTER TABLE {t} ADD COLUMN region text;"
        "UPDATE {t} SET region = 'eu' WHERE g <> 5", {"region": {"added": "'eu'"}}, "region"),
    # Harmless ones.
    "k_untouched": (V, "g", "SELECT 1", None, (0, 0, 0)),
    "k_written_again": (V, "g", "UPDATE {t} SET v = v", None, (0, 0, 0)),
    "k_two_swapped": (V, "g", "UPDATE {t} SET g = 11 - g, v = 11 - v WHERE g IN (5, 6)", None,
                      (0, 0, 0)),
    "k_refilled": (V, "g", "LOCK {t}; CREATE TEMP TABLE kept AS SELECT * FROM {t};"
                   "DELETE FROM {t}; INSERT INTO {t} SELECT * FROM kept; DROP TABLE kept", None,
                   (0, 0, 0)),
    "k_widened": (V, "g", "ALTER TABLE {t} ALTER v TYPE bigint", None, (0, 0, 0)),
    "k_given_a_key": (V, "g", "ALTER TABLE {t} ADD COLUMN id bigserial PRIMARY KEY",
                      {"id": "added"}, (0, 0, 0)),
    "k_renamed": (V, "g", "ALTER TABLE {t} RENAME v TO w", {"v": {"renamed": "w"}}, (0, 0, 0)),
    "k_dropped": ("v int, w int", "g, g", "ALTER TABLE {t} DROP w", {"w": "dropped"}, (0, 0, 0)),
    "k_kept_out_of_line": ("v text", LONG, "ALTER TABLE {t} ALTER touched TYPE bigint", None,
                           (0, 0, 0)),
    "k_rewritten_heap": (V, "g", "LOCK {t}; CREATE INDEX {t}_g ON {t} (g); CLUSTER {t} USING {t}_g",
                         None, (0, 0, 0)),
    "k_unique_index": (V, "g", "ALTER TABLE {t} ADD COLUMN u uuid DEFAULT gen_random_uuid();"
                       "CREATE UNIQUE INDEX ON {t} (u)", {"u": "added"}, (0, 0, 0)),
}


def test_tables_without_a_key_are_told_by_their_rows(run, shop_database):
    expect, steps, operations = {}, [], []
    for name, (columns, values, migration, declared, _) in KEYLESS.items():
        shop_database.execute(keyless(name, columns, values))
        steps.append({"name": name, "sql": migration.replace("{t}", name)})
        for column, what in (declared or {}).items():
            expect[f"{name}.{column}"] = what
        operations.append(touch(name, "UPDATE {} SET touched = touched + 1 WHERE g = :id"))

    ended, result = run(following(list(KEYLESS), steps, operations, expect))

    assert ended.code == 4, (result["reasons"], ended.err)
    told = proofs(result)
    wrong = {}
    for name, (_, _, _, _, wanted) in KEYLESS.items():
        proof = told[name]
        if wanted == "region":
            right = proof["changed"] == 2 and proof["lost"] + proof["extra"] == 0
        else:
            right = (proof["lost"], proof["extra"], proof["duplicated"]) == wanted
        right = (right and proof["mode"] == "ledger" and proof["workload"]["updates"] > 0
                 and proof["verdict"] == ("pass" if wanted == (0, 0, 0) else "fail"))
        if not right:
            wrong[name] = {part: proof[part] for part in (
                "verdict", "mode", "lost", "extra", "duplicated", "changed", "problems", "unproved",
                "workload")}
    assert wrong == {}
    assert shop_database.value("SELECT count(*) FROM pg_class WHERE relname LIKE 'k!_%' ESCAPE '!'"
                               " AND relkind = 'r' AND relreplident <> 'd'") == 0


def test_the_way_back_is_proved_too_and_the_identity_put_back(run, log_database):
    made = logging({"name": "add", "sql": "ALTER TABLE orders_log ADD COLUMN region text DEFAULT 'eu'"},
                   expect={"orders_log.region": {"added": "'eu'"}})
    made["migration"]["down"] = [{"sql": "ALTER TABLE orders_log DROP COLUMN region"},
                                 {"sql": "UPDATE orders_log SET what = what"}]

    ended, result = run(made)

    assert_nothing_found(ended, result)
    back = result["rollback"]["verification"]["tables"][0]
    assert (back["verdict"], back["mode"], back["unproved"]) == ("pass", "ledger", [])
    assert result["verification"]["rollback"]["schema_diff"] == []
    assert not any(change["kind"] == "table" for table in result["verification"]["tables"]
                   for change in table["schema_changes"]), "the identity of meanwhile is ours"
    assert identity_of(log_database) == "d"
    assert_nothing_left(log_database)


def test_an_identity_that_the_migration_chooses_is_told_and_stays(run, log_database):
    chooses = {"name": "choose", "transaction": False, "sql":
               "ALTER TABLE orders_log ADD COLUMN id bigserial PRIMARY KEY;"
               " ALTER TABLE orders_log REPLICA IDENTITY USING INDEX orders_log_pkey"}

    ended, result = run(logging(chooses, expect={"orders_log.id": "added"}))

    assert ended.code in (0, 3), (result["reasons"], ended.err)
    assert "orders_log_pkey" in str([change for change in proofs(result)["orders_log"]
                                     ["schema_changes"] if change["kind"] == "table"])
    assert identity_of(log_database) == "i"
    assert_nothing_left(log_database)


def test_a_row_that_the_way_back_loses_is_found_without_a_key(run, log_database):
    made = logging(NOTHING)
    made["migration"]["down"] = [
        {"sql": "DELETE FROM orders_log WHERE ctid = (SELECT min(ctid) FROM orders_log"
                " WHERE order_id = 7)"}]

    ended, result = run(made)

    assert ended.code == 4, (result["reasons"], ended.err)
    assert [row["kind"] for row in
            result["rollback"]["verification"]["tables"][0]["mismatches"]] == ["lost"]
    assert identity_of(log_database) == "d"
    assert_nothing_left(log_database)


def test_what_a_backfill_puts_over_the_applications_value_is_no_pass_without_a_key(
        run, log_database):
    made = logging({"name": "add", "sql": "ALTER TABLE orders_log ADD COLUMN region text DEFAULT 'eu'"},
                   {"name": "deploy", "deploy": "new"}, {"name": "let it write", "pause": "300ms"},
                   {"name": "over it", "sql": "UPDATE orders_log SET region = 'eu'"},
                   {"name": "back", "deploy": "old"}, expect={"orders_log.region": {"added": "'eu'"}})
    made["workload"]["operations"].append(
        {"name": "move_it", "weight": 30, "app": "new", "params": {"id": "uniform(500, 999)"},
         "sql": "UPDATE orders_log SET region = 'us' WHERE order_id = :id"})

    ended, result = run(made)

    assert ended.code in (3, 4), (result["reasons"], ended.err)
    proof = proofs(result)["orders_log"]
    assert "region" not in proof["proved"] and proof["verdict"] != "pass", proof
