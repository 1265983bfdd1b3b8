"""Nothing but a marked database is ever put under load."""
import signal

import shop
from probe import OURS
from shop import NOTHING


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
        cluster.psql("DROP DATABASE copied WITH (FORCE)")

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
