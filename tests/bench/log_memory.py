"""What reading a log keeps in memory for each of its statements, beside the mapped file."""
import json
import os
import pathlib
import shutil

import client
from figures import Figure

SESSIONS_AT_ONCE, STATEMENTS_A_SESSION = 100, 1000

SHAPES = (
    ("SELECT", "SELECT a FROM t WHERE id = $1"),
    ("UPDATE", "UPDATE t SET a = a + 1 WHERE id = $1"),
    ("INSERT", "INSERT INTO u (id) VALUES ($1)"),
    ("DELETE", "DELETE FROM u WHERE id = $1"),
)
LONGEST_LINE = 300  # bytes


def write_short_csvlog(path, statements):
    """Timed statements with a parameter each, of sessions that come and go."""
    with open(path, "w", encoding="ascii") as file:
        for first in range(0, statements, 10_000):
            file.writelines(map(_line, range(first, min(first + 10_000, statements))))


def _line(number):
    session = number // (SESSIONS_AT_ONCE * STATEMENTS_A_SESSION) * SESSIONS_AT_ONCE \
        + number % SESSIONS_AT_ONCE
    tag, text = SHAPES[number // SESSIONS_AT_ONCE % len(SHAPES)]
    seconds = number // 10_000
    return (f'2024-03-01 {10 + seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.'
            f'{number // 10 % 1000:03} UTC,"u","d",{1000 + session},"[local]",65e1a2b1.'
            f'{1000 + session:x},{number // SESSIONS_AT_ONCE % STATEMENTS_A_SESSION + 1},"{tag}",'
            f'2024-03-01 10:00:00 UTC,3/{number},0,LOG,00000,"duration: 0.0{number % 90 + 10} ms  '
            f'execute <unnamed>: {text}","parameters: $1 = \'{number}\'",,,,,,,,"",'
            '"client backend",,0\n')


def log_memory(program, out, statements):
    """Bytes a statement at the peak of `workload inspect`."""
    path = pathlib.Path(out).resolve() / "short.csv"
    wanted, left_free = statements * LONGEST_LINE, 2 << 30
    name = f"memory for a log of {statements / 1e6:g} M statements"
    if shutil.disk_usage(path.parent).free < wanted + left_free:
        return [Figure(name, "B each", [], [], 64, 32,
                       unmeasured=f"the disk has no room for {wanted / 1e9:.1f} GB of log")]
    try:
        write_short_csvlog(path, statements)
        cost = client.run([program, "workload", "inspect", str(path), "--json", "--quiet"],
                          dict(os.environ), path.parent, memory_interval_s=0.005)
    finally:
        path.unlink(missing_ok=True)
    if cost.exit_code != 0:
        raise RuntimeError(cost.stderr.strip())
    read = json.loads(cost.stdout)["statements"]["count"]
    if read != statements:
        raise RuntimeError(f"rehearse read {read} of {statements} statements")
    return [Figure(name, "B each", [cost.peak_anonymous_bytes / statements], [], 64, 32)]
