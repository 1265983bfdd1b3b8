"""The printed seed is all that a run's operations depend on."""
import pytest

import shop

DRAWN = """CREATE TABLE drawn (n bigint, kind text, v int, z int, g int, e int, c text, t text,
                              u uuid);"""
PARAMS = {"n": "sequence(0)", "v": "uniform(1, 1000000)", "z": "zipfian(1, 1000, 1.07)",
          "g": "gaussian(1, 1000, 2.5)", "e": "exponential(1, 1000, 2.5)", "c": "choice(a, b, c)",
          "t": "text(12)", "u": "uuid()"}
COLUMNS = "n, kind, v, z, g, e, c, t, u"


def insert(kind, weight):
    return {"name": kind, "weight": weight, "params": PARAMS,
            "sql": f"INSERT INTO drawn ({COLUMNS}) VALUES (:n, '{kind}', :v, :z, :g, :e, :c, :t,"
                   " :u)"}


@pytest.fixture
def drawn(run, shop_database):
    shop_database.execute(DRAWN)

    def rows(seed, threads, out):
        shop_database.execute("TRUNCATE drawn")
        _, result = run(shop.scenario(
            shop.NOTHING, workload={"rate": "200/s", "threads": threads,
                                    "operations": [insert("often", 3), insert("seldom", 1)]},
            phases={"warmup": "0ms", "before": "1s", "after": "500ms"}), "--seed", seed, out=out)
        assert result["run"]["seed"] == seed
        with shop_database.connect() as connection:
            made = connection.execute(f"SELECT {COLUMNS} FROM drawn").fetchall()
        by_number = {row[0]: row[1:] for row in made}
        assert len(by_number) == len(made), "an operation was sent twice"
        return by_number
    return rows


def test_the_same_seed_gives_the_same_operations_whatever_the_threads(drawn):
    one, again, two = drawn(7, 1, "a"), drawn(7, 1, "b"), drawn(7, 2, "c")
    other = drawn(8, 1, "d")

    for same in (again, two):
        # How many were due when the load ended is the clock's to say; all but the last are common.
        both = sorted(one.keys() & same.keys())
        assert len(both) >= 200
        assert both == list(range(len(both))), "an operation is missing in the midst"
        assert [one[n] for n in both] == [same[n] for n in both]
    both = one.keys() & other.keys()
    assert len(both) >= 200
    assert sum(one[n] == other[n] for n in both) == 0
    assert {row[0] for row in one.values()} == {"often", "seldom"}
