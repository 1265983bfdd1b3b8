"""What pgbench does on a server that logs it: the recordings that are replayed."""
import csv
import dataclasses
import datetime
import os
import re
import tempfile
import time

import client
from cluster import Cluster

# Both readers' needs: csvlog, who connected, and English messages (initdb's locale is C).
LOGGED = {"logging_collector": "on", "log_destination": "csvlog", "log_directory": "log",
          "log_filename": "recorded", "log_rotation_age": "0", "log_rotation_size": "0",
          "log_connections": "on", "log_disconnections": "on", "log_timezone": "UTC",
          "max_connections": "100", "shared_buffers": "256MB", "synchronous_commit": "off",
          "autovacuum": "off", "checkpoint_timeout": "1h", "max_wal_size": "8GB"}

# What is logged of pgbench's sessions only. The first is all that pgreplay reads.
AS_SENT = ("log_statement=all",)
AS_DONE = ("log_min_duration_statement=0",)

COLUMN_TIME, COLUMN_MESSAGE, COLUMN_DETAIL = 0, 13, 14


@dataclasses.dataclass(frozen=True)
class Recording:
    log: str  # its file
    transactions: int
    seconds: float  # of pgbench's run
    rows: str = ""  # what a query then told


class Recorder:
    """The server; a context manager that removes it, but not the logs, which go to `folder`."""

    def __init__(self, folder, **settings):
        self.cluster = Cluster(LOGGED | settings)
        self._folder = folder

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.cluster.remove()

    def record(self, database, script, arguments, logged):
        """Runs pgbench's `script` on `database` and returns what the server logged of it."""
        begin = self._written()
        with tempfile.NamedTemporaryFile("w", dir=self.cluster.folder, suffix=".sql") as file:
            file.write(script)
            file.flush()
            settings = " ".join(f"-c {setting}" for setting in logged)
            cost = client.run(
                [self.cluster.program("pgbench"), "-n", "-M", "prepared", "-j", "1", "-f",
                 file.name, *arguments],
                self.cluster.environment(database) | {"PGOPTIONS": settings}, self.cluster.folder)
        if cost.exit_code != 0:
            raise RuntimeError(f"pgbench: {cost.stderr.strip()}")
        done = int(re.search(r"transactions actually processed: (\d+)", cost.stdout)[1])
        log = os.path.join(self._folder, f"{database}.csv")
        self._copy_log(begin, log)
        return Recording(log, done, cost.wall_s)

    @property
    def _path(self):
        return os.path.join(self.cluster.data, "log", "recorded.csv")

    def _written(self):
        """Bytes of the log once the collector has written all that was said so far."""
        mark = f"mark-{time.monotonic_ns()}"
        self.cluster.psql(f"DO $$ BEGIN RAISE LOG '{mark}'; END $$")
        until = time.monotonic() + 60
        while time.monotonic() < until:
            if os.path.exists(self._path):
                size = os.path.getsize(self._path)
                with open(self._path, "rb") as log:
                    log.seek(max(0, size - 65536))
                    if mark.encode() in log.read():
                        return size
            time.sleep(0.05)
        raise RuntimeError("the server's log collector writes nothing")

    def _copy_log(self, begin, to):
        end = self._written()
        with open(self._path, "rb") as log, open(to, "wb") as copy:
            log.seek(max(0, begin - 1))
            log.readline()  # to the end of a record that was being written
            while (left := end - log.tell()) > 0:
                copy.write(log.read(min(left, 1 << 20)))


def logged_calls(log, begins):
    """(when, parameters) of each call logged before it ran whose statement begins so; µs."""
    with open(log, encoding="utf-8", newline="") as file:
        for row in csv.reader(file):
            if re.match(r"execute [^:]*: ", row[COLUMN_MESSAGE]) is None:
                continue
            if row[COLUMN_MESSAGE].split(": ", 1)[1].startswith(begins):
                yield (epoch_us(row[COLUMN_TIME]),
                       tuple(re.findall(r"\$\d+ = '([^']*)'", row[COLUMN_DETAIL])))


def epoch_us(logged):
    """Of "2024-03-01 10:00:00.123 UTC"."""
    moment = datetime.datetime.strptime(logged, "%Y-%m-%d %H:%M:%S.%f UTC")
    return (moment - datetime.datetime(1970, 1, 1)) // datetime.timedelta(microseconds=1)
