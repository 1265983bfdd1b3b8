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
        self._child = subprocess.Popen(command, cwd=folder, env=environment, stdin=slave,
                                       stdout=slave, stderr=slave, start_new_session=True)
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

    def finish(self):
        code = self._child.wait(timeout=120)
        self._reader.join(timeout=10)
        os.close(self._master)
        return code, self._shown.decode()


@pytest.fixture
def on_terminal(program, rehearse, shop_database, scenario):
    def run(content, *arguments, environment=None, columns=80):
        terminal = Terminal(
            [program, "run", scenario(content), "--db", shop_database.uri, "--out", "out",
             *arguments], rehearse.folder,
            rehearse.environment({"TERM": "xterm-256color"} | (environment or {})), columns)
        return terminal.finish()
    return run


def lines_of(shown):
    plain = OWN.sub("\n", shown) if "\r\x1b[K" in shown else OWN.sub("", shown)
    return plain.replace("\r", "").split("\n")


def test_progress_is_live_and_everything_fits_in_80_columns(on_terminal):
    code, shown = on_terminal(shop.scenario(shop.NAIVE))

    assert code == 1
    assert "\r\x1b[K" in shown, "no live line"
    for part in ("warmup", "before", "during", "p99", "blocked", "/s"):
        assert part in shown
    assert "\x1b[3" in shown or "\x1b[1" in shown, "no colour on a terminal"
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    long = [line for line in re.split(r"\r\x1b\[K|\r\n", plain) if len(line) > 80]
    assert long == []


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
