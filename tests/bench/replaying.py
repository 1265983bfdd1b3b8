"""A recorded load that is sent again, by rehearse and by pgreplay, and what becomes of it."""
import dataclasses
import json
import os
import shutil
import tempfile

import client
from figures import Unmeasured
from recording import AS_DONE, AS_SENT, Recorder, logged_calls
from rehearse import Rehearse

# Single-row statements, three reads for each write. `began` and `ended` tell by the server's clock,
# the same for whoever replays, how long it took: connecting and ending are not in it.
FAST_TABLE = """
    DROP TABLE IF EXISTS replayed;
    CREATE TABLE replayed (id int PRIMARY KEY, value int NOT NULL, began timestamptz,
                           ended timestamptz) WITH (fillfactor = 50);
    INSERT INTO replayed SELECT n, 0 FROM generate_series(1, 100000) n;
    VACUUM (FREEZE, ANALYZE) replayed;
    CHECKPOINT;"""
FAST_SCRIPT = r"""
\set id random(1, 100000)
\set what random(1, 4)
\if :what = 1
UPDATE replayed SET value = value + 1, began = coalesce(began, clock_timestamp()),
    ended = clock_timestamp() WHERE id = :id;
\else
SELECT value FROM replayed WHERE id = :id;
\endif
"""
FAST_SPAN = "SELECT extract(epoch FROM max(ended) - min(began)) FROM replayed"

# Each statement is known again by its client and number, and says when it reached the server.
TIMED_TABLE = """
    DROP TABLE IF EXISTS sent;
    CREATE TABLE sent (client int, number int, at timestamptz);"""
TIMED_ROWS = "SELECT client, number, (extract(epoch FROM at) * 1000000)::bigint FROM sent"
TIMED_INSERT = "INSERT INTO sent"
TIMED_SCRIPT = rf"""
\set number :number + 1
{TIMED_INSERT} VALUES (:client_id, :number, statement_timestamp());
"""

KEYED_TABLE = """
    CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                         customer int NOT NULL, total int NOT NULL);"""
KEYED_SCRIPT = r"""
\set customer random(1, 500)
\set total random(1, 9999)
INSERT INTO orders (customer, total) VALUES (:customer, :total) RETURNING id \gset
SELECT id, customer, total FROM orders WHERE id = :id;
UPDATE orders SET total = total + :total WHERE id = :id;
"""
KEYED_CALLS = """
    SELECT json_object_agg(query, json_build_array(calls, rows)) FROM (
        SELECT query, sum(calls) AS calls, sum(rows) AS rows FROM pg_stat_statements
        WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND query ~ ' orders ' GROUP BY query) counted"""


@dataclasses.dataclass(frozen=True)
class StartTimes:
    """By how much statements reached the server later, or earlier, than the log says."""
    p50_ms: float
    p99_ms: float
    true_p99_ms: float  # than they reached the recorded server: the log has whole milliseconds
    lag_p99_ms: float = float("nan")  # what the run itself records


class Replays:
    """The recordings, made when they are first asked for, and their replays on `cluster`."""

    def __init__(self, program, cluster, database, connections, seconds):
        self._program = program
        self._cluster = cluster
        self._database = database
        self._connections = connections
        self._seconds = seconds
        self._ours = Rehearse(program, cluster, database)
        self._folder = tempfile.mkdtemp(dir=cluster.folder)  # goes with it
        self._made = {}

    # ----------------------------------------------------------------- as fast as possible

    def fast(self):
        """Statements a second."""
        recording = self._recorded("fast", FAST_TABLE, FAST_SCRIPT, ["-T", str(self._seconds)])
        seconds = 2 + round(1.5 * recording.seconds)
        for _ in range(4):  # it may turn out to take longer
            self._cluster.psql(FAST_TABLE, self._database)
            result = self._ours.replay(recording.log, self._database, 0, seconds)
            if _replayed(result) == recording.transactions:
                return recording.transactions / self._fast_span()
            seconds *= 2
        raise Unmeasured(f"after {seconds // 2} s rehearse had replayed {_replayed(result)} of "
                         f"{recording.transactions} statements")

    def pgreplay_fast(self):
        recording = self._recorded("fast", FAST_TABLE, FAST_SCRIPT, ["-T", str(self._seconds)])
        self._cluster.psql(FAST_TABLE, self._database)
        # Whatever the factor, as fast as it gets.
        self._pgreplay(recording, "1000000", "-j")
        return recording.transactions / self._fast_span()

    def _fast_span(self):
        return float(self._cluster.psql(FAST_SPAN, self._database))

    # ------------------------------------------------------------------------- start times

    def start_times(self, rate):
        recording = self._timed(rate)
        result = self._ours.replay(recording.log, self._database, 1, self._seconds + 1)
        run = result["run"]
        begin_us = 1e6 * (run["started_at_epoch_s"] + result["phases"][0]["start_s"])
        return StartTimes(*self._errors_ms(recording, begin_us),
                          result["generator"]["lag_ms"]["p99"])

    def pgreplay_start_times(self, rate):
        recording = self._timed(rate)
        self._pgreplay(recording, "1")
        # It does not tell when it began: to its favour, with its first statement.
        return StartTimes(*self._errors_ms(recording, None))

    def _timed(self, rate):
        recording = self._recorded("timed", TIMED_TABLE, TIMED_SCRIPT,
                                   ["-T", str(self._seconds), "-R", str(rate), "-D", "number=0"],
                                   TIMED_ROWS)
        if recording.transactions < 0.95 * rate * self._seconds:
            raise Unmeasured(f"the recorded server did {recording.transactions} transactions "
                             f"in {self._seconds} s, not {rate}/s")
        self._cluster.psql(TIMED_TABLE, self._database)
        return recording

    def _errors_ms(self, recording, begin_us):
        logged = {tuple(map(int, parameters)): at
                  for at, parameters in logged_calls(recording.log, TIMED_INSERT)}
        then = _arrivals(recording.rows)
        now = _arrivals(self._cluster.psql(TIMED_ROWS, self._database))
        if not logged.keys() == then.keys() == now.keys():
            raise Unmeasured(f"of {len(logged)} statements in the log {len(now)} arrived again")
        origin_us = min(logged.values())
        late = {call: at - (logged[call] - origin_us) for call, at in now.items()}
        begin_us = min(late.values()) if begin_us is None else begin_us
        errors = [abs(each - begin_us) / 1e3 for each in late.values()]
        true_errors = [abs(at - begin_us - (then[call] - origin_us)) / 1e3
                       for call, at in now.items()]
        return _quantile(errors, 50), _quantile(errors, 99), _quantile(true_errors, 99)

    # ---------------------------------------------------------------------------- fidelity

    def fidelity(self):
        """Per cent of the recorded calls, and of the rows they returned or changed, that the replay
        on an empty database had by the same statement."""
        if self._cluster.psql("SELECT count(*) FROM pg_available_extensions"
                              " WHERE name = 'pg_stat_statements'") != "1":
            raise Unmeasured("the server has no pg_stat_statements: install postgresql-contrib")
        with Recorder(self._folder, shared_preload_libraries="pg_stat_statements") as recorder:
            cluster = recorder.cluster
            for database in ("recorded", "replayed"):
                cluster.psql(f"CREATE DATABASE {database}")
                cluster.psql(KEYED_TABLE + "CREATE EXTENSION pg_stat_statements;"
                             "SELECT pg_stat_statements_reset()", database)
            recording = recorder.record(
                "recorded", KEYED_SCRIPT, ["-c", str(self._connections), "-T", str(self._seconds),
                                           "-R", "500"], AS_DONE)
            Rehearse(self._program, cluster, "replayed").replay(
                recording.log, "recorded", 1, self._seconds + 1)
            # {statement: [calls, rows]}
            then, now = (json.loads(cluster.psql(KEYED_CALLS, database) or "{}")
                         for database in ("recorded", "replayed"))
        if sum(calls for calls, _ in then.values()) != 3 * recording.transactions:
            raise Unmeasured(f"pg_stat_statements counted {then} of 3 x {recording.transactions}")
        return tuple(_share_equal(then, now, column) for column in (0, 1))

    # ---------------------------------------------------------------------------- together

    def _recorded(self, name, table, script, arguments, rows=""):
        """rows: a query whose answer after the work is kept."""
        if name not in self._made:
            with Recorder(self._folder) as recorder:
                recorder.cluster.psql(f"CREATE DATABASE {self._database}")
                recorder.cluster.psql(table, self._database)
                recording = recorder.record(
                    self._database, script, ["-c", str(self._connections), *arguments], AS_SENT)
                answer = recorder.cluster.psql(rows, self._database)
            log = os.path.join(self._folder, f"{name}.csv")
            os.rename(recording.log, log)
            self._made[name] = dataclasses.replace(recording, log=log, rows=answer)
        return self._made[name]

    def _pgreplay(self, recording, factor, *options):
        """Parsed before, so that only its replay counts."""
        program = shutil.which("pgreplay")
        if program is None:
            raise Unmeasured("pgreplay is not installed")
        parsed = f"{recording.log}.pgreplay"
        environment = self._cluster.environment(self._database)
        if not os.path.exists(parsed):
            self._run([program, "-f", "-c", "-o", parsed, recording.log], environment)
        said = self._run([program, "-r", "-h", self._cluster.folder, "-p", "5432", "-s", factor,
                          *options, parsed], environment)
        if f"SQL statements executed: {recording.transactions}\n(0 or " not in said:
            raise Unmeasured(f"pgreplay did not execute {recording.transactions} statements")

    def _run(self, command, environment):
        cost = client.run(command, environment, self._cluster.folder)
        if cost.exit_code != 0:
            raise Unmeasured(f"{os.path.basename(command[0])}: {cost.stderr.strip()}")
        return cost.stdout


def _replayed(result):
    """Calls that ended as they did in the recording."""
    return sum(phase["as_recorded"] for phase in result["replay"]["outcomes"].values())


def _arrivals(rows):
    """When each statement reached the server, by its client and number; µs."""
    return {(client, number): at for client, number, at in
            (map(int, row.split("|")) for row in rows.splitlines())}


def _quantile(values, percent):
    """The smallest value that at least so many per cent do not exceed."""
    return sorted(values)[max(0, -(-percent * len(values) // 100) - 1)]


def _share_equal(then, now, column):
    """What is lacking and what is too much both count."""
    all_then = sum(counts[column] for counts in then.values())
    never = (0, 0)
    apart = sum(abs(then.get(query, never)[column] - now.get(query, never)[column])
                for query in set(then) | set(now))
    return 100 * (1 - apart / all_then)
