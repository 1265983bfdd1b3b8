"""A throwaway PostgreSQL for tests and benchmarks: private folder, Unix socket only, never as root.

Only the standard library, so that the benchmarks need no virtual environment.
"""
import contextlib
import glob
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile

# Who the server runs as when we are root, which it refuses to be.
UNPRIVILEGED = ("postgres", "nobody")

# The server that is tested: REHEARSE_TEST_PG_BIN names the folder of its initdb, as for the
# integration tests. These are the arguments with which `rehearse run` starts the same.
FOLDER_UNDER_TEST = os.environ.get("REHEARSE_TEST_PG_BIN")
SERVER_UNDER_TEST = ("--pg-bin", FOLDER_UNDER_TEST) if FOLDER_UNDER_TEST else ()


def newest_bin_folder():
    """The folder with initdb of the newest server installed; the distribution's, else PATH's."""
    folders = glob.glob("/usr/lib/postgresql/*/bin/initdb")
    folders.sort(key=lambda path: [int(part) for part in re.findall(r"\d+", path)])
    found = folders[-1] if folders else shutil.which("initdb")
    if not found:
        raise RuntimeError("no PostgreSQL server found: install the package postgresql")
    return os.path.dirname(os.path.realpath(found))


def _unprivileged_user():
    """None when we are no root ourselves."""
    if os.geteuid() != 0:
        return None
    for name in UNPRIVILEGED:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise RuntimeError("no unprivileged user to run the server as")


class Cluster:
    """Made and started by the constructor; a context manager that stops and removes it."""

    def __init__(self, settings=None, bin_folder=None):
        self.bin = bin_folder or FOLDER_UNDER_TEST or newest_bin_folder()
        self._user = _unprivileged_user()
        # A socket's path may have 107 characters: not below the build folder.
        self.folder = tempfile.mkdtemp(prefix="rehearse-test-", dir="/tmp")
        self._server = None
        try:
            self._initialise(settings or {})
            self._start()
        except BaseException:
            self.remove()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()

    @property
    def data(self):
        return os.path.join(self.folder, "data")

    @property
    def pid(self):
        return self._server.pid

    def uri(self, database="postgres", user="postgres"):
        return f"postgresql:///{database}?host={self.folder}&port=5432&user={user}"

    def environment(self, database="postgres"):
        """For libpq's programs; whatever PG* the caller's shell has must not leak in."""
        clean = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
        return clean | {"PGHOST": self.folder, "PGPORT": "5432", "PGUSER": "postgres",
                        "PGDATABASE": database}

    @property
    def major(self):
        """Its version, 10 or newer."""
        said = subprocess.run([self.program("postgres"), "--version"], text=True,
                              capture_output=True, check=True).stdout
        return int(re.search(r"\(PostgreSQL\) (\d+)", said).group(1))

    def program(self, name):
        """The server's own; clients that its package lacks, another version's."""
        own = os.path.join(self.bin, name)
        return own if os.path.exists(own) else shutil.which(name) or own

    def psql(self, sql, database="postgres"):
        """Runs statements, each on its own, and returns the last one's rows as text."""
        done = subprocess.run(
            [self.program("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", "-"],
            input=sql, env=self.environment(database), text=True, capture_output=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"psql: {done.stderr.strip()}")
        return done.stdout.strip()

    def drop_database(self, name):
        """With all sessions in it; FORCE is new in 13."""
        self.psql(f"""
            UPDATE pg_database SET datallowconn = false WHERE datname = '{name}';
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}';
            -- The server itself waits 5 s for those that are going.
            DROP DATABASE IF EXISTS {name};""")

    def stop(self, how=signal.SIGINT):
        """SIGINT is the server's fast shutdown."""
        if self._server and self._server.poll() is None:
            self._server.send_signal(how)
            self._server.wait(timeout=60)

    def remove(self):
        try:
            self.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _as_user(self):
        if self._user is None:
            return {}
        return {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}

    def _initialise(self, settings):
        if self._user is not None:
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
        os.chmod(self.folder, 0o755)  # clients of any user reach the socket
        done = subprocess.run(
            [self.program("initdb"), "-D", self.data, "-U", "postgres", "-A", "trust", "-N",
             "-E", "UTF8", "--locale=C.UTF-8"],
            text=True, capture_output=True, check=False, cwd="/", **self._as_user())
        if done.returncode != 0:
            raise RuntimeError(f"initdb: {done.stderr.strip()}")
        lines = {"listen_addresses": "", "unix_socket_directories": self.folder, "port": "5432",
                 "fsync": "off", "wal_level": "logical", **settings}
        with open(os.path.join(self.data, "postgresql.conf"), "a", encoding="utf-8") as file:
            file.writelines(f"{key} = '{value}'\n" for key, value in lines.items())

    def _start(self):
        log_path = os.path.join(self.folder, "server.log")
        with open(log_path, "wb") as log:
            # A session of its own: a Ctrl-C at the terminal is ours to handle, not the server's.
            self._server = subprocess.Popen(
                [self.program("postgres"), "-D", self.data], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, cwd="/", start_new_session=True, **self._as_user())
        for _ in range(600):
            if self._server.poll() is not None:
                break
            ready = subprocess.run([self.program("pg_isready"), "-q", "-t", "1"],
                                   env=self.environment(), check=False)
            if ready.returncode == 0:
                return
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._server.wait(timeout=0.1)
        with open(log_path, encoding="utf-8", errors="replace") as log:
            raise RuntimeError(f"the server did not start: {log.read().strip()}")
