"""`./run` before anything is built: what it says, installs, and refuses. Package tools are stand-ins
that write down what they were asked; nothing of this machine is changed."""
import os
import pathlib
import shutil
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


CLUSTERS = pathlib.Path("/etc/postgresql-common")
SERVERS = pathlib.Path("/usr/lib/postgresql")
PLAIN_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


def test_the_servers_package_is_installed_without_a_cluster_that_starts(tools, tmp_path):
    """Debian's package makes and starts one unless its settings say otherwise: in a private view of
    this machine, which has no server and settings of its own."""
    if not (CLUSTERS.is_dir() and SERVERS.is_dir()) or shutil.which("initdb", path=PLAIN_PATH):
        pytest.skip("no Debian server package whose absence could be pretended")
    settings = tmp_path / "settings"
    settings.mkdir()
    mine = "# mine\ncreate_main_cluster = true\nstart_conf = 'auto'\n"
    (settings / "createcluster.conf").write_text(mine)
    (tools / "apt-get").write_text(f'''#!/bin/sh
echo "$@" >>"{tmp_path}/asked"
case "$*" in *" postgresql") cp {CLUSTERS}/createcluster.conf "{tmp_path}/during";; esac
''')
    view = (f"mount --bind '{settings}' {CLUSTERS} && mount -t tmpfs none {SERVERS} && exec \"$@\"")
    done = subprocess.run(["unshare", "-m", "sh", "-c", view, "sh", SCRIPT, "build"], text=True,
                          capture_output=True, check=False, timeout=60, stdin=subprocess.DEVNULL,
                          env=os.environ | {"PATH": f"{tools}:{PLAIN_PATH}"})
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip("only root can have a view of its own")

    common, server = [line for line in asked(tmp_path) if "postgresql" in line.split()[-1]]
    assert common.endswith(" postgresql-common"), "whose settings they are"
    assert server.endswith(" postgresql")
    during = (tmp_path / "during").read_text().splitlines()
    assert [line for line in during if "create_main_cluster" in line] == [
        "create_main_cluster = false"]
    assert "start_conf = 'auto'" in during
    # Afterwards everything is as it was.
    assert [path.name for path in settings.iterdir()] == ["createcluster.conf"]
    assert (settings / "createcluster.conf").read_text() == mine
    assert done.returncode == 6 and "still not found: " in done.stderr


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
    assert "Node.js 18 with npm" in done.stderr


def test_help_and_mistakes(run_script):
    assert "./run demo" in run_script("help").stdout
    for wrong in (("frobnicate",), ("build", "more"), ("test", "--frobnicate")):
        done = run_script(*wrong)
        assert done.returncode == 2, wrong
        assert "./run demo" in done.stderr
