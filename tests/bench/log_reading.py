"""Reading a csvlog beside pgreplay, which parses it with `-f -c` into a file of its own."""
import os
import pathlib
import re
import shutil
import subprocess

from figures import Figure


def write_csvlog(path, megabytes):
    """As `pgbench -M prepared` leaves it under log_statement = all, which is what pgreplay reads."""
    with open(path, "w", encoding="ascii") as file:
        number = 0
        while file.tell() < megabytes << 20:
            lines = []
            for _ in range(10_000):
                number += 1
                session = number % 16
                pid = 4700 + session
                stamp = f"2024-03-01 10:{number // 600_000 % 60:02}:{number // 10_000 % 60:02}" \
                        f".{number // 10 % 1000:03} UTC"
                lines.append(
                    f'{stamp},"postgres","bench",{pid},"[local]",65e1a2b1.{pid:x},{number // 16 + 1},'
                    f'"UPDATE",2024-03-01 09:59:00 UTC,{session}/{number},{number},LOG,00000,"execute '
                    'P0_4: UPDATE pgbench_accounts SET abalance = abalance + $1 WHERE aid = $2;",'
                    f'"parameters: $1 = \'-{number % 5000}\', $2 = \'{number * 7919 % 9_000_000}\'"'
                    ',,,,,,,,"pgbench","client backend",,-1806446361240379341\n')
            file.writelines(lines)


def log_reading(program, out, rounds, megabytes=255):
    """MB/s of CPU time, one core each."""
    path = pathlib.Path(out) / "log.csv"
    write_csvlog(path, megabytes)
    size = path.stat().st_size / 1e6
    pgreplay = shutil.which("pgreplay")
    ours, theirs = [], []
    try:
        for _ in range(rounds):
            said = subprocess.run(
                [program, "--benchmark_filter=^csvlog$", "--benchmark_format=csv"], text=True,
                env=os.environ | {"REHEARSE_BENCH_CSV": str(path)}, capture_output=True, check=True)
            milliseconds = float(re.search(r'^"csvlog",\d+,[^,]+,([^,]+),ms', said.stdout, re.M)[1])
            ours.append(size / milliseconds * 1e3)
            if pgreplay:
                before = os.times()
                subprocess.run([pgreplay, "-f", "-c", "-o", "/dev/null", str(path)],
                               capture_output=True, check=True)
                after = os.times()
                spent = (after.children_user + after.children_system
                         - before.children_user - before.children_system)
                theirs.append(size / spent)
    finally:
        path.unlink()
    if theirs:
        return [Figure("csvlog read, one core", "MB/s", ours, theirs, 3, 6, True, "pgreplay")]
    return [Figure("csvlog read, one core", "MB/s", ours, [], 340, 670, True)]
