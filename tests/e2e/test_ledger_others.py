"""Who else changes data: commands and adversaries; and scans that are interrupted."""
import signal

import pytest

import shop
from ledger import PLUS, assert_nothing_left, following, found, plain, proofs, touch
from shop import NOTHING


@pytest.fixture(autouse=True)
def can_tag(cluster):
    if cluster.major < 14:
        pytest.skip("transactions say whose they are from PostgreSQL 14 on")


@pytest.fixture
def table(shop_database):
    shop_database.execute(plain("one"))
    return shop_database


def psql(statement):
    return {"name": "our tool", "timeout": "30s", "env": {"DATABASE_URL": "{{target.uri}}"},
            "command": ["sh", "-c", 'exec psql -X -q -v ON_ERROR_STOP=1 "$DATABASE_URL" -c "$0"',
                        statement]}


COMMANDS = {
    "harmless": ("ALTER TABLE one ADD COLUMN region text DEFAULT 'eu'; UPDATE one SET v = v", []),
    "a value changed": ("UPDATE one SET v = v + 1 WHERE id = 5", ["changed 5 v"]),
    "lost and doubled": ("DELETE FROM one WHERE id = 5; INSERT INTO one VALUES (-6, 6)",
                         ["extra -6", "lost 5"]),
    "rewritten": ("ALTER TABLE one ALTER v TYPE bigint USING CASE id WHEN 5 THEN -1 ELSE v END",
                  ["changed 5 v"]),
}


@pytest.mark.parametrize("kind", COMMANDS)
def test_what_a_command_does_is_judged_like_any_step(run, table, kind):
    statement, rows = COMMANDS[kind]
    expect = {"one.region": {"added": "'eu'"}} if kind == "harmless" else None

    ended, result = run(following(["one"], [psql(statement)], [touch("one")], expect))

    proof = proofs(result)["one"]
    assert (found(proof), proof["mode"]) == (rows, "ledger"), (result["reasons"], ended.err)
    assert proof["verdict"] == ("fail" if rows else "pass"), proof
    assert ended.code == 4 if rows else ended.code in (0, 3), result["reasons"]
    assert all("not the workload's" in row["by"] or row["by"] == "not in the change stream"
               for row in proof["mismatches"])
    assert_nothing_left(table)


def second(statement):
    return [{"name": "theirs", "second_migration": {"sql": statement, "from": "50ms",
                                                    "lock_timeout": "5s"}}]


PAUSE = {"name": "wait", "pause": "1s"}


@pytest.mark.parametrize("statement", [
    "UPDATE one SET v = 0 WHERE id = 5", "DELETE FROM one WHERE id = 5",
    "DO $$ BEGIN UPDATE one SET v = 0 WHERE id = 5; END $$",
    "ALTER TABLE one ALTER v TYPE bigint USING CASE id WHEN 5 THEN -1 ELSE v END"])
def test_an_adversary_that_writes_excludes_the_stream(rehearse, scenario, run, table, statement):
    content = following(["one"], [PAUSE], [touch("one")], adversaries=second(statement))
    refused = rehearse("run", scenario(content), "--db", table.uri, "--out", "refused")
    assert refused.code == 6, refused.err
    assert "verify.live: on: adversary theirs " in refused.err
    assert table.value("SELECT v FROM one WHERE id = 5") == 5
    assert_nothing_left(table)

    content["verify"]["live"] = "auto"
    ended, result = run(content)

    proof = proofs(result)["one"]
    assert ended.code == 3, (result["reasons"], ended.err)
    assert proof["verdict"] in ("partial", "inconclusive") and proof["unproved"], proof


def test_what_an_adversary_drops_is_found(run, table):
    ended, result = run(following(["one"], [PAUSE], [touch("one")], verify={"live": "auto"},
                                  adversaries=second("ALTER TABLE one DROP COLUMN v")))

    assert ended.code == 4, (result["reasons"], ended.err)
    assert proofs(result)["one"]["problems"] == ["column v is gone, and nothing declares that"]
    assert_nothing_left(table)


def test_an_adversary_that_writes_elsewhere_is_no_obstacle(run, table):
    table.execute("CREATE TABLE aside (n int)")

    ended, result = run(following(["one"], [PAUSE], [touch("one", PLUS.replace("{t}", "{}"))],
                                  adversaries=second("INSERT INTO aside VALUES (1)")))

    assert ended.code in (0, 3), (result["reasons"], ended.err)
    assert (proofs(result)["one"]["verdict"], proofs(result)["one"]["mode"]) == ("pass", "ledger")
    assert table.value("SELECT count(*) FROM aside") == 1


# A minute each, of which nothing is left when it is interrupted.
SLOW = "length(pg_sleep(1)::text)"
SCANS = {
    "first": ([NOTHING], {"one.v": {"rewritten": f"v + {SLOW}"}}),
    "second": ([{"name": "add", "sql": "ALTER TABLE one ADD COLUMN w int DEFAULT 0"}],
               {"one.w": {"added": SLOW}}),
}
SCANNING = ("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'COPY%'"
            " AND query LIKE '%pg_sleep%'")


@pytest.mark.parametrize("which", SCANS)
def test_an_interrupted_scan_leaves_nothing(rehearse, scenario, table, until, which):
    steps, expect = SCANS[which]
    child = rehearse.start("run", scenario(following(["one"], steps, [touch("one")], expect)),
                           "--db", table.uri, "--out", "out")
    until(lambda: table.value(SCANNING) > 0, child)
    assert table.value("SELECT count(*) FROM pg_replication_slots") == (which == "first")
    child.send_signal(signal.SIGINT)
    ended = rehearse.finish(child, timeout=30)

    assert ended.code == 130, ended.err
    table.assert_no_session_of_ours()
    assert_nothing_left(table)
    assert table.value("SELECT relreplident::text FROM pg_class WHERE relname = 'one'") == "d"


@pytest.mark.parametrize("which", SCANS)
def test_an_interrupted_scan_on_a_throwaway_server_leaves_none(throwaway, until, which):
    steps, expect = SCANS[which]
    child = throwaway.start(following(["one"], steps, [touch("one")], expect), setup=plain("one"))
    until(lambda: throwaway.asked(SCANNING) not in (None, 0), child)
    child.send_signal(signal.SIGINT)
    ended = throwaway.rehearse.finish(child, timeout=60)

    assert ended.code == 130, ended.err
    assert throwaway.left() == []
