"""What a run directory still tells when the rehearsal is over: drawn, judged and compared again."""
import json
import shutil
import signal

import pytest

import results
import shop

DRAWN = ("report.html", "summary.md", "junit.xml", "metrics.txt")
DAMAGE = {"name": "damage", "sql": "UPDATE customers SET orders = orders + 5 WHERE id = 3"}
# Whatever a busy machine makes of a second's run.
GENEROUS = "errors: 0\nlock_wait.max: 1h\nread_order.response.p99: 1h\n"


class Stored:
    """A run directory, and the program in the folder in which the run was made."""

    def __init__(self, throwaway, out, ended):
        self.program = throwaway.rehearse
        self.folder = throwaway.folder / out
        self.ended = ended
        self.result = results.read(self.folder)

    def copy(self, to):
        """The run under another path, for tests that write into it."""
        return shutil.copytree(self.folder, to / self.folder.name)


@pytest.fixture(scope="module")
def good(module_throwaway):
    ended, result = module_throwaway.run(shop.scenario(*shop.SAFE), out="good")
    results.assert_nothing_found(ended, result)
    return Stored(module_throwaway, "good", ended)


@pytest.fixture(scope="module")
def failed(module_throwaway):
    """A gate fails in it, and data was damaged."""
    ended, _ = module_throwaway.run(
        shop.scenario(shop.NAIVE, DAMAGE, verify={"tables": ["customers"], "live": "off"}),
        out="failed")
    assert ended.code == 4, ended.err
    return Stored(module_throwaway, "failed", ended)


@pytest.fixture(params=["good", "failed"])
def stored(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def write(tmp_path):
    def written(text, name="gates.yaml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path
    return written


def files_of(folder):
    return {path.relative_to(folder): (path.read_bytes(), path.stat().st_mtime_ns)
            for path in folder.rglob("*") if path.is_file()}


def without_times(files):
    return {path: content for path, (content, _) in files.items()}


# --- report

def test_every_report_is_drawn_again_as_it_was(stored, tmp_path):
    copy = stored.copy(tmp_path)
    first = without_times(files_of(copy))
    for name in DRAWN:
        (copy / name).unlink()

    ended = stored.program("report", copy)

    assert (ended.code, ended.err) == (0, ""), "the run's own verdict is not the report's"
    assert str(copy) in ended.out
    again = without_times(files_of(copy))
    assert again.keys() == first.keys()
    assert [str(path) for path in first if again[path] != first[path]] == []
    assert all((copy / name).stat().st_mode & 0o777 == 0o600 for name in DRAWN)


def test_drawing_again_leaves_alone_what_was_measured(good, tmp_path):
    copy = good.copy(tmp_path)
    before = files_of(copy)

    assert good.program("report", copy).code == 0

    after = files_of(copy)
    touched = {str(path) for path in before if after[path] != before[path]}
    assert touched == set(DRAWN)


def test_a_result_without_its_folder_is_drawn_beside_it(good, tmp_path):
    shutil.copy(good.folder / "result.json", tmp_path / "kept.json")

    ended = good.program("report", tmp_path / "kept.json")

    assert ended.code == 0, ended.err
    assert {path.name for path in tmp_path.iterdir()} == {"kept.json", *DRAWN}
    assert (tmp_path / "summary.md").read_bytes() == (good.folder / "summary.md").read_bytes()


def test_a_report_that_cannot_be_put_in_place_costs_exit_code_6_and_no_other(good, tmp_path):
    copy = good.copy(tmp_path)
    for name in DRAWN:
        (copy / name).unlink()
    (copy / "junit.xml").mkdir()

    ended = good.program("report", copy)

    assert (ended.code, ended.out) == (6, "")
    assert f"{copy}/junit.xml: cannot be written: Is a directory" in ended.err
    assert all((copy / name).is_file() for name in DRAWN if name != "junit.xml")
    assert list(copy.rglob("*.part")) == []


def test_a_full_disk_under_a_report_leaves_nothing_half_written(good, tmp_path):
    copy = good.copy(tmp_path)
    (copy / "report.html").unlink()
    (copy / "report.html.part").symlink_to("/dev/full")

    ended = good.program("report", copy)

    assert ended.code == 6
    assert f"{copy}/report.html: cannot be written: No space left on device" in ended.err
    assert not (copy / "report.html").exists() and list(copy.rglob("*.part")) == []


# --- gate

def test_a_run_is_judged_again_as_it_was(stored):
    ended = stored.program("gate", stored.folder)
    judged = stored.program("gate", stored.folder, "--json")

    assert ended.code == judged.code == stored.ended.code == stored.result["exit_code"]
    assert ended.out.splitlines()[0] == stored.ended.out.splitlines()[0]
    assert ended.err == judged.err == ""
    for key in ("schema", "verdict", "exit_code", "reasons", "gates", "comparisons", "run"):
        assert judged.json[key] == stored.result[key], key


def test_stricter_gates_fail_a_run_that_was_good(good, write):
    # The slowest call was slower than the load generator's own worst lag, which is in it: a busy
    # machine is no excuse here.
    gates = write("response.max: < 1us\nerrors: 0\n")

    ended = good.program("gate", good.folder, "--gates", gates)
    judged = good.program("gate", good.folder, "--gates", gates, "--json")

    assert ended.code == judged.code == 1
    assert ended.out.startswith("FAIL ") and "response.max" in ended.out
    assert (judged.json["verdict"], judged.json["exit_code"]) == ("fail", 1)
    by_name = {gate["name"]: gate for gate in judged.json["gates"]}
    assert {name: gate["verdict"] for name, gate in by_name.items()} == {
        "response.max": "fail", "errors": "pass"}
    reason = judged.json["reasons"][0]
    assert "gate response.max" in reason and ("read_order" in reason or "place_order" in reason)
    assert judged.json["operations"] == good.result["operations"], "what was measured is the same"


def test_generous_gates_pass_a_run(good, write):
    judged = good.program("gate", good.folder, "--gates", write(GENEROUS), "--json")

    results.assert_nothing_found(judged, judged.json)
    assert [gate["name"] for gate in judged.json["gates"]] == [
        "errors", "lock_wait.max", "read_order.response.p99"]


def test_no_gates_make_good_what_happened_to_the_data(failed, write):
    judged = failed.program("gate", failed.folder, "--gates", write(GENEROUS), "--json")

    assert judged.code == 4
    assert (judged.json["verdict"], judged.json["exit_code"]) == ("fail", 4)
    assert "customers" in judged.json["reasons"][0]


def test_a_scenario_serves_as_a_file_of_gates(good, write):
    content = shop.scenario(shop.NOTHING, gates={"place_order.stall.max": "1h"})
    scenario = write(json.dumps(content, indent=1), "other.yaml")

    judged = good.program("gate", good.folder, "--gates", scenario, "--json")

    results.assert_nothing_found(judged, judged.json)
    assert [gate["name"] for gate in judged.json["gates"]] == ["place_order.stall.max"]


def test_a_ratio_says_what_a_short_run_lacks_for_it(good, write):
    judged = good.program("gate", good.folder, "--gates",
                          write("response.p99: {ratio: 1.25}\nresponse.p50: {ratio: 1.1}\n"),
                          "--json")

    assert judged.code == 3
    assert {gate["verdict"] for gate in judged.json["gates"]} == {"inconclusive"}
    assert all(gate["detail"] for gate in judged.json["gates"])


def test_every_mistake_in_a_file_of_gates_is_told_with_its_place(good, write):
    gates = write("errors: 0\n"
                  "lock_wait.max: soon\n"
                  "readorder.errors: 0\n"
                  "duration: {ratio: 1.2}\n"
                  "response.p99:\n"
                  "  ratio: 0.9\n")

    ended = good.program("gate", good.folder, "--gates", gates)

    assert (ended.code, ended.out) == (2, "")
    for place, what in (("2:1", "`soon` is not a duration"),
                        ("3:1", "did you mean `read_order`?"),
                        ("4:1", "a ratio is for response.p50"),
                        ("5:1", "`0.9` is not a ratio")):
        assert any(f"{gates}:{place}: " in line and what in line
                   for line in ended.err.splitlines()), (place, ended.err)


def test_the_gate_of_an_operation_that_the_run_lacks_is_an_error(good, write):
    gates = write("nobody.response.p99: 10ms\n")

    ended = good.program("gate", good.folder, "--gates", gates)

    assert ended.code == 2
    assert f"{gates}:1:1: " in ended.err
    assert "no operation is called `nobody`" in ended.err and "`place_order`" in ended.err


@pytest.mark.parametrize("content", ["", "gates:\n", "gates: {}\n", "[1, 2]\n", "a: [b\n",
                                     "errors: 0\nerrors: 1\n", "\x00\x01\n"])
def test_what_is_no_file_of_gates_is_an_error_and_never_a_pass(good, write, content):
    gates = write(content)

    ended = good.program("gate", good.folder, "--gates", gates)

    assert (ended.code, ended.out) == (2, "")
    assert str(gates) in ended.err


def test_a_missing_file_of_gates_is_named(good, tmp_path):
    ended = good.program("gate", good.folder, "--gates", tmp_path / "missing.yaml")

    assert ended.code == 2
    assert f"{tmp_path}/missing.yaml" in ended.err and "does not exist" in ended.err


def test_an_interrupted_run_stays_one_whatever_the_gates(good, throwaway, until, write):
    child = throwaway.start(shop.scenario(shop.NOTHING, phases={
        "warmup": "60s", "before": "60s", "after": "60s"}))
    events = throwaway.folder / "out/events.ndjson"
    until(lambda: events.exists() and '"warmup"' in events.read_text(), child)
    child.send_signal(signal.SIGINT)
    ended = throwaway.rehearse.finish(child)
    assert ended.code == 130, ended.err

    for arguments in ((), ("--gates", write(GENEROUS))):
        judged = good.program("gate", throwaway.folder / "out", *arguments, "--json")
        assert judged.code == judged.json["exit_code"] == 130
        assert judged.json["verdict"] == "inconclusive" and judged.json["interrupted"]
    compared = good.program("compare", throwaway.folder / "out", "--to", good.folder, "--json")
    assert compared.code == 3
    assert any("was cut off before it was over" in reason for reason in compared.json["reasons"])


# --- compare

def test_a_run_is_too_short_to_be_compared_and_says_what_it_lacks(good):
    ended = good.program("compare", good.folder, "--to", good.folder)
    compared = good.program("compare", good.folder, "--to", good.folder, "--json")

    assert ended.code == compared.code == 3
    assert ended.out.startswith("INCONCLUSIVE ") and max(map(len, ended.out.splitlines())) <= 100
    assert (compared.json["schema"], compared.json["verdict"], compared.json["exit_code"]) == (
        "rehearse.compare/1", "inconclusive", 3)
    assert compared.json["runs"] == compared.json["baselines"] == [str(good.folder)]
    assert {(each["operation"], each["statistic"]) for each in compared.json["operations"]} == {
        (operation, figure) for operation in ("read_order", "place_order")
        for figure in ("p50", "p99")}
    for each in compared.json["operations"]:
        assert each["verdict"] == "inconclusive" and "needs 100 s" in each["lacking"]
        assert any(each["lacking"] in reason for reason in compared.json["reasons"])


def test_a_failed_run_against_a_good_one_fails(good, failed):
    ended = good.program("compare", failed.folder, "--to", good.folder, "--json")

    assert ended.code == ended.json["exit_code"] == 1
    assert ended.json["verdict"] == "fail"
    assert any("itself failed" in reason and "customers" in reason
               for reason in ended.json["reasons"])


def test_a_good_run_against_a_failed_one_is_no_failure(good, failed):
    ended = good.program("compare", good.folder, "--to", failed.folder, "--json")

    assert ended.code == 3
    assert not any("itself failed" in reason for reason in ended.json["reasons"])


def test_two_pairs_say_how_many_more_are_needed(good, failed):
    runs = (good.folder, failed.folder)

    ended = good.program("compare", *runs, "--to", *runs, "--json")

    assert ended.code == 1  # what failed in itself is no better for a baseline that failed
    assert all("7 are needed" in each["lacking"] and "add 5" in each["lacking"]
               for each in ended.json["operations"])


def test_as_many_runs_are_needed_on_either_side(good, failed):
    ended = good.program("compare", good.folder, failed.folder, "--to", good.folder)

    assert (ended.code, ended.out) == (2, "")
    assert "2 against 1" in ended.err


def test_a_comparison_is_kept_for_people_and_for_programs(good, failed, tmp_path):
    out = tmp_path / "new/compared"

    ended = good.program("compare", failed.folder, "--to", good.folder, "--out", out, "--json")

    assert ended.code == 1
    assert {path.name for path in out.iterdir()} == {
        "compare.html", "compare.md", "compare.json"}
    assert json.loads((out / "compare.json").read_text(encoding="utf-8")) == ended.json
    told = (out / "compare.md").read_text(encoding="utf-8")
    assert told.startswith("# fail: ")
    assert all(f"| {figure['name']} |" in told for figure in ended.json["figures"])
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in out.iterdir())


def test_a_comparison_that_cannot_be_kept_is_exit_code_6(good, tmp_path):
    (tmp_path / "file").write_text("not a folder")

    ended = good.program("compare", good.folder, "--to", good.folder, "--out", tmp_path / "file")

    assert ended.code == 6
    assert f"{tmp_path}/file: cannot be made: Not a directory" in ended.err


def test_ratio_gates_of_a_file_decide_what_is_compared(good, write):
    gates = write("read_order.response.p90: {ratio: 1.5, floor: 2ms}\nerrors: 0\n")

    ended = good.program("compare", good.folder, "--to", good.folder, "--gates", gates, "--json")

    assert ended.code == 3
    [each] = ended.json["operations"]
    assert (each["operation"], each["statistic"]) == ("read_order", "p90")
    assert (each["allowed_ratio"], each["floor_ms"]) == (1.5, 2)


def test_gates_without_a_ratio_compare_nothing_and_are_an_error(good, write):
    gates = write("errors: 0\n")

    ended = good.program("compare", good.folder, "--to", good.folder, "--gates", gates)

    assert ended.code == 2
    assert f"{gates} holds no ratio" in ended.err


# --- reading

def test_looking_at_a_run_leaves_it_as_it_is(good, failed, write):
    before = files_of(good.folder), files_of(failed.folder)

    for run in (good, failed):
        run.program("gate", run.folder)
        run.program("gate", run.folder, "--gates", write(GENEROUS), "--json")
    good.program("compare", failed.folder, "--to", good.folder)

    assert (files_of(good.folder), files_of(failed.folder)) == before


def test_result_json_alone_is_enough(stored, good, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    shutil.copy(stored.folder / "result.json", tmp_path / "elsewhere")
    for kept in (tmp_path / "elsewhere", tmp_path / "elsewhere/result.json"):
        whole, alone = (stored.program("gate", run, "--json") for run in (stored.folder, kept))
        assert (alone.code, alone.out) == (whole.code, whole.out)
        whole, alone = (stored.program("compare", run, "--to", good.folder, "--json")
                        for run in (stored.folder, kept))
        assert alone.code == whole.code
        assert [(each["operation"], each["now_ms"]) for each in alone.json["operations"]] == [
            (each["operation"], each["now_ms"]) for each in whole.json["operations"]]


BROKEN = {
    "cut off": (lambda text: text[:len(text) // 2], "it is no JSON, or was cut off"),
    "empty": (lambda text: b"", "it is no JSON, or was cut off"),
    "binary": (lambda text: bytes(range(256)) * 64, "it is no JSON, or was cut off"),
    "of another schema": (lambda text: text.replace(b"rehearse.result/1", b"rehearse.result/7"),
                          "this program reads rehearse.result/1, not rehearse.result/7"),
    "another document": (lambda text: b'{"schema": "rehearse.compare/1"}',
                         "this program reads rehearse.result/1, not rehearse.compare/1"),
    "a list": (lambda text: b"[]", "an object was expected"),
    "without its operations": (lambda text: text.replace(b'"operations":', b'"opera":', 1),
                               "`operations` is missing"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_result_that_cannot_be_read_is_named_with_what_is_wrong(good, tmp_path, kind):
    change, sentence = BROKEN[kind]
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "result.json").write_bytes(change((good.folder / "result.json").read_bytes()))

    for arguments in (("report", broken), ("gate", broken),
                      ("compare", broken, "--to", good.folder, "--out", tmp_path / "compared"),
                      ("compare", good.folder, "--to", broken, "--out", tmp_path / "compared")):
        ended = good.program(*arguments)

        assert (ended.code, ended.out) == (2, ""), arguments
        assert f"{broken}/result.json: " in ended.err and sentence in ended.err
    assert [path.name for path in broken.iterdir()] == ["result.json"]
    assert not (tmp_path / "compared").exists()


def test_a_folder_that_holds_no_run_is_named(good, tmp_path):
    for command in (("report",), ("gate",), ("compare", good.folder, "--to")):
        ended = good.program(*command, tmp_path)
        assert (ended.code, ended.out) == (2, "")
        assert f"{tmp_path} is no run directory: it holds no result.json" in ended.err

        ended = good.program(*command, tmp_path / "missing")
        assert ended.code == 2
        assert f"{tmp_path}/missing does not exist" in ended.err
