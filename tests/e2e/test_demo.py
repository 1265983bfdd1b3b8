"""`rehearse demo`: the same change twice on throwaway servers, and what it says of both."""
import signal

import results
from cluster import SERVER_UNDER_TEST


def start(throwaway):
    return throwaway.rehearse.start("demo", "--out", "demo", *SERVER_UNDER_TEST,
                                    environment=throwaway.environment)


def test_the_demo_shows_the_naive_way_fail_and_the_phased_one_pass(throwaway):
    ended = throwaway.rehearse.finish(start(throwaway), timeout=300)

    naive = results.read(throwaway.folder / "demo" / "naive")
    phased = results.read(throwaway.folder / "demo" / "phased")
    assert (naive["verdict"], naive["exit_code"]) == ("fail", 1), naive["reasons"]
    assert any("orders" in relation for relation in naive["steps"][0]["rewrote"])
    worst = max(naive["locks"]["episodes"], key=lambda each: each["victim_seconds"])
    assert (worst["blocker"]["step"], worst["mode"]) == ("add the column", "AccessExclusiveLock")
    assert {step["outcome"] for step in phased["steps"]} == {"ok"}, phased["steps"]
    assert phased["verdict"] != "fail", phased["reasons"]
    if phased["verdict"] == "inconclusive":
        assert all(map(results.is_noise, phased["reasons"])), phased["reasons"]
    # The demo is what it should be: naive fails, so that phased decides.
    assert ended.code == phased["exit_code"]
    # Both meet the same application.
    assert naive["run"]["seed"] == phased["run"]["seed"]

    lines = ended.out.splitlines()
    assert max(map(len, lines)) <= 100
    table = lines[max(i for i, line in enumerate(lines) if line.split() == ["naive", "phased"]):]
    for row, said in (("verdict", "FAIL"), ("statement", "ALTER TABLE orders ADD COLUMN"),
                      ("lock", "AccessExclusiveLock on orders"), ("longest lock wait", " s"),
                      ("sessions behind it", ""), ("response p99", "->"),
                      ("throughput, lowest", "/s -> "), ("recovery", "")):
        assert any(line.strip().startswith(row) and said in line for line in table), (row, table)
    for name in ("naive", "phased"):
        file = throwaway.folder / "demo" / "scenarios" / f"{name}.yaml"
        assert throwaway.rehearse("validate", file).code == 0
    assert throwaway.left() == []


def test_ctrl_c_ends_the_demo_in_its_setup(throwaway, until):
    child = start(throwaway)
    until(lambda: throwaway.asked("SELECT count(*) FROM pg_stat_activity WHERE state = 'active'"
                                  " AND query LIKE '%INSERT INTO orders%'"
                                  " AND pid <> pg_backend_pid()") == 1, child)
    child.send_signal(signal.SIGINT)

    ended = throwaway.rehearse.finish(child, timeout=30)

    assert ended.code == 130, ended.err
    assert results.read(throwaway.folder / "demo" / "naive")["interrupted"] is True
    assert not (throwaway.folder / "demo" / "phased").exists()
    assert throwaway.left() == []
