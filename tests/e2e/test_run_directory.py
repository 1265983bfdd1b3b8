"""What a rehearsal leaves: every figure where DESIGN.md says, each agreeing with the others."""
import base64
import json
import struct
import zlib

import pytest

import results
import shop

NUMBER = (int, float)
TEXT_OR_NULL = (str, type(None))
NUMBER_OR_NULL = (int, float, type(None))

QUANTILES = {name: NUMBER for name in ("mean", "p50", "p90", "p95", "p99", "p99_9", "max")}
BLOCKER = {"pid": int, "kind": str, "step": TEXT_OR_NULL, "operation": TEXT_OR_NULL, "query": str}
# The keys that other programs may rely on; a list's only entry is the form of each.
FORM = {
    "schema": str, "verdict": str, "exit_code": int, "reasons": [str], "interrupted": bool,
    "run": {"id": str, "started_at": str, "finished_at": str, "seed": int, "scenario": str,
            "version": str, "duration_s": NUMBER},
    "target": {"engine": str, "version": str, "throwaway": bool, "database": str,
               "settings": dict, "environment": dict},
    "phases": [{"name": str, "start_s": NUMBER, "end_s": NUMBER}],
    "steps": [{"name": str, "kind": str, "start_s": NUMBER, "end_s": NUMBER, "outcome": str,
               "attempts": [{"start_s": NUMBER, "end_s": NUMBER, "outcome": str,
                             "error": TEXT_OR_NULL}],
               "rows": int, "rewrote": [str], "wal_bytes": NUMBER_OR_NULL, "error": TEXT_OR_NULL,
               "locks": [{"relation": str, "mode": str, "held_s": NUMBER, "waited_s": NUMBER}]}],
    "operations": [{"name": str, "app": str, "phases": {
        phase: {"count": int, "rate": NUMBER_OR_NULL, "errors": dict, "retries": int,
                "response_ms": QUANTILES, "service_ms": QUANTILES, "stall_max_s": NUMBER}
        for phase in ("before", "during", "after")}}],
    "locks": {"sample_interval_ms": NUMBER, "samples": int, "lost_samples": int,
              "max_wait_ms": NUMBER, "max_blocked": int, "victim_seconds": NUMBER,
              "deadlocks": int,
              "episodes": [{"start_s": NUMBER, "end_s": NUMBER, "blocker": BLOCKER,
                            "relation": str, "mode": str, "max_blocked": int,
                            "victim_seconds": NUMBER, "longest_wait_ms": NUMBER,
                            "victims": [{"operation": str, "count": int,
                                         "longest_wait_ms": NUMBER}]}]},
    "recovery": {"backlog_max": int, "recovered_after_s": NUMBER_OR_NULL},
    "replication": {"max_lag_s": NUMBER_OR_NULL, "max_lag_bytes": NUMBER_OR_NULL},
    "verification": (dict, type(None)),
    "generator": {"lag_ms": {"p50": NUMBER, "p99": NUMBER, "max": NUMBER}, "unsent": int,
                  "cpu_s": NUMBER, "cpu_us_per_operation": NUMBER},
    "observer": {"cpu_s": NUMBER, "queries": int, "mean_query_ms": NUMBER},
    "gates": [{"name": str, "limit": str, "observed": str, "verdict": str, "detail": str}],
}


def departures(value, form, path=""):
    """Where a document is not of its form."""
    if isinstance(form, dict):
        if not isinstance(value, dict):
            return [f"{path} is {value!r}"]
        found = [f"{path}.{key} is missing" for key in form if key not in value]
        for key in form:
            if key in value:
                found += departures(value[key], form[key], f"{path}.{key}")
        return found
    if isinstance(form, list):
        if not isinstance(value, list):
            return [f"{path} is {value!r}"]
        return [each for i, entry in enumerate(value)
                for each in departures(entry, form[0], f"{path}[{i}]")]
    # bool is an int in Python, not in JSON.
    right = isinstance(value, form) and (not isinstance(value, bool) or form is bool)
    return [] if right else [f"{path} is {value!r}"]


@pytest.fixture(scope="module")
def finished(module_throwaway):
    """One run of everything that fills a record: a backfill, a queue behind a lock, a deploy."""
    ended, result = module_throwaway.run(shop.scenario(
        *shop.SAFE,
        {"name": "hold", "sql": "LOCK TABLE orders; SELECT pg_sleep(0.5)"},
        {"name": "deploy", "deploy": "new"},
        phases=shop.SHORT | {"before": "1500ms"}))
    return ended, result, module_throwaway


@pytest.fixture(scope="module")
def result(finished):
    return finished[1]


@pytest.fixture(scope="module")
def folder(finished):
    return finished[2].folder / "out"


def test_result_json_has_every_key_that_others_may_rely_on(result):
    assert departures(result, FORM) == []
    assert result["schema"] == "rehearse.result/1"
    assert all(result[key] for key in ("steps", "operations", "gates", "phases"))
    assert result["locks"]["episodes"], "the form of an episode was not looked at"
    assert result["target"]["engine"] == "postgresql"
    assert result["target"]["throwaway"] is True
    assert result["verification"] is None, "nothing was verified, and nothing says it was"


def test_the_phases_follow_each_other_without_a_gap(result):
    phases = result["phases"]
    assert [phase["name"] for phase in phases] == ["warmup", "before", "during", "after"]
    for one, next_one in zip(phases, phases[1:]):
        assert one["end_s"] == next_one["start_s"]
    lengths = {phase["name"]: phase["end_s"] - phase["start_s"] for phase in phases}
    assert lengths["warmup"] >= 0.2 and lengths["before"] >= 1.5 and lengths["after"] >= 1
    assert phases[-1]["end_s"] <= result["run"]["duration_s"]


def test_the_steps_lie_within_the_migration_one_after_another(result):
    during = next(phase for phase in result["phases"] if phase["name"] == "during")
    at = during["start_s"]
    for step in result["steps"]:
        assert at <= step["start_s"] <= step["end_s"] <= during["end_s"] + 1e-6, step["name"]
        at = step["end_s"]
        for attempt in step["attempts"]:
            assert step["start_s"] <= attempt["start_s"] <= attempt["end_s"] <= step["end_s"]
    hold = results.step(result, "hold")
    assert hold["end_s"] - hold["start_s"] >= 0.5
    assert [step["kind"] for step in result["steps"]] == ["sql", "backfill", "sql", "deploy"]


def test_the_figures_of_each_operation_agree_with_each_other(result):
    lengths = {phase["name"]: phase["end_s"] - phase["start_s"] for phase in result["phases"]}
    for operation in result["operations"]:
        for name, phase in operation["phases"].items():
            assert phase["count"] > 0
            assert phase["rate"] == pytest.approx(phase["count"] / lengths[name], rel=1e-3)
            for times in (phase["response_ms"], phase["service_ms"]):
                ladder = [times[key] for key in ("p50", "p90", "p95", "p99", "p99_9", "max")]
                assert ladder == sorted(ladder)
                assert 0 < times["mean"] <= times["max"]
            # Who is served later than due waited longer than it was served; 1 % is the
            # histogram's own error.
            for key in ("p50", "p99", "max", "mean"):
                assert phase["response_ms"][key] >= 0.98 * phase["service_ms"][key]


def test_each_second_adds_up_to_what_the_phases_count(result):
    done = sum(second["done"] for second in result["seconds"])
    counted = sum(phase["count"] for operation in result["operations"]
                  for phase in operation["phases"].values())
    warmup = result["phases"][0]["end_s"] - result["phases"][0]["start_s"]
    # The warm-up is in the seconds and in no phase; 200 due in a second, Poisson.
    assert counted < done <= counted + 200 * warmup + 60 + 8


def test_an_episode_tells_who_waited_for_whom(result):
    episode = max(result["locks"]["episodes"], key=lambda each: each["longest_wait_ms"])
    assert episode["blocker"]["kind"] == "step"
    assert episode["blocker"]["step"] == "hold"
    assert episode["mode"] == "AccessExclusiveLock"
    assert episode["relation"].split(".")[-1] == "orders"
    assert {each["operation"] for each in episode["victims"]} <= {"read_order", "place_order"}
    assert sum(each["count"] for each in episode["victims"]) >= episode["max_blocked"] > 0
    assert max(each["longest_wait_ms"] for each in episode["victims"]) == pytest.approx(
        episode["longest_wait_ms"])
    assert result["locks"]["max_wait_ms"] == pytest.approx(max(
        each["longest_wait_ms"] for each in result["locks"]["episodes"]))
    step = results.step(result, "hold")
    assert step["start_s"] - 0.1 <= episode["start_s"] <= episode["end_s"] <= step["end_s"] + 1


def test_every_line_of_the_events_is_json_of_one_kind(folder, result):
    events = [json.loads(line) for line in (folder / "events.ndjson").read_text().splitlines()]

    assert all(isinstance(event["time_s"], NUMBER) and event["type"] for event in events), events
    phases = [event["phase"] for event in events if event["type"] == "phase"]
    assert phases == ["warmup", "before", "during", "after"]
    assert any(event["type"] == "locks" and event["waiting"] > 0 for event in events)
    assert {event.get("step") for event in events} >= {step["name"] for step in result["steps"]}


def test_the_migration_log_tells_each_step(folder, result):
    log = (folder / "migration.log").read_text()
    assert "schema.sql" in log
    for step in result["steps"]:
        assert f"[{step['name']}]" in log


def test_the_summary_for_people_says_the_same(folder, result):
    summary = (folder / "summary.md").read_text()
    assert result["verdict"] in summary.splitlines()[0]
    for operation in result["operations"]:
        assert operation["name"] in summary.replace("\\", "")
    for step in result["steps"]:
        assert step["name"] in summary
    assert str(result["run"]["seed"]) in summary


def recorded(line):
    """How many values one line of an HdrHistogram interval log holds (its V2 encoding)."""
    outer = base64.b64decode(line.rsplit(",", 1)[1])
    cookie, length = struct.unpack_from(">ii", outer)
    assert cookie & ~0xf0 == 0x1c849304
    inner = zlib.decompress(outer[8:8 + length])
    cookie, size = struct.unpack_from(">ii", inner)
    assert cookie & ~0xf0 == 0x1c849303
    data, at, total = inner[40:40 + size], 0, 0
    while at < len(data):
        value = shift = 0
        for place in range(9):
            byte = data[at]
            at += 1
            if place == 8:
                value |= byte << shift
                break
            value |= (byte & 0x7f) << shift
            shift += 7
            if byte & 0x80 == 0:
                break
        signed = (value >> 1) ^ -(value & 1)
        total += max(signed, 0)  # a negative one is a run of empty buckets
    return total


def test_the_histograms_hold_what_was_counted(folder, result):
    for operation in result["operations"]:
        lines = [line for line in
                 (folder / "histograms" / f"{operation['name']}.hlog").read_text().splitlines()
                 if line.startswith("Tag=")]
        counted = sum(phase["count"] for phase in operation["phases"].values())
        total = sum(recorded(line) for line in lines)
        # The warm-up is in the log: 40 due of both operations.
        assert counted <= total <= counted + 100
        assert {line.split(",")[0] for line in lines} == {
            f"Tag={operation['name']}/old", f"Tag={operation['name']}/new"}


def test_nobody_else_can_read_it(folder):
    names = {path.name for path in folder.iterdir()}
    assert {"result.json", "report.html", "summary.md", "events.ndjson", "migration.log",
            "histograms"} <= names
    assert [path for path in folder.rglob("*")
            if path.is_file() and path.stat().st_mode & 0o777 != 0o600] == []
    assert [path for path in folder.rglob("*") if path.name.endswith(".part")] == []


def test_nothing_else_is_left(finished):
    assert finished[2].left() == []


def test_the_terminal_tells_the_same_in_a_hundred_columns(finished):
    ended, result, _ = finished
    assert ended.out.splitlines()[0].startswith(result["verdict"].upper())
    assert ended.out.splitlines()[0].endswith(f"exit code {ended.code}")
    assert max(map(len, ended.out.splitlines())) <= 100
    assert "\x1b" not in ended.out + ended.err, "colours without a terminal"
