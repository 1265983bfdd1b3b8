"""pgbench's side of each comparison."""
import glob
import os
import re
import tempfile

import client
from sample import Sample


class PgBench:
    def __init__(self, cluster, database, scale):
        self._cluster = cluster
        self._database = database
        made = client.run([cluster.program("pgbench"), "-q", "-i", "-s", str(scale)],
                          cluster.environment(database), cluster.folder)
        if made.exit_code != 0:
            raise RuntimeError(f"pgbench -i: {made.stderr.strip()}")

    def closed_loop(self, script, connections, seconds):
        """script: `select-only` or `tpcb-like`, pgbench's own."""
        return self._run(["-b", script, "-c", str(connections), "-T", str(seconds)])

    def counted(self, script, connections, transactions):
        """As many transactions as asked for, however long connecting took (-T counts it in)."""
        return self._run(["-b", script, "-c", str(connections),
                          "-t", str(transactions // connections)])

    def open_loop(self, rate, connections, seconds):
        """Poisson arrivals; the sample carries the schedule lag of each transaction's log line."""
        with tempfile.TemporaryDirectory(dir=self._cluster.folder) as folder:
            prefix = os.path.join(folder, "log")
            sample = self._run(["-b", "select-only", "-c", str(connections), "-T", str(seconds),
                                f"--rate={rate}", "--log", f"--log-prefix={prefix}"])
            return sample.with_lag(p99_ms(lags_ms(folder)))

    def _run(self, arguments):
        command = [self._cluster.program("pgbench"), "-n", "-M", "prepared", "-j", "1", *arguments]
        cost = client.run(command, self._cluster.environment(self._database), self._cluster.folder)
        if cost.exit_code != 0:
            raise RuntimeError(f"{' '.join(command)}: {cost.stderr.strip()}")
        return Sample(
            operations=int(_figure(r"transactions actually processed: (\d+)", cost.stdout)),
            rate=float(_figure(r"tps = ([\d.]+) \(without initial", cost.stdout)),
            cpu_s=cost.cpu_s, peak_memory_mb=cost.peak_memory_mb,
            memory_growth_mb_per_s=cost.memory_growth_mb_per_s)


def _figure(pattern, text):
    found = re.search(pattern, text)
    if not found:
        raise RuntimeError(f"pgbench printed no '{pattern}':\n{text}")
    return found.group(1)


def lags_ms(folder):
    """A log line: client, transaction, latency, script, epoch, µs, schedule lag in µs."""
    lags = []
    for path in glob.glob(os.path.join(folder, "log.*")):
        with open(path, encoding="ascii") as log:
            lags.extend(int(line.split()[6]) / 1000 for line in log)
    return lags


def p99_ms(values):
    """The smallest value that at least 99 % do not exceed."""
    if not values:
        raise RuntimeError("pgbench logged no transaction")
    return sorted(values)[max(0, -(-99 * len(values) // 100) - 1)]
