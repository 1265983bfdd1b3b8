"""The real binary against a real server; nothing is faked.

One server for the whole session, one fresh database for each test.
"""
import dataclasses
import itertools
import json
import os
import pathlib
import signal
import subprocess
import time

import psycopg
import pytest

import shop
from cluster import Cluster


def pytest_addoption(parser):
    parser.addoption("--rehearse", required=True, help="the built program")


@pytest.fixture(scope="session")
def program(request):
    path = pathlib.Path(request.config.getoption("--rehearse")).resolve()
    assert os.access(path, os.X_OK), f"{path} is no program: build it first"
    return path


@pytest.fixture(scope="session")
def cluster():
    settings = {"max_connections": "200", "synchronous_commit": "off"}
    with Cluster(settings) as made:
        yield made


class Database:
    """A fresh database, and what a test asks of it."""

    def __init__(self, cluster, name):
        self.name = name
        self.uri = cluster.uri(name)

    def connect(self):
        return psycopg.connect(self.uri, autocommit=True)

    def execute(self, sql):
        with self.connect() as connection:
            connection.execute(sql)

    def value(self, sql):
        with self.connect() as connection:
            return connection.execute(sql).fetchone()[0]

    def values(self, sql):
        with self.connect() as connection:
            return [row[0] for row in connection.execute(sql).fetchall()]


_numbers = itertools.count(1)


@pytest.fixture
def database(cluster):
    name = f"e2e_{next(_numbers)}"
    cluster.psql(f"CREATE DATABASE {name}")
    yield Database(cluster, name)
    cluster.psql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@dataclasses.dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


class Rehearse:
    """Starts the program in a folder of its own, with no PG* variable of the caller's."""

    def __init__(self, program, folder):
        self._program = program
        self.folder = folder
        self._children = []

    def environment(self, extra=None):
        clean = {key: value for key, value in os.environ.items()
                 if not key.startswith("PG") and key != "NO_COLOR"}
        return clean | (extra or {})

    def start(self, *arguments, environment=None):
        """Runs until it is waited for; killed at the test's end when it still runs."""
        child = subprocess.Popen(
            [self._program, *map(str, arguments)], cwd=self.folder, text=True,
            env=self.environment(environment), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self._children.append(child)
        return child

    def finish(self, child, timeout=120):
        out, err = child.communicate(timeout=timeout)
        return Ended(child.returncode, out, err)

    def __call__(self, *arguments, environment=None, timeout=120):
        return self.finish(self.start(*arguments, environment=environment), timeout)

    def end_all(self):
        for child in self._children:
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
                try:
                    child.communicate(timeout=30)
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.communicate()


@pytest.fixture
def rehearse(program, tmp_path):
    runner = Rehearse(program, tmp_path)
    yield runner
    runner.end_all()


@pytest.fixture
def scenario(tmp_path):
    """Writes a scenario (a mapping, or YAML text) and returns its path."""
    def write(content, name="scenario.yaml"):
        path = tmp_path / name
        # JSON is YAML.
        path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1),
                        encoding="utf-8")
        return path
    return write


@pytest.fixture
def unmarked_shop(database):
    database.execute(shop.SCHEMA)
    return database


@pytest.fixture
def shop_database(unmarked_shop, rehearse):
    """The shop, marked as staging."""
    marked = rehearse("guard", "mark", "--db", unmarked_shop.uri)
    assert marked.code == 0, marked.err
    return unmarked_shop


@pytest.fixture
def until():
    """Asks again until it is so; fails when `child` ends first or a minute has passed."""
    def wait(condition, child=None):
        end = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < end, "it never became true"
            if child is not None and child.poll() is not None:
                pytest.fail(f"it ended with {child.returncode}: {child.communicate()[1]}")
            time.sleep(0.02)  # between two questions, not instead of one
    return wait
