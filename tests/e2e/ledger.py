"""Tables and scenarios whose changes are followed, and what is told of them."""
import shop

ROWS = 60  # of each table; the workload never writes those up to 20
V = "v int NOT NULL"
LONG = "(SELECT string_agg(md5(i::text), '') FROM generate_series(1, 400) i)"
PLUS = "UPDATE {t} SET v = v + 1 WHERE id = :id"


def plain(table, columns="v int NOT NULL", values="n"):
    return (f"CREATE TABLE {table} (id int PRIMARY KEY, {columns}, touched int NOT NULL DEFAULT 0);"
            f"INSERT INTO {table} SELECT n, {values} FROM generate_series(1, {ROWS}) n;")


def touch(table, sql="UPDATE {} SET touched = touched + 1 WHERE id = :id"):
    return {"name": f"touch_{table}", "sql": sql.format(table),
            "params": {"id": f"uniform(21, {ROWS})"}}


def following(tables, steps, operations, expect=None, **parts):
    section = {"tables": tables, "live": "on"} | parts.pop("verify", {})
    if expect:
        section["expect"] = expect
    return shop.scenario(*steps, verify=section, gates={"errors": 10_000},
                         workload={"operations": operations, "rate": "400/s"}
                         | parts.pop("workload", {}), **parts)


def proofs(result):
    return {entry["name"].removeprefix("public."): entry
            for entry in result["verification"]["tables"]}


def found(proof):
    rows = []
    for row in proof["mismatches"]:
        key = row["key"].removeprefix("id=")
        rows.append(" ".join([row["kind"], key, *row["columns"]]))
    return sorted(rows)


def assert_nothing_left(database):
    assert database.value("SELECT count(*) FROM pg_replication_slots") == 0
    assert database.value("SELECT count(*) FROM pg_publication") == 0
