"""`./run` before anything is built: what it says, installs, and refuses. Package tools are stand-ins
that write down what they were asked; nothing of this machine is changed."""
import os
import pathlib
import subprocess

import pytest

SCRIPT = pathlib.Path(__file__).parents[2] / "run"


@pytest.fixture
def tools(tmp_path):
    """A PATH whose package manager knows no installed package and installs none."""
    folder = tmp_path / "tools"
    folder.mkdir()

    def make(name, text):
        (folder / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (folder / name).chmod(0o755)

    make("dpkg-query", "exit 1")
    make("apt-get", f'echo "$@" >>"{tmp_path}/asked"')
    make("sudo", 'while [ "$1" = -n ]; do shift; done; exec "$@"')
    return folder


@pytest.fixture
def run_script(tools, tmp_path):
    def ran(*arguments, **environment):
        done = subprocess.run(
            [SCRIPT, *arguments], text=True, capture_output=True, check=False, timeout=60,
            stdin=subprocess.DEVNULL, cwd=tmp_path, env=os.environ | environment | {
                "PATH": f"{tools}:{os.environ['PATH']}"})
        assert not done.stdout or arguments[0] == "help", "stdout is the program's"
        return done
    return ran


def asked(tmp_path):
    path = tmp_path / "asked"
    return path.read_text().splitlines() if path.exists() else []


def test_what_is_missing_is_listed_where_it_may_not_be_installed(run_script, tmp_path):
    done = run_script("build", REHEARSE_NO_INSTALL="1")

    assert done.returncode == 6, "no verdict: the harness could not do its work"
    assert "missing and cannot be installed" in done.stderr
    listed = [line.strip() for line in done.stderr.splitlines() if line.startswith("  ")]
    assert {"libpq-dev", "libpqxx-dev", "libpg-query-dev"} <= set(listed)
    assert f"apt-get install {' '.join(listed)}" in done.stderr
    assert asked(tmp_path) == []


def test_what_is_installed_is_said_first_and_looked_for_again(run_script, tmp_path):
    done = run_script("build")

    lines = done.stderr.splitlines()
    said = next(line for line in lines if "installing with apt:" in line)
    update, install = asked(tmp_path)
    assert update.startswith("update")
    assert install.startswith("install") and "--no-remove" in install
    for package in said.partition("apt: ")[2].split():
        assert package in install.split()
    # The stand-in installed nothing: that is found out before the build would fail over it.
    assert done.returncode == 6
    assert "installed, but still not found: " in lines[-1]


def test_a_machine_without_apt_is_told_what_is_needed(run_script, tools):
    for name in ("apt-get", "dpkg-query"):
        (tools / name).unlink()
    only = tools.parent / "only"
    only.mkdir()
    for name in ("bash", "env", "dirname", "readlink"):
        (only / name).symlink_to(subprocess.run(
            ["which", name], text=True, capture_output=True, check=True).stdout.strip())

    done = subprocess.run([SCRIPT, "build"], text=True, capture_output=True, check=False,
                          env={"PATH": str(only)})

    assert done.returncode == 6
    assert "REHEARSE_NO_CHECK=1" in done.stderr and "libpg_query" in done.stderr


def test_help_and_mistakes(run_script):
    assert "./run demo" in run_script("help").stdout
    for wrong in (("frobnicate",), ("build", "more"), ("test", "--frobnicate")):
        done = run_script(*wrong)
        assert done.returncode == 2, wrong
        assert "./run demo" in done.stderr
