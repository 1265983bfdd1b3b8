"""Who else is on the database that day, and what that does to a migration."""
import results
import shop
from results import assert_nothing_found


def test_who_waits_for_an_open_transaction_makes_everybody_else_wait(run):
    """The queue effect: ALTER never gets its lock, yet reads hang behind it."""
    ended, result = run(shop.scenario(
        {"name": "add the column", "sql": "ALTER TABLE orders ADD COLUMN region text",
         "lock_timeout": "900ms"},
        adversaries=[{"name": "forgotten", "idle_in_transaction": {"table": "orders",
                                                                   "for": "3s"}}]))

    assert ended.code == 5
    step = result["steps"][0]
    assert (step["outcome"], step["attempts"][-1]["outcome"]) == ("failed", "55P03")
    episode = max(result["locks"]["episodes"], key=lambda each: each["victim_seconds"])
    assert episode["blocker"]["kind"] == "adversary"
    assert episode["blocker"]["state"] == "idle in transaction"
    assert episode["queued"]["step"] == "add the column"
    assert episode["queued_mode"] == "AccessExclusiveLock"
    # The step waits itself, and all others behind it.
    victims = {each["operation"] for each in episode["victims"]}
    assert "read_order" in victims
    assert victims <= {"read_order", "place_order", "add the column"}
    assert episode["longest_wait_ms"] >= 700
    assert "forgotten" in ended.out and "add the column" in ended.out
    assert [(each["name"], each["outcome"]) for each in result["adversaries"]] == [
        ("forgotten", "ok")]


def test_retries_get_the_lock_once_it_is_free(run):
    ended, result = run(shop.scenario(
        {"name": "add the column", "sql": "ALTER TABLE orders ADD COLUMN region text",
         "lock_timeout": "100ms", "retries": {"times": 50, "backoff": "50ms"}},
        adversaries=[{"idle_in_transaction": {"table": "orders", "for": "1s"}}],
        gates={"lock_wait.max": "2s"}))

    assert_nothing_found(ended, result)
    attempts = result["steps"][0]["attempts"]
    assert attempts[-1]["outcome"] == "ok"
    assert len(attempts) >= 2 and {each["outcome"] for each in attempts[:-1]} == {"55P03"}
    assert all(each["end_s"] - each["start_s"] >= 0.09 for each in attempts[:-1])
    assert all(one["end_s"] <= two["start_s"] for one, two in zip(attempts, attempts[1:]))


def test_reports_vacuums_and_other_migrations_are_there_and_gone(run, shop_database):
    shop_database.execute("CREATE TABLE aside (n int)")
    ended, result = run(shop.scenario(
        {"name": "busy", "pause": "1s"},
        adversaries=[
            {"name": "report", "long_report": {"sql": "SELECT count(*), pg_sleep(0.5)"
                                                      " FROM customers WHERE id = 1 GROUP BY id"}},
            {"name": "theirs", "second_migration": {"sql": "ALTER TABLE aside ADD COLUMN m int",
                                                    "from": "100ms", "lock_timeout": "1s"}},
            {"name": "sweep", "vacuum": {"table": "customers", "freeze": True, "from": "200ms"}}]))

    assert_nothing_found(ended, result)
    assert {each["name"]: each["outcome"] for each in result["adversaries"]} == {
        "report": "ok", "theirs": "ok", "sweep": "ok"}
    by_name = {each["name"]: each for each in result["adversaries"]}
    during = next(phase for phase in result["phases"] if phase["name"] == "during")
    assert by_name["report"]["end_s"] - by_name["report"]["start_s"] >= 0.5
    assert by_name["theirs"]["start_s"] >= during["start_s"] + 0.1
    assert shop_database.value("SELECT count(*) FROM pg_attribute"
                               " WHERE attrelid = 'aside'::regclass AND attname = 'm'") == 1


def test_an_adversary_that_cannot_do_its_work_leaves_no_pass(run):
    ended, result = run(shop.scenario(
        shop.NOTHING, adversaries=[{"name": "sweep", "vacuum": {"table": "no_such_table"}}]))

    assert ended.code == 3
    assert any("sweep" in reason and "no_such_table" in reason for reason in result["reasons"])
    assert results.counted(result, "read_order", "after") > 0
