"""The figures: what is run for each, and how the rounds become one number."""
import dataclasses
import math
import statistics

import rehearse as scenarios
from sample import marginal_cpu_us


class Unmeasured(RuntimeError):
    """Why a figure could not be measured; its line says so."""


@dataclasses.dataclass(frozen=True)
class Figure:
    name: str
    unit: str
    ours: list  # one value a round; empty: it could not be measured
    theirs: list  # the peer's; empty: the figure is judged on its own
    must: float  # of the ratio where a peer is beside it, else of the value; infinite: none
    aim: float
    at_least: bool = False  # more is better
    peer: str = "pgbench"
    unmeasured: str = ""  # why

    @property
    def judged(self):
        if not self.ours:
            return None
        ours = statistics.median(self.ours)
        return ours / statistics.median(self.theirs) if self.theirs else ours

    @property
    def reached(self):
        if not self.ours:
            return "not measured"
        if math.isinf(self.must):
            return ""
        def holds(limit):
            return self.judged >= limit if self.at_least else self.judged <= limit
        return "aim" if holds(self.aim) else "must" if holds(self.must) else "MISSED"

    @property
    def spread(self):
        """Lowest and highest of the rounds, in what is judged."""
        rounds = ([ours / theirs for ours, theirs in zip(self.ours, self.theirs)]
                  if self.theirs else self.ours)
        return min(rounds), max(rounds)


def figure_of(name, unit, ours, theirs, must, aim, **more):
    """Either side may be why it has no values: then the figure's line says so."""
    for side in (ours, theirs):
        if isinstance(side, Unmeasured):
            return Figure(name, unit, [], [], must, aim, unmeasured=str(side), **more)
    return Figure(name, unit, ours, theirs, must, aim, **more)


class Bench:
    """Runs the contenders in turn, so that a machine that slows down slows both."""

    def __init__(self, ours, pgbench, scale, rounds, seconds, say):
        self._ours = ours
        self._pgbench = pgbench
        self._scale = scale
        self._rounds = rounds
        self._seconds = seconds
        self._say = say

    def _interleave(self, name, contenders, rounds=None):
        """contenders: {key: function}. Returns {key: [sample of each round]}."""
        samples = {key: [] for key in contenders}
        rounds = rounds or self._rounds
        for number in range(rounds):
            # Every other round the other way round: neither always comes second.
            order = list(contenders) if number % 2 == 0 else list(reversed(contenders))
            for key in order:
                label = " ".join(map(str, key)) if isinstance(key, tuple) else key
                self._say(f"{name}: round {number + 1} of {rounds}, {label}")
                samples[key].append(contenders[key]())
        return samples

    def _short_and_long(self, name, operations, script, connections):
        """CPU per operation of both (see marginal_cpu_us), and the longer runs. Without the lock
        observer, which pgbench has none of: its cost is a figure of its own."""
        contenders = {
            ("rehearse", "short"): lambda: self._ours.run(
                operations, connections, max(1, self._seconds // 4), locks=False),
            # By number: connecting hundreds may take all of a short -T.
            ("pgbench", "short"): lambda: self._pgbench.counted(script, connections, 20_000),
            ("rehearse", "long"): lambda: self._ours.run(
                operations, connections, self._seconds, locks=False),
            ("pgbench", "long"): lambda: self._pgbench.closed_loop(
                script, connections, self._seconds),
        }
        got = self._interleave(name, contenders)
        cpu = {who: [marginal_cpu_us(long, short)
                     for long, short in zip(got[who, "long"], got[who, "short"])]
               for who in ("rehearse", "pgbench")}
        return cpu, {who: got[who, "long"] for who in cpu}

    def select_only(self, connections):
        operations = [scenarios.select_only(self._scale)]
        cpu, runs = self._short_and_long(f"select, {connections} connections", operations,
                                         "select-only", connections)
        rate = {who: [sample.rate for sample in samples] for who, samples in runs.items()}
        return [
            Figure(f"CPU per select, {connections} connections", "µs", cpu["rehearse"],
                   cpu["pgbench"], 1.0, 0.85),
            Figure(f"throughput, {connections} connections", "/s", rate["rehearse"],
                   rate["pgbench"], 1.0, 1.1, at_least=True),
        ]

    def tpcb(self, connections=16):
        operations = [scenarios.tpcb_like(self._scale)]
        cpu, _ = self._short_and_long("TPC-B-like", operations, "tpcb-like", connections)
        return [Figure(f"CPU per TPC-B transaction, {connections} connections", "µs",
                       cpu["rehearse"], cpu["pgbench"], 1.0, 0.8)]

    def scheduling_lag(self, rate=5000, connections=16):
        operations = [scenarios.select_only(self._scale)]
        got = self._interleave(f"scheduling lag at {rate}/s", {
            "rehearse": lambda: self._ours.run(operations, connections, self._seconds, rate=rate),
            "pgbench": lambda: self._pgbench.open_loop(rate, connections, self._seconds),
        })
        for key, samples in got.items():
            reached = statistics.median(sample.rate for sample in samples)
            if reached < 0.97 * rate:
                raise RuntimeError(f"{key} reached only {reached:.0f} of {rate}/s: no fair lag")
        return [Figure(f"scheduling lag p99 at {rate}/s Poisson", "ms",
                       [sample.lag_p99_ms for sample in got["rehearse"]],
                       [sample.lag_p99_ms for sample in got["pgbench"]], 1.0, 0.5)]

    def observer(self, connections=64):
        operations = [scenarios.select_only(self._scale)]
        got = self._interleave("observer at 20 ms", {
            "observed": lambda: self._ours.run(operations, connections, self._seconds),
            "unobserved": lambda: self._ours.run(operations, connections, self._seconds,
                                                 locks=False),
        })
        # The median of both, not of the pairs: a pair's difference is mostly the machine's noise.
        off = statistics.median(sample.rate for sample in got["unobserved"])
        lost = [100 * (1 - sample.rate / off) for sample in got["observed"]]
        return [Figure(f"throughput lost to the observer, {connections} connections", "%", lost, [],
                       3.0, 1.0)]

    def growth(self, few=16, many=1000):
        """CPU per operation with many connections against few, both without connecting: what a
        longer run took more than a shorter one."""
        operations = [scenarios.select_only(self._scale)]
        runs = {"short": self._seconds, "long": 3 * self._seconds}
        contenders = {}
        for connections in (few, many):
            for length, seconds in runs.items():
                contenders["rehearse", connections, length] = (
                    lambda c=connections, s=seconds: self._ours.run(operations, c, s))
                contenders["pgbench", connections, length] = (
                    lambda c=connections, s=seconds: self._pgbench.counted(
                        "select-only", c, 20000 * s))
        got = self._interleave(f"{few} -> {many} connections", contenders)

        def marginal(who, connections):
            return [marginal_cpu_us(long, short) for long, short in zip(
                got[who, connections, "long"], got[who, connections, "short"])]

        ours, theirs = ([large / small for large, small in zip(marginal(who, many),
                                                               marginal(who, few))]
                        for who in ("rehearse", "pgbench"))
        return [
            Figure(f"CPU per select, {many} against {few} connections", "x", ours, [], 1.5, 1.1),
            Figure("  the same of pgbench, to compare", "x", theirs, [],
                   float("inf"), float("inf")),
        ]

    def replay(self, replays):
        """replays: see replaying.py."""
        return (self._replay_fast(replays) + self._replay_start_times(replays)
                + self._replay_fidelity(replays))

    def _beside_pgreplay(self, name, ours, theirs):
        """Both's samples of each round; of the peer, or of both, why there are none instead."""
        def or_why():
            try:
                return theirs()
            except Unmeasured as why:
                return why

        try:
            got = self._interleave(name, {"rehearse": ours, "pgreplay": or_why})
        except Unmeasured as why:
            return why, why
        why = next((each for each in got["pgreplay"] if isinstance(each, Unmeasured)), None)
        return got["rehearse"], why or got["pgreplay"]

    def _replay_fast(self, replays):
        ours, theirs = self._beside_pgreplay("replay as fast as possible", replays.fast,
                                             replays.pgreplay_fast)
        return [figure_of("replay as fast as possible, against pgreplay", "/s", ours, theirs, 3, 10,
                          at_least=True, peer="pgreplay")]

    def _replay_start_times(self, replays, rate=5000):
        ours, theirs = self._beside_pgreplay(
            f"start times at {rate}/s", lambda: replays.start_times(rate),
            lambda: replays.pgreplay_start_times(rate))
        none = float("inf")

        def each(samples, what):
            return samples if isinstance(samples, Unmeasured) else [
                getattr(sample, what) for sample in samples]

        return [
            figure_of(f"start-time error p99 at {rate}/s", "ms", each(ours, "p99_ms"), [], 1, 0.2),
            figure_of("  against pgreplay", "ms", each(ours, "p99_ms"), each(theirs, "p99_ms"),
                      none, none, peer="pgreplay"),
            figure_of("  p50, against pgreplay", "ms", each(ours, "p50_ms"),
                      each(theirs, "p50_ms"), none, none, peer="pgreplay"),
            figure_of("  p99 of what the log's milliseconds hide, too", "ms",
                      each(ours, "true_p99_ms"), each(theirs, "true_p99_ms"), none, none,
                      peer="pgreplay"),
            figure_of("  p99 of the generator's part, as the run tells it", "ms",
                      each(ours, "lag_p99_ms"), [], none, none),
        ]

    def _replay_fidelity(self, replays):
        self._say("replay: calls by statement")
        try:
            shares = [[share] for share in replays.fidelity()]
        except Unmeasured as why:
            shares = [why, why]
        none = float("inf")
        return [
            figure_of("calls by statement as recorded, generated keys", "%", shares[0], [],
                      100, 100, at_least=True),
            figure_of("  rows that they returned or changed", "%", shares[1], [], none, none,
                      at_least=True),
        ]

    def ledger(self, follow, peer, transactions=500_000):
        """follow, peer: functions of the number of transactions (see followed.py)."""
        got = self._interleave("ledger", {
            "rehearse": lambda: follow(transactions),
            "pg_recvlogical": lambda: peer(transactions),
        })
        rate = {who: [transactions / run.seconds for run in runs] for who, runs in got.items()}
        cpu = {who: [1e6 * run.cpu_s / transactions for run in runs] for who, runs in got.items()}
        server = [1e6 * run.server_cpu_s / transactions for run in got["rehearse"]]
        none = float("inf")
        return [
            Figure("one-row update transactions followed", "/s", rate["rehearse"], [], 100_000,
                   200_000, at_least=True),
            Figure("  against pg_recvlogical to /dev/null", "/s", rate["rehearse"],
                   rate["pg_recvlogical"], none, none, at_least=True, peer="pg_recvlogical"),
            Figure("  client CPU per transaction, against pg_recvlogical", "µs", cpu["rehearse"],
                   cpu["pg_recvlogical"], none, none, peer="pg_recvlogical"),
            # There is one a stream: no follower is faster than it.
            Figure("  the server's CPU per transaction, one process", "µs", server, [], none, none),
        ]

    def ledger_load(self, connections=16):
        """What the workload loses to the change stream that is followed beside it."""
        tables = ("pgbench_accounts", "pgbench_tellers", "pgbench_branches")
        figures = []
        for what, operation in (("TPC-B", scenarios.tpcb_like(self._scale)),
                                ("one-row updates", scenarios.one_row_update(self._scale))):
            got = self._interleave(f"ledger beside {what}", {
                "followed": lambda o=operation: self._ours.run([o], connections, self._seconds,
                                                               followed=tables),
                "alone": lambda o=operation: self._ours.run([o], connections, self._seconds)})
            off = statistics.median(sample.rate for sample in got["alone"])
            lost = [100 * (1 - sample.rate / off) for sample in got["followed"]]
            figures.append(Figure(f"throughput lost to the ledger, {what}, {connections} connections",
                                  "%", lost, [], 10.0, 5.0))
        return figures

    def checksum(self, scans, rows_of_growth=None):
        """scans: see scans.py; of 5 M rows, which the CPU's limit is for."""
        got = self._interleave("checksum", {
            "rehearse": scans.rehearse, "psql": scans.psql_draining,
            "server": scans.server_alone, "hashes": scans.sum_of_hashes})
        # Takes ten seconds a turn, and its limit is far away.
        slow = self._interleave("checksum", {
            "rehearse": scans.rehearse, "md5": scans.md5_of_all}, rounds=min(self._rounds, 2))
        runs = {f"{scans.rows / 1e6:g} M rows": got["rehearse"]}
        if rows_of_growth:
            self._say(f"checksum: {rows_of_growth:,} rows")
            scans.grow(rows_of_growth)
            runs[f"{rows_of_growth / 1e6:g} M rows"] = [scans.rehearse()]

        def wall(runs):
            return [run.wall_s for run in runs]

        def beside(peer, who, must, aim, got=got):
            return Figure(f"checksum, 2 workers, against {peer}", "s", wall(got["rehearse"]),
                          wall(got[who]), must, aim, peer=peer)

        return [
            beside("2 psql draining the same COPY", "psql", 1.05, 0.85),
            beside("the server's COPY to /dev/null", "server", 1.6, 1.3),
            beside("md5(string_agg(md5(t::text)))", "md5", 0.125, 0.083, slow),
            beside("sum(hash_record_extended(t))", "hashes", 1.1, 0.9),
            Figure("  client CPU", "s", [run.cpu_s for run in got["rehearse"]], [], 0.65, 0.4),
        ] + [Figure(f"  peak memory, {rows}", "MB", [run.peak_memory_mb for run in costs], [],
                    128.0, 128.0) for rows, costs in runs.items()]

    def memory(self, seconds, whole_hour, operations=50, connections=200, rate=2000):
        """Peak memory of an hour: measured whole, or drawn out from a shorter run's growth."""
        hour = 3600
        length = hour if whole_hour else seconds
        self._say(f"memory: {length} s")
        sample = self._ours.run(scenarios.many_operations(self._scale, operations), connections,
                                length, rate=rate)
        growth = max(0.0, sample.memory_growth_mb_per_s)
        expected = sample.peak_memory_mb + growth * (hour - length)
        how = "" if whole_hour else f" (from {length} s)"
        return [
            Figure(f"peak memory of an hour{how}", "MB", [expected], [], 256.0, 100.0),
            Figure("  growth per hour", "MB", [growth * hour], [], float("inf"), float("inf")),
        ]
