"""Runs a client program and says what it cost."""
import dataclasses
import os
import subprocess
import tempfile


@dataclasses.dataclass(frozen=True)
class Cost:
    cpu_s: float  # user + system, of the process and the children that it waited for
    peak_memory_mb: float
    exit_code: int
    stdout: str
    stderr: str


def run(command, environment, folder):
    """The kernel's own accounting (wait4), so that both contenders are measured from outside.

    The peak of memory holds what this interpreter had when it forked (some 20 MB), so it never
    understates.
    """
    with tempfile.TemporaryFile("w+", dir=folder) as out, \
            tempfile.TemporaryFile("w+", dir=folder) as err:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                   env=environment, cwd=folder)
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, process.returncode,
                    out.read(), err.read())
