"""Nothing but a marked database is ever put under load."""
import signal

import shop
from cluster import Cluster
from probe import OURS
from shop import NOTHING
from test_interruption import phases_so_far


def test_an_unmarked_database_is_refused_and_left_as_it_was(rehearse, scenario, unmarked_shop):
    ended = rehearse("run", scenario(shop.scenario(NOTHING)), "--db", unmarked_shop.uri,
                     "--out", "out")

    assert ended.code == 6
    assert "guard mark" in ended.err
    assert unmarked_shop.value("SELECT count(*) FROM pg_namespace WHERE nspname = 'rehearse'") == 0
    assert not (rehearse.folder / "out").exists()
    assert unmarked_shop.value("SELECT count(*) FROM orders") == shop.ROWS


def test_a_mark_that_is_taken_away_is_gone(rehearse, scenario, unmarked_shop):
    assert rehearse("guard", "mark", "--db", unmarked_shop.uri).code == 0
    assert rehearse("guard", "unmark", "--db", unmarked_shop.uri).code == 0

    ended = rehearse("run", scenario(shop.scenario(NOTHING)), "--db", unmarked_shop.uri,
                     "--out", "out")

    assert ended.code == 6


def test_a_copy_of_a_marked_database_is_refused(rehearse, scenario, cluster, shop_database):
    cluster.psql(f"CREATE DATABASE copied TEMPLATE {shop_database.name}")
    try:
        ended = rehearse("run", scenario(shop.scenario(NOTHING)), "--out", "out",
                         "--db", cluster.uri("copied"))
    finally:
        cluster.drop_database("copied")

    assert ended.code == 6
    assert "copied" in ended.err


def test_a_marker_of_another_server_is_refused(rehearse, scenario, shop_database):
    # What a dump of staging carries to production: the right name, another system identifier.
    columns = shop_database.values(
        "SELECT column_name::text FROM information_schema.columns"
        " WHERE table_schema = 'rehearse' AND table_name = 'guard'")
    identifier = next(name for name in columns if "system" in name)
    shop_database.execute(f"UPDATE rehearse.guard SET {identifier} = '1'")

    ended = rehearse("run", scenario(shop.scenario(NOTHING)), "--db", shop_database.uri,
                     "--out", "out")

    assert ended.code == 6


def test_two_rehearsals_at_once_are_one_too_many(rehearse, scenario, shop_database, until):
    slow = scenario(shop.scenario({"name": "wait", "pause": "60s"}), "slow.yaml")
    first = rehearse.start("run", slow, "--db", shop_database.uri, "--out", "first")
    until(lambda: shop_database.value(OURS) > 8, first)

    second = rehearse("run", slow, "--db", shop_database.uri, "--out", "second")

    assert second.code == 6
    assert "another rehearsal" in second.err and "rehearse/run" in second.err
    assert first.poll() is None, "the first one was disturbed"
    assert not (rehearse.folder / "second").exists()
    first.send_signal(signal.SIGTERM)
    assert rehearse.finish(first, timeout=30).code == 143


def test_a_second_host_of_the_connection_string_is_never_touched(rehearse, scenario, until):
    """The first host goes away in the middle: the second, which nobody marked, is left alone."""
    logging = {"log_connections": "on", "log_line_prefix": "%q%a "}
    with Cluster() as first, Cluster(logging) as second:
        for server in (first, second):
            server.psql("CREATE DATABASE shop")
            server.psql(shop.SCHEMA, "shop")
        assert rehearse("guard", "mark", "--db", first.uri("shop")).code == 0
        both = (f"host={first.folder},{second.folder} port=5432,5432 user=postgres dbname=shop")
        child = rehearse.start(
            "run", scenario(shop.scenario(NOTHING, workload={"statement_timeout": "1s"},
                                          phases={"warmup": "200ms", "before": "3s",
                                                  "after": "1s"})),
            "--db", both, "--out", "out")
        until(lambda: "before" in phases_so_far(rehearse.folder / "out"), child)
        first.stop()

        ended = rehearse.finish(child)

        with open(f"{second.folder}/server.log", encoding="utf-8") as log:
            assert "application_name=rehearse" not in log.read()
    assert ended.code == 6, ended.err
