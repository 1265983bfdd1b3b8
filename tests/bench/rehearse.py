"""Rehearse's side of each comparison: scenarios that send what pgbench sends."""
import json
import os
import shutil
import tempfile

import client
from sample import Sample

# A bench run's verdict is of no interest, but it must have been a whole run.
JUDGED = (0, 1, 3)

TPCB = [
    "UPDATE pgbench_accounts SET abalance = abalance + :delta WHERE aid = :aid",
    "SELECT abalance FROM pgbench_accounts WHERE aid = :aid",
    "UPDATE pgbench_tellers SET tbalance = tbalance + :delta WHERE tid = :tid",
    "UPDATE pgbench_branches SET bbalance = bbalance + :delta WHERE bid = :bid",
    "INSERT INTO pgbench_history (tid, bid, aid, delta, mtime)"
    " VALUES (:tid, :bid, :aid, :delta, CURRENT_TIMESTAMP)",
]


def select_only(scale, name="select"):
    return {"name": name, "weight": 1, "params": {"aid": f"uniform(1, {100000 * scale})"},
            "sql": "SELECT abalance FROM pgbench_accounts WHERE aid = :aid"}


def tpcb_like(scale):
    return {"name": "tpcb", "weight": 1,
            "params": {"aid": f"uniform(1, {100000 * scale})", "bid": f"uniform(1, {scale})",
                       "tid": f"uniform(1, {10 * scale})", "delta": "uniform(-5000, 5000)"},
            "transaction": [{"sql": sql} for sql in TPCB]}


def one_row_update(scale):
    return {"name": "update", "weight": 1,
            "params": {"aid": f"uniform(1, {100000 * scale})", "delta": "uniform(-5000, 5000)"},
            "sql": TPCB[0]}


def many_operations(scale, count):
    """`count` operations, each with a statement of its own (prepared once a connection)."""
    return [select_only(scale, f"select_{number}") | {
        "sql": f"SELECT abalance + {number} FROM pgbench_accounts WHERE aid = :aid"}
        for number in range(count)]


class Rehearse:
    def __init__(self, program, cluster, database):
        self._program = program
        self._cluster = cluster
        self._uri = cluster.uri(database)
        self._call(["guard", "mark", "--db", self._uri], accepted=(0,))

    def run(self, operations, connections, seconds, *, rate=None, locks=True, followed=()):
        """One run whose `before` phase is what counts; the migration does nothing. The change stream
        of the tables `followed` is followed."""
        workload = {"connections": connections, "threads": 1, "operations": operations}
        if rate is not None:
            workload |= {"rate": f"{rate}/s", "arrival": "poisson"}
        scenario = {
            "version": 1, "name": "bench", "workload": workload,
            "phases": {"warmup": "0s", "before": f"{seconds}s", "after": "0s"},
            "migration": {"up": [{"name": "nothing", "pause": "1ms"}]},
        }
        if not locks:
            scenario["observe"] = {"enabled": False}
        if followed:
            scenario["verify"] = {"tables": list(followed), "live": "on"}
        cost = self._run(scenario)
        return self._sample(json.loads(cost.stdout), cost)

    def replay(self, log, database, speed, seconds):
        """Sends the recording's sessions of `database` again for so many seconds, without the lock
        observer; the result. The recording may be over before that."""
        scenario = {
            "version": 1, "name": "bench",
            "workload": {"replay": {"logs": [log], "database": database, "speed": speed}},
            "phases": {"warmup": "0s", "before": f"{seconds}s", "after": "0s"},
            "migration": {"up": [{"name": "nothing", "pause": "1ms"}]},
            "observe": {"enabled": False},
        }
        return json.loads(self._run(scenario).stdout)

    def _run(self, scenario):
        folder = tempfile.mkdtemp(dir=self._cluster.folder)
        try:
            path = os.path.join(folder, "scenario.yaml")
            with open(path, "w", encoding="utf-8") as file:
                json.dump(scenario, file, indent=1)  # JSON is YAML
            return self._call(["run", path, "--db", self._uri, "--out",
                               os.path.join(folder, "out"), "--json", "--quiet"], JUDGED)
        finally:
            shutil.rmtree(folder)

    def _call(self, arguments, accepted):
        cost = client.run([self._program, *arguments], self._cluster.environment(),
                          self._cluster.folder)
        if cost.exit_code not in accepted:
            raise RuntimeError(f"rehearse {arguments[0]} ended with {cost.exit_code}:\n"
                               f"{cost.stderr.strip()}\n{cost.stdout[:2000]}")
        return cost

    @staticmethod
    def _sample(result, cost):
        before = [operation["phases"]["before"] for operation in result["operations"]]
        errors = sum(sum(phase["errors"].values()) for phase in before)
        if errors:
            raise RuntimeError(f"{errors} operations failed: {before}")
        generator = result["generator"]
        return Sample(operations=generator["operations"],
                      rate=sum(phase["rate"] for phase in before), cpu_s=cost.cpu_s,
                      peak_memory_mb=cost.peak_memory_mb,
                      memory_growth_mb_per_s=cost.memory_growth_mb_per_s,
                      lag_p99_ms=generator["lag_ms"]["p99"])
