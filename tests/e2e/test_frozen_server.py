"""A server whose processes stand still answers nobody and refuses nobody: every wait must end anyway."""
import os
import signal
import subprocess
import time

import pytest

import probe
import results
import shop
from test_interruption import BRIEF, HOLD, IN_PHASE, phases_so_far
from test_server_loss import holds_its_lock, postmaster

pytestmark = pytest.mark.patient


@pytest.fixture
def freeze(throwaway):
    """Stops every process of the run's own server; they go on, and end, after the test."""
    stopped = set()

    def stop():
        # The postmaster first: then no new one appears.
        server = postmaster(throwaway)
        os.kill(server, signal.SIGSTOP)
        for pid in [server, *(pid for pid, _ in probe.processes_in(throwaway.temporary))]:
            os.kill(pid, signal.SIGSTOP)
            stopped.add(pid)

    yield stop
    for pid in stopped:
        try:
            os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            pass


@pytest.fixture
def nothing_left(throwaway, until):
    # Killed processes take a moment to go.
    return lambda: until(lambda: throwaway.left() == [], patience_s=10)


def assert_no_pass(ended, folder, code):
    result = results.read(folder)
    assert ended.code == result["exit_code"] == code, result["reasons"]
    assert result["verdict"] == "inconclusive"
    return result


@pytest.mark.parametrize("phase", ["during", "after"])
def test_a_frozen_server_ends_the_rehearsal_by_itself(throwaway, until, freeze, nothing_left,
                                                     phase):
    phases, steps = IN_PHASE[phase]
    child = throwaway.start(shop.scenario(*steps, workload={"statement_timeout": "1s"},
                                          phases=phases | {"after": "3s"}))
    until(lambda: phase in phases_so_far(throwaway.folder / "out"), child)
    if phase == "during":
        until(lambda: holds_its_lock(throwaway), child)
    freeze()

    ended = throwaway.rehearse.finish(child, timeout=170)

    result = assert_no_pass(ended, throwaway.folder / "out", 6)
    assert "timed out" in result["harness_error"]
    if phase == "during":
        assert "answered nobody" in result["steps"][0]["error"], result["steps"]
    nothing_left()


def test_a_frozen_server_does_not_keep_an_interrupted_run(throwaway, until, freeze,
                                                          nothing_left):
    child = throwaway.start(shop.scenario(HOLD, workload={"statement_timeout": "1s"},
                                          phases=BRIEF))
    until(lambda: holds_its_lock(throwaway), child)
    freeze()
    child.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(timeout=1)  # the first one lets the step end
    child.send_signal(signal.SIGINT)
    asked = time.monotonic()

    ended = throwaway.rehearse.finish(child, timeout=90)

    result = assert_no_pass(ended, throwaway.folder / "out", 130)
    assert result["interrupted"] is True
    assert result["steps"][0]["outcome"] == "interrupted", result["steps"]
    assert time.monotonic() - asked < 75
    nothing_left()
