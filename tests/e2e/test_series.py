"""What a run tells second by second and wait by wait, for whoever draws it."""
import results
import shop
from results import assert_nothing_found
from test_rollback import ADD_REGION, DROP_REGION, there_and_back


def assert_growing(samples, key):
    values = [sample[key] for sample in samples]
    assert None not in values and values == sorted(values), (key, values)
    assert values[0] == 0, (key, values)
    return values[-1]


def assert_waits_fit_their_episodes(locks):
    assert locks["waits"] == sorted(locks["waits"], key=lambda wait: wait["start_s"])
    for wait in locks["waits"]:
        episode = locks["episodes"][wait["episode"]]
        assert episode["start_s"] <= wait["start_s"] <= wait["end_s"] <= episode["end_s"], wait


def test_the_blocking_tree_of_an_instant_follows_from_the_waits(run):
    ended, result = run(shop.scenario(
        {"name": "add the column", "sql": "ALTER TABLE orders ADD COLUMN region text",
         "lock_timeout": "5s"},
        adversaries=[{"name": "forgotten",
                      "idle_in_transaction": {"table": "orders", "for": "1500ms"}}],
        gates={"lock_wait.max": "10s"}))

    assert_nothing_found(ended, result)
    locks = result["locks"]
    assert locks["waits_dropped"] == 0
    assert_waits_fit_their_episodes(locks)
    step = result["steps"][0]
    (alter,) = [wait for wait in locks["waits"] if wait["kind"] == "step"]
    assert (alter["name"], alter["relation"], alter["mode"]) == \
        ("add the column", "orders", "AccessExclusiveLock")
    root = locks["episodes"][alter["episode"]]["blocker"]
    assert (root["kind"], root["step"]) == ("adversary", "forgotten")
    assert alter["behind"] == root["pid"]
    assert alter["end_s"] - alter["start_s"] >= 1
    (asked,) = [lock for lock in step["locks"] if lock["mode"] == "AccessExclusiveLock"
                and lock["relation"] == "orders"]
    assert step["start_s"] <= asked["start_s"] <= alter["start_s"] + 0.05

    # A moment before the lock was free all eight connections stood behind the ALTER.
    instant = alter["end_s"] - 0.1
    tree = {wait["pid"]: wait for wait in locks["waits"]
            if wait["start_s"] <= instant < wait["end_s"]}
    victims = {pid: wait for pid, wait in tree.items() if pid != alter["pid"]}
    assert len(victims) == 8, tree
    for wait in victims.values():
        assert wait["behind"] == alter["pid"] and wait["episode"] == alter["episode"], wait
        assert wait["kind"] == "operation" and wait["name"] in ("read_order", "place_order"), wait
        assert wait["relation"] == "orders", wait
        assert wait["mode"] in ("AccessShareLock", "RowExclusiveLock"), wait
    most = max(second["blocked"] for second in result["seconds"])
    assert most == 8


def test_the_server_is_counted_second_by_second_on_the_way_there_and_back(run):
    ended, result = run(there_and_back(ADD_REGION, DROP_REGION, live="off",
                                       expect={"orders.region": {"added": "'eu'"}}))

    assert_nothing_found(ended, result)
    there, back = result["server"], result["rollback"]["server"]
    for part in (there, back):
        times = [sample["at_s"] for sample in part["samples"]]
        assert len(times) >= 3 and times == sorted(times)
        assert max(two - one for one, two in zip(times, times[1:])) < 5
        assert assert_growing(part["samples"], "log_bytes") > 10_000
        assert assert_growing(part["samples"], "cache_hits") > 1_000
        assert_growing(part["samples"], "cache_misses")
        assert_growing(part["samples"], "checkpoints")
        updates = assert_growing(part["samples"], "updates")
        assert 0 < assert_growing(part["samples"], "hot_updates") <= updates
        assert {sample["replica_lag_s"] for sample in part["samples"]} == {None}
        assert [table["name"] for table in part["tables"]] == ["customers", "orders"]
        assert all(table["bytes_before"] > 0 and table["index_bytes_after"] > 0
                   for table in part["tables"])
    assert there["samples"][-1]["at_s"] < back["samples"][0]["at_s"]

    # The backfill has written every row once more.
    customers, orders = there["tables"]
    assert orders["bytes_after"] > orders["bytes_before"] * 1.2
    assert orders["updates"] >= shop.ROWS
    assert customers["updates"] == 0
    assert there["samples"][-1]["updates"] == orders["updates"]
    # What the load updates it has just inserted, in the same page: all of it can be HOT.
    _, orders = back["tables"]
    done = sum(second["done"] for second in result["rollback"]["seconds"])
    assert 0 < orders["updates"] <= done
    assert orders["hot_updates"] >= orders["updates"] / 2


def test_a_backfill_tells_how_far_it_was_and_what_held_it_back(run):
    ended, result = run(shop.scenario(
        {"name": "fill", "backfill": {"table": "orders", "set": "total = total + 0",
                                      "batch": 2000, "throttle": {"pause": "100ms"}}},
        gates={"errors": 0}))

    assert_nothing_found(ended, result)
    fill = results.step(result, "fill")
    points = fill["progress"]
    assert len(points) >= 5
    assert fill["start_s"] <= points[0]["at_s"] and points[-1]["at_s"] <= fill["end_s"]
    rows = [point["rows"] for point in points]
    assert rows == sorted(rows) and rows[-1] == fill["rows"] and 0 < rows[0] < rows[-1]
    assert {point["throttled_by"] for point in points} <= {"pause", None}
    assert abs(sum(point["throttled_s"] for point in points) - fill["throttled_s"]) < 1e-3


def test_what_the_role_may_not_see_is_said_once_and_decides_nothing(
        rehearse, scenario, cluster, shop_database):
    view = "pg_stat_bgwriter" if cluster.major < 17 else "pg_stat_checkpointer"
    cluster.psql("DROP ROLE IF EXISTS half_blind; CREATE ROLE half_blind LOGIN")
    shop_database.execute(
        "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO half_blind;"
        "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO half_blind;"
        f"REVOKE SELECT ON {view} FROM PUBLIC")

    ended = rehearse("run", scenario(shop.scenario(shop.NOTHING)), "--out", "out",
                     "--db", cluster.uri(shop_database.name, user="half_blind"))

    result = results.read(rehearse.folder / "out")
    assert_nothing_found(ended, result)
    assert [warning for warning in result["warnings"] if "the server does not tell" in warning] == \
        [f"the server does not tell of its checkpoints: permission denied for view {view}"]
    samples = result["server"]["samples"]
    assert {sample["checkpoints"] for sample in samples} == {None}
    assert samples[-1]["cache_hits"] > 0 and samples[-1]["updates"] > 0
    shop_database.execute("DROP OWNED BY half_blind")
