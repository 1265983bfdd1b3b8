"""Runs a client program and says what it cost."""
import dataclasses
import os
import statistics
import subprocess
import tempfile
import threading
import time


@dataclasses.dataclass(frozen=True)
class Cost:
    wall_s: float
    cpu_s: float  # user + system, of the process and the children that it waited for
    peak_memory_mb: float
    peak_anonymous_bytes: int  # of memory beside mapped files
    memory_growth_mb_per_s: float  # over the last two thirds of the run
    exit_code: int
    stdout: str
    stderr: str


class MemoryWatch:
    """The resident size of a running process, looked up every so many seconds.

    Looked up while it runs, because the kernel's figure at the end (ru_maxrss) starts with what this
    interpreter had when it forked: some 20 MB, which would hide the first minutes' growth. The peak
    only ever rises, so at most what came after the last look is missed. Of anonymous memory the
    kernel keeps no peak: what comes and goes between two looks is missed.
    """

    def __init__(self, pid, interval_s):
        self.peak_mb = 0.0
        self.peak_anonymous_bytes = 0
        self._interval_s = interval_s
        self._samples = []  # (seconds since the start, MB)
        self._path = f"/proc/{pid}/status"
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self):
        self._over.set()
        self._thread.join()

    @property
    def growth_mb_per_s(self):
        """Start-up and the first of everything are not growth: the first third does not count."""
        kept = self._samples[len(self._samples) // 3:]
        if len(kept) < 2:
            return 0.0
        return statistics.linear_regression(*zip(*kept)).slope

    def _watch(self):
        start = time.monotonic()
        while not self._over.wait(self._interval_s):
            with open(self._path, encoding="ascii", errors="replace") as status:
                sizes = dict(line.split(":", 1) for line in status)
            if "VmRSS" not in sizes:  # it has just ended
                return
            self.peak_mb = int(sizes["VmHWM"].split()[0]) / 1024
            self.peak_anonymous_bytes = max(self.peak_anonymous_bytes,
                                            int(sizes["RssAnon"].split()[0]) * 1024)
            self._samples.append((time.monotonic() - start,
                                  int(sizes["VmRSS"].split()[0]) / 1024))


def run(command, environment, folder, memory_interval_s=0.5):
    """CPU is the kernel's own accounting (wait4), so both contenders are measured from outside."""
    with tempfile.TemporaryFile("w+", dir=folder) as out, \
            tempfile.TemporaryFile("w+", dir=folder) as err:
        begin = time.monotonic()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                   env=environment, cwd=folder)
        memory = MemoryWatch(process.pid, memory_interval_s)
        try:
            # Left a zombie at first: its /proc entry must stay until the watch is over.
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
            wall = time.monotonic() - begin
            memory.stop()
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            memory.stop()
            process.wait()
            raise
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        return Cost(wall, usage.ru_utime + usage.ru_stime, memory.peak_mb,
                    memory.peak_anonymous_bytes, memory.growth_mb_per_s, process.returncode,
                    out.read(), err.read())
