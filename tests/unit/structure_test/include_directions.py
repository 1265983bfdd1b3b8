"""Checks who includes whom, over every C++ file of the tree.

    tests -> harness -> scenarios -> { workloads  checksum  reports }
             harness ---------------> { workloads  checksum  reports }

Prints every fault as file:line and exits with 1 when there is one.
"""
import pathlib
import re
import sys

GROUND_FLOOR = ("workloads", "checksum", "reports")
MAY_INCLUDE = {
    "workloads": {"workloads"},
    "checksum": {"checksum"},
    "reports": {"reports"},
    "scenarios": {"scenarios", *GROUND_FLOOR},
    "harness": {"harness", "scenarios", *GROUND_FLOOR},
    "tests": {"tests", "harness", "scenarios", *GROUND_FLOOR},
}

SOCKETS = r"sys/socket\.h|netdb\.h|arpa/.*|netinet/.*|poll\.h|sys/epoll\.h|boost/asio(/.*|\.hpp)"
DATABASE = r"libpq-fe\.h|libpq/.*|postgres_ext\.h|pqxx(/.*)?"
# The grammar as a library: pure computation, so the readers of scenarios and of logs may use it.
GRAMMAR = r"pg_query\.h"
THREADS = r"thread|mutex|shared_mutex|condition_variable|future|stop_token|pthread\.h"

# What a folder never contains, and why. A pattern matches the whole name between the brackets.
NEVER = [
    ("workloads", f"{SOCKETS}|{DATABASE}|{THREADS}", "pure computation"),
    ("checksum", f"{SOCKETS}|{DATABASE}|{GRAMMAR}|{THREADS}", "pure computation"),
    ("reports", f"{SOCKETS}|{DATABASE}|{GRAMMAR}", "does not know how a figure was measured"),
    ("scenarios", f"{SOCKETS}|{DATABASE}|{THREADS}", "no I/O beyond reading its file"),
    # Everything under harness/ but the engine's own folder.
    ("harness", DATABASE, "only harness/postgres/ knows PostgreSQL"),
]
ENGINE_FOLDERS = ("harness/postgres/",)

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')
SUFFIXES = {".hpp", ".cpp", ".h", ".cc"}


def faults_of_line(path, own, quoted, bracketed):
    """path: the including file relative to the root; own: its first folder."""
    if quoted is not None:
        if own == "tests":
            # A test may include what stands beside it; it may not climb.
            if ".." in quoted:
                yield f"'{quoted}': included from the root, not with '..'"
            return
        target = quoted.split("/", 1)[0]
        if "/" not in quoted or target not in MAY_INCLUDE:
            yield f"'{quoted}': included from the root, as \"folder/file.hpp\""
        elif target not in MAY_INCLUDE[own]:
            yield f"'{quoted}': {own}/ may not include {target}/"
        return
    for folder, pattern, reason in NEVER:
        if own != folder or path.startswith(ENGINE_FOLDERS):
            continue
        if re.fullmatch(pattern, bracketed):
            yield f"<{bracketed}>: not in {folder}/: {reason}"


def faults(root):
    for own in MAY_INCLUDE:
        for path in sorted((root / own).rglob("*")):
            if path.suffix not in SUFFIXES:
                continue
            relative = path.relative_to(root).as_posix()
            text = path.read_text(encoding="utf-8")
            for number, line in enumerate(text.splitlines(), start=1):
                if match := INCLUDE.match(line):
                    for fault in faults_of_line(relative, own, *match.groups()):
                        yield f"{relative}:{number}: {fault}"
            if path.suffix == ".hpp" and "#pragma once" not in text:
                yield f"{relative}:1: a header without '#pragma once'"


def main():
    root = pathlib.Path(sys.argv[1])
    if not (root / "workloads").is_dir():
        sys.exit(f"{root}: not the root of the tree")
    found = list(faults(root))
    print("\n".join(found) or "every include points the right way")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
