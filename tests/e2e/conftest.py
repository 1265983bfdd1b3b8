"""The real binary against a real server; nothing is faked.

One server for the whole session, one fresh database for each test.
"""
import dataclasses
import itertools
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import psycopg
import pytest

import probe
import results
import shop
from cluster import SERVER_UNDER_TEST, Cluster


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


    def assert_no_session_of_ours(self):
        """A client does not wait for its server processes: they take a moment to go."""
        wait_until(lambda: self.value(probe.OURS) == 0, patience_s=20)


_numbers = itertools.count(1)


@pytest.fixture
def database(cluster):
    name = f"e2e_{next(_numbers)}"
    cluster.psql(f"CREATE DATABASE {name}")
    yield Database(cluster, name)
    cluster.drop_database(name)


@dataclasses.dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


class Rehearse:
    """Starts the program in a folder of its own, with no PG* variable of the caller's, and as if
    no CI system ran it."""

    def __init__(self, program, folder):
        self._program = program
        self.folder = folder
        self._children = []

    def environment(self, extra=None):
        clean = {key: value for key, value in os.environ.items()
                 if not key.startswith(("PG", "GITHUB_", "GITLAB_", "CI_")) and key != "NO_COLOR"}
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


def write_scenario(folder, content, name="scenario.yaml"):
    path = folder / name
    # JSON is YAML.
    path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1),
                    encoding="utf-8")
    return path


@pytest.fixture
def scenario(tmp_path):
    """Writes a scenario (a mapping, or YAML text) and returns its path."""
    def write(content, name="scenario.yaml"):
        return write_scenario(tmp_path, content, name)
    return write


class Throwaway:
    """Runs whose server is their own, in a TMPDIR of theirs."""

    def __init__(self, program, folder, temporary):
        self.rehearse = Rehearse(program, folder)
        self.folder = folder
        self.temporary = temporary

    @property
    def environment(self):
        return {"TMPDIR": str(self.temporary)}

    def write(self, content, setup=shop.SCHEMA):
        (self.folder / "schema.sql").write_text(setup, encoding="utf-8")
        return write_scenario(self.folder, shop.on_throwaway(content))

    def start(self, content, *arguments, setup=shop.SCHEMA, out="out"):
        return self.rehearse.start("run", self.write(content, setup), "--out", out, *SERVER_UNDER_TEST,
                                   *arguments, environment=self.environment)

    def run(self, content, *arguments, setup=shop.SCHEMA, out="out"):
        """How it ended and its result."""
        ended = self.rehearse.finish(self.start(content, *arguments, setup=setup, out=out))
        path = self.folder / out
        assert (path / "result.json").exists(), ended.err
        return ended, results.read(path)

    def servers(self):
        return sorted(self.temporary.glob("rehearse-pg-*"))

    def asked(self, sql):
        """One value of the server that runs now; None while there is none to ask."""
        servers = self.servers()
        if not servers:
            return None
        try:
            with psycopg.connect(f"postgresql:///rehearsal?host={servers[0]}&port=5432"
                                 "&user=postgres", autocommit=True) as connection:
                return connection.execute(sql).fetchone()[0]
        except psycopg.OperationalError:  # it is starting
            return None

    def left(self):
        """What is still there: folders, and processes that work in them."""
        return list(self.temporary.iterdir()) + probe.processes_in(self.temporary)


def make_throwaway(program, folder):
    # Not pytest's own folder: a socket's path may have 107 characters.
    temporary = pathlib.Path(tempfile.mkdtemp(prefix="rehearse-e2e-", dir="/tmp"))
    temporary.chmod(0o1777)  # the server runs as another user when we are root
    made = Throwaway(program, folder, temporary)
    yield made
    made.rehearse.end_all()
    shutil.rmtree(temporary, ignore_errors=True)


@pytest.fixture
def throwaway(program, tmp_path):
    yield from make_throwaway(program, tmp_path)


@pytest.fixture(scope="module")
def module_throwaway(program, tmp_path_factory):
    yield from make_throwaway(program, tmp_path_factory.mktemp("throwaway"))


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
def run(rehearse, scenario, shop_database):
    """Runs a scenario against the marked shop and returns how it ended and its result."""
    def ran(content, *arguments, out="out", environment=None):
        ended = rehearse("run", scenario(content), "--db", shop_database.uri, "--out", out,
                         *arguments, environment=environment)
        path = rehearse.folder / out
        assert (path / "result.json").exists(), ended.err
        return ended, results.read(path)
    return ran


def wait_until(condition, child=None, patience_s=60):
    end = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < end, "it never became true"
        if child is not None and child.poll() is not None:
            pytest.fail(f"it ended with {child.returncode}: {child.communicate()[1]}")
        time.sleep(0.02)  # between two questions, not instead of one


@pytest.fixture
def until():
    """Asks again until it is so; fails when `child` ends first or a minute has passed."""
    return wait_until
