"""Scripts of pgbench as the load, in every protocol, against real servers."""
import pytest

import shop
from results import assert_nothing_found, counted, errors, operation
from shop import NOTHING

READ = r"""
\set id random(1, 20000)
SELECT id, customer_id, total FROM orders WHERE id = :id;
"""
PLACE = r"""
-- one order, and what it costs
\set customer random_zipfian(1, 500, 1.2)
\set total int(random_gaussian(1, 9999, 2.5))
BEGIN;
INSERT INTO orders (customer_id, total) VALUES (:customer, :total) RETURNING id \gset new_
\if :new_id % 2 = 0
UPDATE orders SET total = total + 1 WHERE id = :new_id;
\else
UPDATE customers SET orders = orders + 1 WHERE id = :customer;
\endif
\sleep 1 ms
END;
"""
# As the manual describes pgbench's built-in tpcb-like transaction.
TPCB = r"""
\set aid random(1, 100000 * :scale)
\set bid random(1, 1 * :scale)
\set tid random(1, 10 * :scale)
\set delta random(-5000, 5000)
BEGIN;
UPDATE pgbench_accounts SET abalance = abalance + :delta WHERE aid = :aid;
SELECT abalance FROM pgbench_accounts WHERE aid = :aid;
UPDATE pgbench_tellers SET tbalance = tbalance + :delta WHERE tid = :tid;
UPDATE pgbench_branches SET bbalance = bbalance + :delta WHERE bid = :bid;
INSERT INTO pgbench_history (tid, bid, aid, delta, mtime)
    VALUES (:tid, :bid, :aid, :delta, CURRENT_TIMESTAMP);
END;
"""
TPCB_SCHEMA = """
CREATE TABLE pgbench_branches (bid int PRIMARY KEY, bbalance int, filler char(88));
CREATE TABLE pgbench_tellers (tid int PRIMARY KEY, bid int, tbalance int, filler char(84));
CREATE TABLE pgbench_accounts (aid int PRIMARY KEY, bid int, abalance int, filler char(84));
CREATE TABLE pgbench_history (tid int, bid int, aid int, delta int, mtime timestamp);
INSERT INTO pgbench_branches SELECT n, 0 FROM generate_series(1, 2) n;
INSERT INTO pgbench_tellers SELECT n, 1 + n / 11, 0 FROM generate_series(1, 20) n;
INSERT INTO pgbench_accounts SELECT n, 1, 0 FROM generate_series(1, 200000) n;
"""


@pytest.fixture
def script(tmp_path):
    """Writes a script beside the scenario."""
    def write(name, text):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return name
    return write


def scripted(*scripts, step=NOTHING, **parts):
    workload = parts.pop("workload", {})
    content = shop.scenario(step, **parts)
    content["workload"] = {"connections": 8, "rate": "200/s", "pgbench": list(scripts)} | workload
    return content


@pytest.mark.parametrize("protocol", ["prepared", "extended", "simple"])
def test_two_scripts_run_by_their_weights_through_a_migration(throwaway, script, protocol):
    content = scripted({"script": script("read.pgbench", READ), "weight": 7},
                       {"script": script("place.pgbench", PLACE), "weight": 1},
                       step={"sql": "ALTER TABLE orders ADD COLUMN region text"},
                       workload={"protocol": protocol},
                       phases={"warmup": "200ms", "before": "3s", "after": "3s"},
                       verify={"tables": ["orders", "customers"],
                               "expect": {"orders.region": "added"}})

    ended, result = throwaway.run(content)

    counts = [sum(counted(result, name, phase) for phase in ("before", "during", "after"))
              for name in ("read", "place")]
    share = counts[1] / sum(counts)
    # 1200 draws of 1/8: a standard deviation is one hundredth.
    assert 0.08 < share < 0.17, counts
    assert operation(result, "place")["phases"]["before"]["response_ms"]["p50"] > 1
    if protocol != "simple":
        assert_nothing_found(ended, result)
        return
    # What comes from the database (\gset) becomes part of a text: nobody knows before what it
    # changes, and a proof that is none must not look like one.
    assert ended.code == 3, (ended.code, result["reasons"])
    assert any(":new_id holds text of the database" in reason for reason in result["reasons"])


@pytest.mark.parametrize("protocol", ["prepared", "simple"])
def test_the_balances_of_tpcb_agree(throwaway, script, protocol):
    same = ("SELECT count(*) FROM (SELECT sum(delta) AS s FROM pgbench_history) h,"
            " (SELECT sum(abalance) AS s FROM pgbench_accounts) a,"
            " (SELECT sum(bbalance) AS s FROM pgbench_branches) b,"
            " (SELECT sum(tbalance) AS s FROM pgbench_tellers) t"
            " WHERE coalesce(h.s, 0) = a.s AND a.s = b.s AND b.s = t.s")
    content = scripted({"script": script("tpcb.sql", TPCB), "variables": {"scale": 2}},
                       step={"sql": "ALTER TABLE pgbench_accounts ADD COLUMN note text"},
                       workload={"protocol": protocol},
                       verify={"tables": ["pgbench_accounts"],
                               "expect": {"pgbench_accounts.note": "added"},
                               "invariants": [{"name": "balances agree", "sql": same, "equals": 1},
                                              {"name": "something was done", "at_least": 100,
                                               "sql": "SELECT count(*) FROM pgbench_history"}]
                               })

    ended, result = throwaway.run(content, setup=TPCB_SCHEMA)

    found = {each["name"]: each["verdict"] for each in result["verification"]["invariants"]}
    assert found["balances agree"] == "pass"
    assert errors(result) == {}
    assert ended.code in (0, 1, 3), ended.err
    assert all(table["verdict"] == "pass" for table in result["verification"]["tables"])


def test_a_migration_that_loses_rows_is_found_under_scripts(throwaway, script):
    content = scripted({"script": script("place.pgbench", PLACE)},
                       step={"sql": "UPDATE orders SET total = total + 1000000 WHERE id = 77"},
                       verify={"tables": ["orders"]})

    ended, result = throwaway.run(content)

    assert ended.code == 4, (ended.code, result["reasons"])


def test_pipelines_and_statements_outside_transactions_run(run, script, shop_database):
    shop_database.execute("CREATE TABLE counter (n int); INSERT INTO counter VALUES (0)")
    piped = r"""
\startpipeline
UPDATE counter SET n = n + 1;
SELECT 1;
\syncpipeline
UPDATE counter SET n = n + 1;
\sleep 100 us
SELECT 2;
\endpipeline
SELECT 3 AS three \gset
\if :three <> 3
SELECT 1 / 0;
\endif
"""
    ended, result = run(scripted({"script": script("piped.pgbench", piped)},
                                 workload={"rate": "50/s", "connections": 2}))

    assert_nothing_found(ended, result)
    done = sum(second["done"] for second in result["seconds"])
    assert shop_database.value("SELECT n FROM counter") == 2 * done


def test_a_script_that_sends_nothing_starves_nobody(run, script):
    content = scripted({"script": script("nothing.pgbench", "\\set x 1\n")})
    content["workload"] = {"connections": 2, "pgbench": content["workload"]["pgbench"]}

    ended, result = run(content)

    assert_nothing_found(ended, result)
    assert counted(result, "nothing", "before") > 100


@pytest.mark.parametrize("text, why", [
    ("\\set x 5\n\\set y 1 / (:x - 5)\nSELECT 1;", "2:1: division by zero"),
    ("BEGIN;\nUPDATE customers SET orders = -1 WHERE id = 1;\n\\set y 1 / 0\nEND;",
     "3:1: division by zero"),
    ("SELECT 1 AS one WHERE false \\gset\n", "1:1: expected one row, got 0"),
    ("\\if 0\n\\set v 1\n\\endif\nSELECT :v;", "4:1: undefined variable :v"),
    ("\\startpipeline\nSELECT 1;\n", "pipeline open"),
    ("\\startpipeline\nSELECT 1;\n\\set y 1/0\n\\endpipeline\n", "3:1: division by zero"),
])
def test_a_command_that_fails_is_a_failure_that_says_where(run, script, shop_database, text, why):
    ended, result = run(scripted({"script": script("bad.pgbench", text)},
                                 workload={"rate": "50/s"}))

    assert ended.code == 1, (ended.code, ended.err)
    assert set(errors(result)) == {"script_error"}
    assert why in result["error_meanings"]["script_error"]
    assert "bad.pgbench:" in result["error_meanings"]["script_error"]
    assert counted(result, "bad", "before") == 0
    assert shop_database.value("SELECT count(*) FROM customers WHERE orders = -1") == 0


def test_a_statement_that_fails_ends_the_script_and_leaves_the_session_clean(
        run, script, shop_database):
    shop_database.execute("CREATE TABLE seen (n int); CREATE TABLE zero AS SELECT 0 AS n")
    bad = ("BEGIN;\nINSERT INTO seen VALUES (1);\nSELECT 1 / n FROM zero;\n"
           "INSERT INTO seen VALUES (2);\nEND;\n")
    piped = "\\startpipeline\n" + bad + "\\endpipeline\nINSERT INTO seen VALUES (3);\n"
    ok = "INSERT INTO seen VALUES (10);\n"
    _, result = run(scripted({"script": script("bad.pgbench", bad)},
                             {"script": script("piped.pgbench", piped)},
                             {"script": script("ok.pgbench", ok)},
                             workload={"connections": 2}))

    assert set(errors(result)) == {"22012"}
    assert counted(result, "ok", "before") > 0
    assert shop_database.values("SELECT DISTINCT n FROM seen") == [10]


def test_a_transaction_that_a_script_leaves_open_is_told(run, script, shop_database):
    _, result = run(scripted({"script": script(
        "open.pgbench", "BEGIN;\nUPDATE customers SET orders = -1 WHERE id = 1;\n")}))

    assert set(errors(result)) == {"25001"}
    assert shop_database.value("SELECT count(*) FROM customers WHERE orders = -1") == 0


def test_a_serialization_failure_repeats_the_script(run, script, shop_database):
    shop_database.execute("CREATE TABLE counter (n int); INSERT INTO counter VALUES (0)")
    bump = ("BEGIN ISOLATION LEVEL REPEATABLE READ;\nSELECT n FROM counter \\gset\n\\sleep 5 ms\n"
            "UPDATE counter SET n = :n + 1;\nEND;\n")
    _, result = run(scripted(
        {"script": script("bump.pgbench", bump), "retry": {"times": 50, "backoff": "1ms"}},
        workload={"connections": 4, "rate": "40/s"}))

    done = sum(second["done"] for second in result["seconds"])
    assert errors(result) == {}
    assert sum(phase["retries"] for phase in operation(result, "bump")["phases"].values()) > 0
    assert shop_database.value("SELECT n FROM counter") == done


def test_scripts_and_operations_are_one_mix(run, script):
    ended, result = run(scripted({"script": script("read.pgbench", READ), "name": "scripted",
                                  "weight": shop.READ["weight"]},
                                 workload={"operations": [shop.READ]}))

    assert_nothing_found(ended, result)
    assert counted(result, "scripted", "before") > 0
    assert counted(result, "read_order", "before") > 0


def test_all_errors_of_scripts_are_told_with_their_places(rehearse, scenario, script):
    path = scenario(scripted({"script": script("a.pgbench", "\\st x 1\nSELECT :x;\n")},
                             {"script": script("b.pgbench", "\\shell ls\n")},
                             {"script": "missing.pgbench"}, {"script": script("empty.pgbench", "")},
                             {"script": "a.pgbench", "weight": -1}))

    ended = rehearse("validate", path)

    assert ended.code == 2
    for part in ("a.pgbench:1:1: there is no command \\st; did you mean set?",
                 "a.pgbench:2:8: undefined variable :x", "b.pgbench:1:1: \\shell runs a program",
                 "missing.pgbench` does not exist", "empty.pgbench:1:1: the script is empty",
                 "two operations are called `a`", "weight"):
        assert part in ended.err, ended.err


def test_the_plan_names_scripts_with_their_shares(rehearse, scenario, script):
    path = scenario(scripted({"script": script("read.pgbench", READ), "weight": 3},
                             {"script": script("place.pgbench", PLACE), "weight": 1}))

    ended = rehearse("run", path, "--plan")

    assert ended.code == 0, ended.err
    assert "75.0 %  read" in ended.out
    assert "25.0 %  place" in ended.out


def test_a_statement_that_the_target_refuses_is_told_before_the_load(
        rehearse, scenario, script, shop_database):
    path = scenario(scripted({"script": script("typo.pgbench", "SELECT 1;\nSELECT x FROM ordrs;\n")}))

    ended = rehearse("run", path, "--db", shop_database.uri)

    assert ended.code == 2
    assert "typo.pgbench:2:1" in ended.err
    assert "ordrs" in ended.err


CHAINED = r"""
\set id random(1, 20000)
BEGIN ISOLATION LEVEL SERIALIZABLE;
SET LOCAL work_mem = '1MB';
SAVEPOINT a;
UPDATE orders SET total = total + 1 WHERE id = :id;
ROLLBACK TO a;
UPDATE orders SET total = total + 2 WHERE id = :id;
COMMIT AND CHAIN;
UPDATE orders SET total = total + 3 WHERE id = :id;
END;
INSERT INTO orders (customer_id, total) VALUES (1, :id) RETURNING id AS made \gset
DELETE FROM orders WHERE id = :made;
"""
PIPED = r"""
\set id random(1, 19999)
\startpipeline
UPDATE orders SET total = total + 1 WHERE id = :id;
\syncpipeline
BEGIN;
UPDATE orders SET total = total + 1 WHERE id = :id;
UPDATE orders SET total = total + 1 WHERE id = :id + 1;
COMMIT;
UPDATE orders SET total = total + 1 WHERE id = :id;
\endpipeline
"""


@pytest.mark.parametrize("protocol", ["prepared", "extended"])
def test_every_transaction_of_a_script_is_known_to_the_ledger(throwaway, script, protocol):
    content = scripted({"script": script("chained.pgbench", CHAINED),
                        "retry": {"times": 100, "backoff": "1ms"}},
                       {"script": script("piped.pgbench", PIPED)},
                       step={"sql": "ALTER TABLE orders ADD COLUMN region text"},
                       workload={"protocol": protocol, "rate": "100/s"},
                       verify={"tables": ["orders"], "expect": {"orders.region": "added"},
                               "live": "on"})

    ended, result = throwaway.run(content)

    assert_nothing_found(ended, result)
    assert [(table["verdict"], table["mode"]) for table in result["verification"]["tables"]] == [
        ("pass", "ledger")]
    ledger = result["verification"]["ledger"]
    assert ledger["transactions"] == ledger["tagged"] > 100
