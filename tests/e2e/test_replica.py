"""A real standby: how far it falls behind, and what is refused on it."""
import os
import pathlib
import subprocess

import psycopg
import pytest

import results
import shop
from cluster import Cluster


class Standby(Cluster):
    """A copy that follows its primary, made by hand: a server's package may lack pg_basebackup."""

    def __init__(self, primary, settings):
        self._primary = primary
        super().__init__(settings)

    def _initialise(self, settings):
        self._copy()
        follow = f"primary_conninfo = 'host={self._primary.folder} port=5432 user=postgres'\n"
        settings = dict(settings)
        delay = settings.pop("recovery_min_apply_delay", "0")
        recovery = f"{follow}recovery_min_apply_delay = '{delay}'\n"
        data = pathlib.Path(self.data)
        with open(data / "postgresql.conf", "a", encoding="utf-8") as file:
            lines = {"unix_socket_directories": self.folder, **settings}
            file.writelines(f"{key} = '{value}'\n" for key, value in lines.items())
            file.write(recovery if self.major >= 12 else "")
        if self.major >= 12:
            (data / "standby.signal").touch()
        else:
            (data / "recovery.conf").write_text("standby_mode = on\n" + recovery)
        os.chmod(self.folder, 0o755)
        if self._user is not None:
            for path in (self.folder, *pathlib.Path(self.folder).rglob("*")):
                os.chown(path, self._user.pw_uid, self._user.pw_gid, follow_symlinks=False)

    def _copy(self):
        start, stop = (("pg_backup_start('e2e', true)", "pg_backup_stop(false)")
                       if self.major >= 15 else
                       ("pg_start_backup('e2e', true, false)", "pg_stop_backup(false, false)"))
        with psycopg.connect(self._primary.uri(), autocommit=True) as backup:
            backup.execute(f"SELECT {start}")
            # Files that come and go: what is gone by the time it is copied is replayed.
            subprocess.run(["cp", "-a", self._primary.data, self.data], check=False,
                           capture_output=True)
            [label] = backup.execute(f"SELECT labelfile FROM {stop}").fetchone()
        data = pathlib.Path(self.data)
        for name in ("postmaster.pid", "postmaster.opts"):
            (data / name).unlink()
        (data / "backup_label").write_text(label)


@pytest.fixture(scope="module")
def primary():
    with Cluster() as made:
        made.psql(shop.SCHEMA)
        yield made


@pytest.fixture(scope="module")
def standby(primary):
    # Late on purpose: what is measured must be what is.
    with Standby(primary, {"recovery_min_apply_delay": "700ms", "hot_standby": "on"}) as made:
        yield made


@pytest.fixture
def uris(primary, standby, rehearse):
    marked = rehearse("guard", "mark", "--db", primary.uri())
    assert marked.code == 0, marked.err
    return {"TARGET": primary.uri(), "REPLICA": standby.uri()}


def test_the_lag_of_a_replica_is_measured_and_judged(rehearse, scenario, uris):
    target = {"dsn_env": "TARGET", "replicas_env": ["REPLICA"]}
    content = shop.scenario(
        {"name": "add", "sql": "ALTER TABLE orders ADD COLUMN region text"},
        {"name": "fill", "backfill": {"table": "orders", "set": "region = 'eu'", "batch": 5000}},
        target=target, phases=shop.SHORT | {"after": "2s"},
        gates={"replica_lag.max": "100ms", "errors": 0})

    ended = rehearse("run", scenario(content), "--out", "out", environment=uris)

    result = results.read(rehearse.folder / "out")
    assert ended.code == 1, result["reasons"]
    assert 0.5 <= result["replication"]["max_lag_s"] <= 30
    assert result["replication"]["max_lag_bytes"] > 0
    lags = [sample["replica_lag_s"] for sample in result["server"]["samples"]]
    assert 0.5 <= max(lag for lag in lags if lag is not None) <= 30, lags
    [gate] = [gate for gate in result["gates"] if gate["name"] == "replica_lag.max"]
    assert gate["verdict"] == "fail"
    assert "replicas" in (rehearse.folder / "out" / "events.ndjson").read_text()


def test_a_backfill_waits_for_a_replica_that_is_behind(rehearse, scenario, uris):
    content = shop.scenario(
        {"name": "fill", "backfill": {
            "table": "orders", "set": "total = total + 0", "batch": 1000,
            "throttle": {"replica_lag": "300ms", "pause": "50ms"}}},
        # Nobody else writes: the lag is the backfill's own, and gone after its 700 ms.
        workload={"operations": [shop.READ]},
        target={"dsn_env": "TARGET", "replicas_env": ["REPLICA"]})

    ended = rehearse("run", scenario(content), "--out", "out", environment=uris)

    result = results.read(rehearse.folder / "out")
    results.assert_nothing_found(ended, result)
    fill = results.step(result, "fill")
    assert fill["rows"] >= shop.ROWS
    # Twenty batches take longer than the limit: what the first ones left had to be replayed.
    held_back = dict(reason.removesuffix(" s").rsplit(" ", 1)
                     for reason in fill["throttle_reasons"].split(", "))
    assert float(held_back["replica lag"]) >= 0.2, fill
    assert "replica lag" in {point["throttled_by"] for point in fill["progress"]}, fill


def test_a_standby_is_no_target(rehearse, scenario, uris, standby, until):
    # It replays the mark late, too.
    until(lambda: standby.psql("SELECT to_regclass('rehearse.guard') IS NOT NULL") == "t")
    ended = rehearse("run", scenario(shop.scenario(shop.NOTHING)), "--out", "out",
                     "--db", uris["REPLICA"])
    marked = rehearse("guard", "mark", "--db", uris["REPLICA"])
    examined = rehearse("doctor", "--db", uris["REPLICA"])

    assert (ended.code, marked.code, examined.code) == (6, 6, 6)
    assert "standby" in ended.err and "standby" in marked.err
    assert "standby" in examined.out


def test_a_primary_that_is_named_as_a_replica_is_refused(rehearse, scenario, uris):
    content = shop.scenario(shop.NOTHING,
                            target={"dsn_env": "TARGET", "replicas_env": ["REPLICA"]})

    ended = rehearse("run", scenario(content), "--out", "out",
                     environment=uris | {"REPLICA": uris["TARGET"]})

    assert ended.code == 6
    assert "replica" in ended.err and "pg_is_in_recovery" in ended.err
    assert not (rehearse.folder / "out").exists()


def test_a_copy_that_was_promoted_is_refused(rehearse, scenario, primary, uris):
    """The marker came along, system identifier and name: the timeline tells it from staging."""
    with Standby(primary, {}) as copy:
        subprocess.run([copy.program("pg_ctl"), "promote", "-w", "-D", copy.data], check=True,
                       capture_output=True, cwd="/", **copy._as_user())

        ended = rehearse("run", scenario(shop.scenario(shop.NOTHING)), "--out", "out",
                         "--db", copy.uri())

    assert ended.code == 6
    assert "promoted" in ended.err
