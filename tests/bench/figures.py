"""The figures: what is run for each, and how the rounds become one number."""
import dataclasses
import statistics

import rehearse as scenarios
from sample import marginal_cpu_us


@dataclasses.dataclass(frozen=True)
class Figure:
    name: str
    unit: str
    ours: list  # one value a round
    theirs: list  # pgbench's; empty: the figure is judged on its own
    must: float  # of the ratio where pgbench is beside it, else of the value
    aim: float
    at_least: bool = False  # more is better

    @property
    def judged(self):
        ours = statistics.median(self.ours)
        return ours / statistics.median(self.theirs) if self.theirs else ours

    @property
    def reached(self):
        def holds(limit):
            return self.judged >= limit if self.at_least else self.judged <= limit
        return "aim" if holds(self.aim) else "must" if holds(self.must) else "MISSED"

    @property
    def spread(self):
        """Lowest and highest of the rounds, in what is judged."""
        rounds = ([ours / theirs for ours, theirs in zip(self.ours, self.theirs)]
                  if self.theirs else self.ours)
        return min(rounds), max(rounds)


class Bench:
    """Runs the contenders in turn, so that a machine that slows down slows both."""

    def __init__(self, ours, pgbench, scale, rounds, seconds, say):
        self._ours = ours
        self._pgbench = pgbench
        self._scale = scale
        self._rounds = rounds
        self._seconds = seconds
        self._say = say

    def _interleave(self, name, contenders):
        """contenders: {key: function}. Returns {key: [sample of each round]}."""
        samples = {key: [] for key in contenders}
        for number in range(self._rounds):
            # Every other round the other way round: neither always comes second.
            order = list(contenders) if number % 2 == 0 else list(reversed(contenders))
            for key in order:
                label = " ".join(map(str, key)) if isinstance(key, tuple) else key
                self._say(f"{name}: round {number + 1} of {self._rounds}, {label}")
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

    def ledger(self, follow, transactions=500_000):
        """follow: a function of the number of transactions that gives seconds."""
        rates = []
        for number in range(self._rounds):
            self._say(f"ledger: round {number + 1} of {self._rounds}")
            rates.append(transactions / follow(transactions))
        return [Figure("one-row update transactions followed", "/s", rates, [], 100_000, 200_000,
                       at_least=True)]

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
