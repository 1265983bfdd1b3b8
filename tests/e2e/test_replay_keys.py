"""Keys that the database draws: a replay draws others, and the calls that use them get those."""
import signal
import threading
import uuid

import psycopg
import pytest

from test_replay import counting, recorded, replay, replaying, target  # noqa: F401 (fixtures)

SHOP = """
CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, what text NOT NULL,
                     status text NOT NULL DEFAULT 'new');
CREATE TABLE "Order Lines" (order_id bigint NOT NULL REFERENCES orders, line int, sku text,
                            PRIMARY KEY (order_id, line));
CREATE TABLE tokens (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), owner text NOT NULL);
CREATE TABLE visits (token uuid NOT NULL REFERENCES tokens, page int NOT NULL);
INSERT INTO orders (what) SELECT 'old' FROM generate_series(1, 100);
INSERT INTO tokens (owner) VALUES ('old');
"""
# Somebody has used the copy meanwhile.
SHIFTED = SHOP + """
INSERT INTO orders (what) SELECT 'meanwhile' FROM generate_series(1, 5000);
DELETE FROM orders WHERE what = 'meanwhile';
"""
ORDERS = """
SELECT o.what, o.status, (SELECT array_agg(l.sku ORDER BY l.line) FROM "Order Lines" l
                          WHERE l.order_id = o.id)
FROM orders o WHERE o.what <> 'old' ORDER BY o.what"""
VISITS = """
SELECT t.owner, array_agg(v.page ORDER BY v.page) FROM tokens t JOIN visits v ON v.token = t.id
GROUP BY t.id, t.owner ORDER BY t.owner"""


def clients(uri, work, sessions, simple=False):
    def client(number):
        with psycopg.connect(uri, autocommit=True) as connection:
            work(psycopg.ClientCursor(connection) if simple else connection.cursor(), number)
    threads = [threading.Thread(target=client, args=[number]) for number in range(sessions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def place_orders(cursor, number, times=25):
    for n in range(times):
        with cursor.connection.transaction():
            cursor.execute("SELECT status FROM orders WHERE id = %s", [1 + (number * 31 + n) % 100])
            cursor.execute("INSERT INTO orders (what) VALUES (%s) RETURNING id", [f"{number}.{n}'"])
            (order,) = cursor.fetchone()
            for line in range(2):
                cursor.execute('INSERT INTO "Order Lines" VALUES (%s, %s, %s)',
                               [order, line, f"sku {number}.{n}.{line}"])
            cursor.execute("UPDATE orders SET status = 'paid' WHERE id = %s", [order])
        if n % 3 == 0:
            cursor.execute("UPDATE orders SET status = 'sent' WHERE id = ANY(%s)", [[1, order]])
        if n % 5 == 0:
            with cursor.connection.transaction():
                cursor.execute('INSERT INTO orders (what) VALUES (%s), (%s) RETURNING id AS "Key"',
                               [f"{number}.{n} a", f"{number}.{n} b"])
                both = [row[0] for row in cursor.fetchall()]
                for each in reversed(both):
                    cursor.execute('INSERT INTO "Order Lines" VALUES (%s, 1, %s)',
                                   [each, f"one of two {each == both[0]}"])
        cursor.execute("INSERT INTO tokens (owner) VALUES (%s) RETURNING *", [f"{number}.{n}"])
        (token, _) = cursor.fetchone()
        for page in range(2):
            cursor.execute("INSERT INTO visits VALUES (%s, %s)", [token, page])


def outcomes(result):
    phases = result["replay"]["outcomes"].values()
    return {key: sum(phase[key] for phase in phases) for key in ("as_recorded", "new", "gone")}


def asked(database, sql):
    with database.connect() as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.parametrize("simple", [False, True], ids=["parameters", "literals"])
@pytest.mark.parametrize("speed", [0, 20])
def test_calls_get_the_keys_that_are_drawn_now(recorded, replay, target, simple, speed):  # noqa: F811
    recorded.prepare(SHOP)
    target.execute(SHIFTED)
    clients(recorded.uri, place_orders, 4, simple)
    log = recorded.log()

    _, result = replay(replaying(log, replay={"speed": speed}))

    assert outcomes(result)["new"] == 0
    assert asked(target, ORDERS) == asked(recorded, ORDERS)
    assert asked(target, VISITS) == asked(recorded, VISITS)
    keys = result["replay"]["keys"]
    each = 4 * 25
    assert keys["drawn"] == each + 4 * 5 * 2 + each
    assert keys["learned"] == keys["drawn_again"] == keys["moved"] == keys["drawn"]
    # A record may be written after that of a session which drew later: then the place tells it.
    assert keys["guessed"] <= each // 10
    assert keys["unmapped_calls"] == keys["missing_calls"] == 0
    assert keys["replaced_calls"] == keys["mapped_calls"] == each * 3 + 4 * 9 + 4 * 5 * 2 + each * 2
    assert keys["unknown"] == []


def test_without_that_they_meet_nothing(recorded, replay, target):  # noqa: F811
    recorded.prepare(SHOP)
    target.execute(SHIFTED)
    clients(recorded.uri, lambda cursor, number: place_orders(cursor, number, 5), 2)
    log = recorded.log()

    _, result = replay(replaying(log, replay={"speed": 0, "keys": "recorded"}))

    assert outcomes(result)["new"] > 2 * 5 * 3
    assert result["replay"]["keys"] is None
    assert asked(target, ORDERS) != asked(recorded, ORDERS)


def test_a_pool_s_keys_are_known_by_their_places_or_counted(recorded, replay, target):  # noqa: F811
    """Connections are anybody's: a key is used by another session than drew it. Between two that
    transactions tell, those of a sequence are known by their places; a UUID is not."""
    recorded.prepare(SHOP)
    target.execute(SHIFTED)
    with recorded.connect() as one, recorded.connect() as other:
        for n in range(20):
            with one.transaction():
                (order,) = one.execute("INSERT INTO orders (what) VALUES (%s) RETURNING id",
                                       [f"anchor {n:02}"]).fetchone()
                one.execute("UPDATE orders SET status = 'own' WHERE id = %s", [order])
            (order,) = other.execute("INSERT INTO orders (what) VALUES (%s) RETURNING id",
                                     [f"between {n:02}"]).fetchone()
            one.execute("UPDATE orders SET status = 'seen' WHERE id = %s", [order])
            (token,) = other.execute("INSERT INTO tokens (owner) VALUES (%s) RETURNING id",
                                     [f"{n:02}"]).fetchone()
            one.execute("UPDATE tokens SET owner = owner || '!' WHERE id = %s", [token])
    log = recorded.log()

    # In the recorded order, so that nobody uses a key before it is drawn.
    ended, result = replay(replaying(log, replay={"speed": 5, "order": "recorded"}))

    keys = result["replay"]["keys"]
    assert (keys["drawn"], keys["learned"], keys["guessed"]) == (60, 39, 19)
    assert keys["unmapped_calls"] == keys["astray_calls"] == 1 + 20
    then, now = asked(recorded, ORDERS), asked(target, ORDERS)
    assert now[:-1] == then[:-1]
    assert (then[-1][1], now[-1][1]) == ("seen", "new")
    assert ended.code == 3, ended.err
    assert any("the log does not show whose they are" in reason for reason in result["reasons"])


def test_keys_that_come_out_as_recorded_need_nobody_to_follow_them(recorded, replay, target):  # noqa: F811
    recorded.prepare(SHOP)
    target.execute(SHOP)
    with recorded.connect() as one, recorded.connect() as other:
        for n in range(30):
            (order,) = one.execute("INSERT INTO orders (what) VALUES (%s) RETURNING id",
                                   [f"{n:02}"]).fetchone()
            other.execute("UPDATE orders SET status = 'seen' WHERE id = %s", [order])
    log = recorded.log()

    _, result = replay(replaying(log, replay={"speed": 5, "order": "recorded"}))

    keys = result["replay"]["keys"]
    assert (keys["drawn"], keys["learned"]) == (30, 0)
    assert keys["unmapped_calls"] == 30 and keys["astray_calls"] == 0
    assert not any("the log does not show" in reason for reason in result["reasons"])
    assert asked(target, ORDERS) == asked(recorded, ORDERS)


def test_a_key_that_is_not_drawn_stays_as_it_was(recorded, replay, target):  # noqa: F811
    """The INSERT fails this time: what uses its key goes where it went then, and is counted."""
    recorded.prepare(SHOP)
    target.execute(SHIFTED + "ALTER TABLE orders ADD CHECK (what <> 'refused');")
    with recorded.connect() as connection:
        for what in ("taken", "refused"):
            (order,) = connection.execute("INSERT INTO orders (what) VALUES (%s) RETURNING id",
                                          [what]).fetchone()
            for status in "abc":
                connection.execute("UPDATE orders SET status = %s WHERE id = %s", [status, order])
    log = recorded.log()

    _, result = replay(replaying(log, replay={"speed": 0}))

    keys = result["replay"]["keys"]
    assert (keys["learned"], keys["drawn_again"]) == (2, 1)
    assert (keys["replaced_calls"], keys["missing_calls"]) == (3, 3)
    assert asked(target, ORDERS) == [("taken", "c", None)]


LOOPED = SHOP + """
CREATE TABLE customers (email text PRIMARY KEY, number int UNIQUE NOT NULL, visits int DEFAULT 0);
INSERT INTO customers VALUES ('old@example.org', 1);
CREATE TABLE "Carts" (id uuid PRIMARY KEY, customer text NOT NULL REFERENCES customers);
"""


def open_cart(cursor, number):
    for n in range(3):
        email = f"{number}.{n}@example.org"
        cursor.execute("INSERT INTO customers VALUES (%s, %s)", [email, 10 + number * 10 + n])
        cart = uuid.uuid4()
        cursor.execute('INSERT INTO "Carts" VALUES (%s, %s)', [cart, email])
        cursor.execute('SELECT customer FROM "Carts" WHERE id = %s', [cart])
        cursor.execute("UPDATE customers SET visits = visits + 1 WHERE number = %s",
                       [10 + number * 10 + n])
        cursor.execute("UPDATE customers SET visits = visits + 1 WHERE email IN (%s, %s)",
                       [email, "old@example.org"])
        with cursor.connection.transaction():
            cursor.execute("INSERT INTO orders (what) VALUES (%s) RETURNING id", [email])
            (order,) = cursor.fetchone()
            cursor.execute('INSERT INTO "Order Lines" VALUES (%s, 1, %s)', [order, email])


@pytest.mark.parametrize("simple", [False, True], ids=["parameters", "literals"])
def test_a_short_recording_starts_over_with_other_keys(recorded, replay, target, simple):  # noqa: F811
    recorded.prepare(LOOPED)
    target.execute(LOOPED)
    clients(recorded.uri, open_cart, 2, simple)
    log = recorded.log()

    _, result = replay(replaying(log, replay={"speed": 1, "loop": True},
                                 phases={"warmup": "500ms", "before": "2s", "after": "2s"}))

    told = result["replay"]
    assert told["loops"] is True and told["keys"]["laps"] > 5
    assert told["keys"]["given"] == 2 * 3 * 3
    assert outcomes(result)["new"] == 0, result["reasons"]
    assert not any("was over" in reason for reason in result["reasons"])
    # Whole laps but for those that the end cut off.
    whole = told["keys"]["laps"] - 3
    (customers,) = asked(target, "SELECT count(*) FROM customers")[0]
    assert whole * 6 < customers <= (whole + 3) * 6 + 1
    assert asked(target, """SELECT count(*) FROM orders o LEFT JOIN "Order Lines" l
        ON l.order_id = o.id AND l.sku = o.what WHERE o.what <> 'old' AND l.sku IS NULL""")[0][0] <= 2
    visits = asked(target, "SELECT visits FROM customers WHERE number > 1 ORDER BY number")
    assert [row[0] for row in visits[:whole * 6]] == [2] * (whole * 6)


def test_as_fast_as_possible_it_goes_on_until_the_load_ends(recorded, replay, target):  # noqa: F811
    recorded.prepare(LOOPED)
    target.execute(LOOPED)
    clients(recorded.uri, open_cart, 2)
    log = recorded.log()

    _, result = replay(replaying(log, replay={"speed": 0, "loop": True}))

    assert outcomes(result)["new"] == 0, result["reasons"]
    assert result["replay"]["keys"]["laps"] > 5
    assert not any("was over" in reason for reason in result["reasons"])


def test_order_and_loop_exclude_each_other(rehearse, scenario, recorded):  # noqa: F811
    log = recorded.log()
    ended = rehearse("validate", scenario(replaying(log, replay={"order": "recorded",
                                                                 "loop": True})))
    assert ended.code == 2
    assert "leave `loop` out" in ended.err


def test_it_can_be_cut_off_at_once(recorded, rehearse, scenario, target, until):  # noqa: F811
    recorded.prepare(LOOPED)
    target.execute(LOOPED)
    clients(recorded.uri, open_cart, 2)
    path = scenario(replaying(recorded.log(), replay={"speed": 0, "loop": True},
                              phases={"warmup": "1s", "before": "60s", "after": "1s"}))
    child = rehearse.start("run", path, "--db", target.uri, "--out", "out", "--quiet")
    until(lambda: target.value("SELECT count(*) FROM customers") > 20, child)

    child.send_signal(signal.SIGINT)
    child.send_signal(signal.SIGINT)

    assert rehearse.finish(child, timeout=30).code == 130


def test_keys_that_no_result_tells_are_counted(recorded, replay, target):  # noqa: F811
    """A UUID that an upsert draws: the application reads it elsewhere, and the log does not say where
    it is from."""
    recorded.prepare(SHOP)
    target.execute(SHOP)
    with recorded.connect() as connection:
        for n in range(10):
            connection.execute("INSERT INTO tokens (owner) VALUES (%s) ON CONFLICT DO NOTHING", [f"{n}"])
            (token,) = connection.execute("SELECT id FROM tokens WHERE owner = %s", [f"{n}"]).fetchone()
            connection.execute("UPDATE tokens SET owner = owner || '!' WHERE id = %s", [token])
    log = recorded.log()

    ended, result = replay(replaying(log, replay={"speed": 5}))

    keys = result["replay"]["keys"]
    assert (keys["drawn"], keys["unmapped_calls"], keys["astray_calls"]) == (0, 10, 10)
    assert ended.code == 3, ended.err
    assert any("the log does not show whose they are" in reason for reason in result["reasons"])


def test_a_sequence_that_was_never_used_begins_where_it_began(recorded, replay, target):  # noqa: F811
    empty = "CREATE TABLE notes (id serial PRIMARY KEY, what text)"
    recorded.prepare(empty)
    target.execute(empty)
    with recorded.connect() as one, recorded.connect() as other:
        for n in range(20):
            (note,) = one.execute("INSERT INTO notes (what) VALUES ('') RETURNING id").fetchone()
            other.execute("UPDATE notes SET what = %s WHERE id = %s", [f"{n}", note])
    log = recorded.log()

    _, result = replay(replaying(log, replay={"speed": 5, "order": "recorded"}))

    keys = result["replay"]["keys"]
    assert (keys["unmapped_calls"], keys["astray_calls"]) == (20, 0)
    assert asked(target, "SELECT * FROM notes ORDER BY id") == \
        asked(recorded, "SELECT * FROM notes ORDER BY id")
