"""Whole-program figures of rehearse beside its peers, on a throwaway server of this machine.

Prints a table and writes OUT/figures.json. The contenders run in turn and medians are compared;
what counts is the ratio, the absolute figures are this machine's. The peer is pgbench where the
figure names no other.
"""
import argparse
import json
import math
import os
import pathlib
import platform
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))

import followed  # noqa: E402
from cluster import Cluster  # noqa: E402  (stands beside the end-to-end tests, which use it too)
from figures import Bench  # noqa: E402
from log_memory import log_memory  # noqa: E402
from log_reading import log_reading  # noqa: E402
from pgbench import PgBench  # noqa: E402
from rehearse import Rehearse  # noqa: E402
from replaying import Replays  # noqa: E402
from report_page import report_page  # noqa: E402
from scans import Scans  # noqa: E402

# More connections than any figure opens; no flush to disk and no autovacuum, so that the clients,
# not this machine's disk, are what differs.
SETTINGS = {"max_connections": "1300", "shared_buffers": "512MB", "synchronous_commit": "off",
            "autovacuum": "off", "checkpoint_timeout": "1h", "max_wal_size": "8GB",
            "log_min_messages": "fatal"}

FIGURES = {
    "select": lambda bench, _: bench.select_only(16) + bench.select_only(256),
    "tpcb": lambda bench, _: bench.tpcb(),
    "lag": lambda bench, _: bench.scheduling_lag(),
    "observer": lambda bench, _: bench.observer(),
    "ledger": lambda bench, options: bench.ledger(options.follow, options.follow_beside),
    "ledger_load": lambda bench, _: bench.ledger_load(),
    "checksum": lambda bench, options: bench.checksum(
        options.scans(), 20_000_000 if options.full else None),
    "growth": lambda bench, _: bench.growth(),
    "memory": lambda bench, options: bench.memory(options.memory_seconds, options.full),
    "logs": lambda _, options: log_reading(options.logs, options.out, options.rounds) + log_memory(
        os.path.abspath(options.rehearse), options.out, options.log_statements),
    "replay": lambda bench, options: bench.replay(options.replays()),
    "report": lambda _, options: report_page(options.report, options.out, options.rounds),
}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rehearse", required=True, metavar="FILE", help="the built program")
    parser.add_argument("--ledger", required=True, metavar="FILE",
                        help="the built program that follows changes")
    parser.add_argument("--report", required=True, metavar="FILE",
                        help="the built program that writes a large report")
    parser.add_argument("--out", required=True, metavar="DIR", help="where figures.json goes")
    parser.add_argument("--logs", required=True, help="the built bench_logs")
    parser.add_argument("--only", metavar="NAME,...", default=",".join(FIGURES),
                        help="some of: %(default)s")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each contender (5)")
    parser.add_argument("--seconds", type=int, default=8, help="length of a run (8)")
    parser.add_argument("--scale", type=int, default=20, help="pgbench's scale (20)")
    parser.add_argument("--memory-seconds", type=int, default=90,
                        help="length of the run that an hour's memory is drawn out from (90)")
    parser.add_argument("--log-statements", type=int, default=10_000_000, metavar="N",
                        help="statements of the log whose memory is measured (10,000,000: 2.5 GB)")
    parser.add_argument("--full", action="store_true",
                        help="measure memory over a whole hour, and a checksum's of 20 M rows too")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a must is missed")
    options = parser.parse_args()
    options.only = options.only.split(",")
    if unknown := [name for name in options.only if name not in FIGURES]:
        parser.error(f"no such figure: {', '.join(unknown)} (there are: {', '.join(FIGURES)})")
    numbers = (options.rounds, options.seconds, options.scale, options.log_statements)
    if min(numbers) < 1 or options.memory_seconds < 20:
        parser.error("rounds, seconds, scale and log-statements must be at least 1, "
                     "memory-seconds at least 20")
    return options


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def limit(figure, value):
    if math.isinf(value):
        return ""
    return f"{'>=' if figure.at_least else '<='} {value:g}{'x' if figure.theirs else ''}"


def number(value):
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def table(figures):
    rows = [("figure", "unit", "rehearse", "peer", "ratio", "spread", "must", "aim", "reached")]
    for figure in figures:
        if not figure.ours:
            rows.append((figure.name, figure.unit, "", "", "", "", limit(figure, figure.must),
                         limit(figure, figure.aim), "not measured"))
            continue
        theirs = number(statistics.median(figure.theirs)) if figure.theirs else ""
        rows.append((
            figure.name, figure.unit, number(statistics.median(figure.ours)), theirs,
            f"{figure.judged:.2f}x" if theirs else "",
            "..".join(f"{value:.2f}" for value in figure.spread) if len(figure.ours) > 1 else "",
            limit(figure, figure.must), limit(figure, figure.aim), figure.reached))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "-" * max(map(len, lines)))
    lines += [f"{figure.name.strip()}: not measured: {figure.unmeasured}"
              for figure in figures if not figure.ours]
    return "\n".join(lines)


def document(figures, options, server):
    def finite(value):
        return None if math.isinf(value) else value
    return {
        "schema": "rehearse.bench/1",
        "machine": {"cores": os.cpu_count(), "kernel": platform.release(), "server": server},
        "rounds": options.rounds, "seconds": options.seconds, "scale": options.scale,
        "figures": [{
            "name": figure.name.strip(), "unit": figure.unit, "rehearse": figure.ours,
            "peer": figure.theirs, "peer_name": figure.peer if figure.theirs else None,
            "judged": figure.judged, "must": finite(figure.must), "aim": finite(figure.aim),
            "at_least": figure.at_least, "reached": figure.reached,
            "unmeasured": figure.unmeasured or None,
        } for figure in figures],
    }


def main():
    options = parse_arguments()
    out = pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    figures = []
    with Cluster(SETTINGS) as cluster:
        say(f"making pgbench's tables (scale {options.scale})")
        cluster.psql("CREATE DATABASE bench")
        pgbench = PgBench(cluster, "bench", options.scale)
        server = cluster.psql("SHOW server_version")
        ours = Rehearse(os.path.abspath(options.rehearse), cluster, "bench")
        options.follow = followed.ledger(os.path.abspath(options.ledger), cluster, "bench")
        options.follow_beside = followed.recvlogical(cluster, "bench")
        options.scans = lambda: Scans(os.path.abspath(options.rehearse), cluster, "bench",
                                      5_000_000)
        options.replays = lambda: Replays(os.path.abspath(options.rehearse), cluster, "bench", 16,
                                          options.seconds)
        bench = Bench(ours, pgbench, options.scale, options.rounds, options.seconds, say)
        for name in options.only:
            figures += FIGURES[name](bench, options)
            # After each, so that what took minutes is not lost to a later failure.
            (out / "figures.json").write_text(
                json.dumps(document(figures, options, server), indent=1) + "\n", encoding="utf-8")
    print(table(figures))
    say(f"written to {out / 'figures.json'}")
    missed = [figure.name for figure in figures if figure.reached in ("MISSED", "not measured")]
    return 1 if options.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
