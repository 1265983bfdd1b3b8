"""What a person sees: a real terminal of 80 columns, and names that would play tricks on it."""
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import threading

import pytest

import results
import shop
from shop import NOTHING

# What the program itself may send: colours, and a line that is drawn anew.
OWN = re.compile(r"\x1b\[[0-9;]*m|\r\x1b\[K")
# A table whose name clears the screen, sets the title, rings, and turns the text around.
HOSTILE = "evil\x1b[2J\x1b]0;owned\x07\u202egnp.exe\u202c"


class Terminal:
    """Runs the program on a pseudo terminal and keeps all that it shows."""

    def __init__(self, command, folder, environment, columns=80):
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self._child = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True,  # and the terminal is that session's, so that Ctrl-C works
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)
        self._shown = b""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        while True:
            select.select([self._master], [], [])
            try:
                piece = os.read(self._master, 65536)
            except OSError:  # Linux: the other side is closed
                return
            if not piece:
                return
            self._shown += piece

    @property
    def shown(self):
        return self._shown.decode(errors="replace")

    @property
    def child(self):
        return self._child

    def press(self, key):
        os.write(self._master, key)

    def finish(self):
        code = self._child.wait(timeout=120)
        self._reader.join(timeout=10)
        os.close(self._master)
        return code, self._shown.decode()


@pytest.fixture
def started(program, rehearse, shop_database, scenario):
    def start(content, *arguments, environment=None, columns=80):
        return Terminal(
            [program, "run", scenario(content), "--db", shop_database.uri, "--out", "out",
             *arguments], rehearse.folder,
            rehearse.environment({"TERM": "xterm-256color"} | (environment or {})), columns)
    return start


@pytest.fixture
def on_terminal(started):
    return lambda *arguments, **settings: started(*arguments, **settings).finish()


def lines_of(shown):
    plain = OWN.sub("\n", shown) if "\r\x1b[K" in shown else OWN.sub("", shown)
    return plain.replace("\r", "").split("\n")


def test_progress_is_live_and_everything_fits_in_80_columns(on_terminal):
    code, shown = on_terminal(shop.scenario(
        shop.NAIVE | {"name": "add the column region to orders at once, as our tool would do it"},
        phases=shop.SHORT | {"warmup": "1s"}))

    assert code == 1
    assert "\r\x1b[K" in shown, "no live line"
    for part in ("warmup", "before", "during", " s left", "p99", "blocked", "/s"):
        assert part in shown
    assert "\x1b[3" in shown or "\x1b[1" in shown, "no colour on a terminal"
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    long = [line for line in re.split(r"\r\x1b\[K|\r\n", plain) if len(line) > 80]
    assert long == []
    # What tells of trouble is not what is cut.
    during = [line for line in re.split(r"\r\x1b\[K|\r\n", plain) if line.startswith("during |")]
    assert during and all(re.search(r"/s \| p99 .*\| blocked \d+ \|", line) for line in during)
    assert any("| add the" in line for line in during), during


def test_ctrl_c_on_the_terminal_lets_the_users_tool_end(started, rehearse, until):
    """The terminal sends it to everybody in its foreground; the tool must not be among them."""
    tool = {"name": "our tool", "command": [
        "sh", "-c", "touch begun; until [ -e go_on ]; do sleep 0.02; done; echo ended by itself"]}
    terminal = started(shop.scenario(tool, {"name": "next", "sql": "CREATE TABLE never ()"}))
    until(lambda: (rehearse.folder / "begun").exists(), terminal.child)
    terminal.press(b"\x03")
    until(lambda: "once more cancels" in terminal.shown, terminal.child)
    (rehearse.folder / "go_on").touch()

    code, shown = terminal.finish()

    result = results.read(rehearse.folder / "out")
    assert (code, result["interrupted"]) == (130, True), shown
    assert results.step(result, "our tool")["outcome"] == "ok", result["steps"]
    assert "ended by itself" in (rehearse.folder / "out" / "migration.log").read_text()
    assert [step["outcome"] for step in result["steps"]][1:] in ([], ["skipped"])


def test_no_color_is_honoured(on_terminal):
    _, shown = on_terminal(shop.scenario(NOTHING), "--quiet",
                           environment={"NO_COLOR": "1"})

    assert "\x1b" not in shown, "quiet and without colour: nothing but text"
    assert "exit code" in shown


def test_a_hostile_name_has_no_power_over_the_terminal(on_terminal, rehearse, shop_database):
    quoted = '"' + HOSTILE + '"'
    shop_database.execute(f"CREATE TABLE {quoted} (id int PRIMARY KEY)")
    code, shown = on_terminal(shop.scenario(
        {"name": "touch it", "sql": f"LOCK TABLE {quoted}; SELECT pg_sleep(0.2)"},
        {"name": "fail on it", "sql": f"ALTER TABLE {quoted} ADD COLUMN id int"},
        workload={"operations": [
            {"name": "read", "weight": 1, "sql": f"SELECT count(*) FROM {quoted}"}]}))

    assert code == 5
    left = OWN.sub("", shown)
    assert "\x1b" not in left and "\x07" not in left
    assert "\u202e" not in left and "\u202c" not in left
    assert "evil" in left, "it is named all the same"
    for name in ("summary.md", "events.ndjson", "migration.log"):
        text = (rehearse.folder / "out" / name).read_text()
        assert "\x1b" not in text and "\x07" not in text, name
    assert "\u202e" not in (rehearse.folder / "out" / "summary.md").read_text()


def test_a_refusal_that_quotes_a_hostile_name_is_harmless(rehearse, scenario, shop_database):
    quoted = '"' + HOSTILE + '"'
    ended = rehearse("run", scenario(shop.scenario(NOTHING, workload={"operations": [
        {"name": "read", "weight": 1, "sql": f"SELECT count(*) FROM {quoted}"}]})),
        "--db", shop_database.uri, "--out", "out")

    assert ended.code == 2
    assert "evil" in ended.err
    assert not set("\x1b\x07\u202e") & set(ended.err)
