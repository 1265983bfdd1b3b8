"""A real standby: how far it falls behind, and what is refused on it."""
import os
import subprocess

import pytest

import results
import shop
from cluster import Cluster


class Standby(Cluster):
    """A copy that follows its primary, made by pg_basebackup."""

    def __init__(self, primary, settings):
        self._primary = primary
        super().__init__(settings)

    def _initialise(self, settings):
        if self._user is not None:
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
        os.chmod(self.folder, 0o755)
        subprocess.run([self.program("pg_basebackup"), "-R", "-X", "stream", "-c", "fast", "-D",
                        self.data], env=self._primary.environment(), check=True, cwd="/",
                       capture_output=True, **self._as_user())
        lines = {"unix_socket_directories": self.folder, **settings}
        with open(os.path.join(self.data, "postgresql.conf"), "a", encoding="utf-8") as file:
            file.writelines(f"{key} = '{value}'\n" for key, value in lines.items())


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
    [gate] = [gate for gate in result["gates"] if gate["name"] == "replica_lag.max"]
    assert gate["verdict"] == "fail"
    assert "replicas" in (rehearse.folder / "out" / "events.ndjson").read_text()


def test_a_standby_is_no_target(rehearse, scenario, uris):
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
        assert copy.psql("SELECT pg_promote()") == "t"

        ended = rehearse("run", scenario(shop.scenario(shop.NOTHING)), "--out", "out",
                         "--db", copy.uri())

    assert ended.code == 6
    assert "promoted" in ended.err
