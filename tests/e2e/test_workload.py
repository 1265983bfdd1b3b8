"""What the application does, seen from the database that it does it to."""
import shop
from results import assert_nothing_found, counted, errors, operation
from shop import NOTHING


def test_a_closed_loop_waits_for_each_answer_and_thinks(run):
    one = {"name": "one", "weight": 1, "sql": "SELECT 1"}
    workload = {"connections": 4, "think_time": "50ms", "operations": [one]}
    content = shop.scenario(NOTHING)
    content["workload"] = workload

    ended, result = run(content)

    assert_nothing_found(ended, result)
    assert result["load"]["open_loop"] is False
    # Four who think for 50 ms each: 80 a second at most, however fast the server is.
    before = next(phase for phase in result["phases"] if phase["name"] == "before")
    most = 80 * (before["end_s"] - before["start_s"]) + 4
    assert 4 <= counted(result, "one", "before") <= most


def test_a_statement_that_takes_too_long_is_cut_off_and_counted(run):
    slow = {"name": "slow", "weight": 1, "sql": "SELECT pg_sleep(5)"}

    ended, result = run(shop.scenario(
        NOTHING, workload={"rate": "10/s", "statement_timeout": "100ms", "operations": [slow]}))

    assert ended.code == 1
    assert set(errors(result)) == {"57014"}
    for phase in operation(result, "slow")["phases"].values():
        assert phase["count"] == 0
        assert phase["response_ms"] is None or phase["errors"] == {}


def test_a_serialization_failure_is_tried_again_and_counted(run, shop_database):
    shop_database.execute("CREATE TABLE counter (n int); INSERT INTO counter VALUES (0)")
    bump = {"name": "bump", "weight": 1, "retry": {"times": 50, "backoff": "1ms"},
            "transaction": [{"sql": "SELECT n, pg_sleep(0.005) FROM counter"},
                            {"sql": "UPDATE counter SET n = n + 1"}]}

    _, result = run(shop.scenario(
        NOTHING, workload={"connections": 4, "rate": "40/s", "operations": [bump], "session": {
            "old": "SET default_transaction_isolation = 'repeatable read'"}},
        gates={"errors": 0}))

    done = sum(second["done"] for second in result["seconds"])
    assert errors(result) == {}
    assert sum(phase["retries"] for phase in operation(result, "bump")["phases"].values()) > 0
    # Each success once, each try that failed not at all.
    assert shop_database.value("SELECT n FROM counter") == done


def test_a_deadlock_that_was_tried_again_is_a_deadlock(run, shop_database):
    shop_database.execute("CREATE TABLE pair AS SELECT i AS id, 0 AS n FROM generate_series(1, 2) i")
    both = [{"name": f"from_{first}", "weight": 1, "retry": {"times": 50, "backoff": "1ms"},
             "transaction": [{"sql": f"UPDATE pair SET n = n + 1 WHERE id = {first}"},
                             {"sql": f"UPDATE pair SET n = n + 1 WHERE id = {second}"}]}
            for first, second in ((1, 2), (2, 1))]

    ended, result = run(shop.scenario(
        NOTHING, workload={"connections": 4, "rate": "300/s", "operations": both,
                           "session": {"old": "SET deadlock_timeout = '5ms'"}},
        phases=shop.SHORT | {"before": "3s"}, gates={"deadlocks": 0}))

    tried_again = {phase: sum(each["phases"][phase]["retries"] for each in result["operations"])
                   for phase in ("before", "during", "after")}
    assert errors(result) == {}
    # Neither those of `before` on top, nor fewer than the load met, but for earlier tries of the four
    # calls that were under way when the migration began.
    met = tried_again["during"] + tried_again["after"]
    assert 0 < met - 12 <= result["locks"]["deadlocks"] <= met, tried_again
    assert tried_again["before"] > 24
    assert ended.code == 1, result["reasons"]


def test_values_are_drawn_from_the_database_itself(run, shop_database):
    shop_database.execute("CREATE TABLE seen (id int)")
    draw = {"name": "draw", "weight": 1,
            "params": {"id": 'sample("SELECT id FROM customers WHERE id % 100 = 7")'},
            "sql": "INSERT INTO seen VALUES (:id)"}

    ended, result = run(shop.scenario(NOTHING, workload={"operations": [draw]}))

    assert_nothing_found(ended, result)
    assert set(shop_database.values("SELECT DISTINCT id FROM seen")) == {7, 107, 207, 307, 407}


def test_the_load_is_never_part_of_the_text_that_is_sent(run, shop_database):
    """A value that looks like SQL stays a value, in every protocol."""
    shop_database.execute("CREATE TABLE said (what text)")
    trap = "x'); DROP TABLE said; --"
    for protocol in ("prepared", "simple"):
        say = {"name": "say", "weight": 1, "params": {"what": f'choice("{trap}")'},
               "sql": "INSERT INTO said VALUES (:what)"}
        ended, result = run(shop.scenario(
            NOTHING, workload={"protocol": protocol, "operations": [say]},
            phases={"warmup": "0ms", "before": "300ms", "after": "300ms"}), out=protocol)
        assert errors(result) == {}, ended.out
    assert shop_database.values("SELECT DISTINCT what FROM said") == [trap]
