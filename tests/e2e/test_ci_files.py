"""What CI reads of a real run: annotations, test results, metrics, code quality, the summary."""
import json
import xml.etree.ElementTree as xml

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

import results
import shop
from shop import NOTHING

BEFORE = "what an earlier command of the step wrote\n"


def annotations(text):
    """The workflow commands in a log, as GitHub's runner takes them apart."""
    found = []
    for line in text.splitlines():
        if line.startswith("::"):
            command, message = line[2:].split("::", 1)
            level, properties = command.split(" ", 1)
            found.append((level, dict(each.split("=", 1) for each in properties.split(",")),
                          message.replace("%0A", "\n").replace("%25", "%")))
    return found


def line_of(file, text, before=0):
    """The number of the only line that holds a text, from 1."""
    [number] = [i for i, line in enumerate(file.read_text().splitlines(), 1) if text in line]
    return number - before


def test_suites(folder):
    """Suites by name; their totals are looked at on the way."""
    root = xml.parse(folder / "junit.xml").getroot()
    assert root.tag == "testsuites"
    for element in (root, *root):
        assert {"tests": element.get("tests"), "failures": element.get("failures"),
                "errors": element.get("errors"), "skipped": element.get("skipped")} == {
            "tests": str(len(element.findall(".//testcase"))),
            "failures": str(len(element.findall(".//failure"))),
            "errors": str(len(element.findall(".//error"))),
            "skipped": str(len(element.findall(".//skipped")))}
    return {suite.get("name"): suite for suite in root}


test_suites.__test__ = False  # a reader, no test


def case(suite, name):
    [found] = [each for each in suite if each.get("name") == name]
    return found


def metrics(folder):
    """Every sample by its name and labels, read by the reference parser."""
    found = {}
    for family in text_string_to_metric_families((folder / "metrics.txt").read_text()):
        assert family.documentation and family.type != "unknown"
        assert family.unit == "" or family.name.endswith(family.unit)
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in found
            found[key] = sample.value
    return found


def value(found, name, **labels):
    return found[name, frozenset(({"part": "migration"} | labels).items())]


@pytest.fixture(scope="module")
def failed_gate(module_throwaway):
    """A run whose gate fails, as a step of a GitHub workflow that wants the figures on stdout."""
    folder = module_throwaway.folder
    summary = folder / "step-summary.md"
    summary.write_text(BEFORE)
    content = shop.scenario(shop.NAIVE, verify={"tables": ["customers"], "live": "off"})
    module_throwaway.write(content)
    module_throwaway.rehearse.environment = environment_with(module_throwaway.rehearse, {
        "GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(folder.parent),
        "GITHUB_STEP_SUMMARY": str(summary)})
    ended, result = module_throwaway.run(content, "--json", "--quiet")
    return ended, result, folder, summary


def environment_with(rehearse, variables):
    plain = rehearse.environment
    return lambda extra=None: plain(variables | (extra or {}))


def test_github_is_told_the_failed_gate_at_the_migrations_line(failed_gate):
    ended, result, folder, _ = failed_gate
    assert ended.code == result["exit_code"] == 1, result["reasons"]

    told = annotations(ended.err)

    # Its mapping begins on the line before its name.
    line = line_of(folder / "scenario.yaml", '"name": "add region at once"', before=1)
    assert 1 <= len(told) <= 5
    level, properties, message = told[0]
    assert (level, properties["file"], properties["line"]) == (
        "error", f"{folder.name}/scenario.yaml", str(line))
    failing = [gate for gate in result["gates"] if gate["verdict"] == "fail"]
    assert properties["title"] == f"Gate {failing[0]['name']} failed"
    assert failing[0]["observed"] in message and "ALTER TABLE orders" in message


def test_the_annotations_leave_stdout_to_the_data(failed_gate):
    ended, result, _, _ = failed_gate

    assert ended.json == result


def test_the_steps_summary_is_appended_to_what_is_there(failed_gate):
    _, _, folder, summary = failed_gate

    assert summary.read_text() == BEFORE + "\n" + (folder / "out/summary.md").read_text() + "\n"
    assert len((folder / "out/summary.md").read_bytes()) < 64_000


def test_gitlabs_file_is_gitlabs_alone(failed_gate):
    _, _, folder, _ = failed_gate

    assert not (folder / "out/gl-code-quality.json").exists()


def test_each_gate_step_and_table_is_a_test_case(failed_gate):
    _, result, folder, _ = failed_gate

    suites = test_suites(folder / "out")

    assert list(suites) == ["verdict", "gates", "data proof", "steps"]
    for gate in result["gates"]:
        assert [each.tag for each in case(suites["gates"], gate["name"])] == {
            "pass": [], "fail": ["failure"], "inconclusive": ["error"]}[gate["verdict"]]
    failing = next(gate for gate in result["gates"] if gate["verdict"] == "fail")
    found = case(suites["gates"], failing["name"])
    assert failing["observed"] in found.find("failure").get("message")
    [step] = result["steps"]
    told = case(suites["steps"], step["name"])
    assert float(told.get("time")) == pytest.approx(step["end_s"] - step["start_s"], abs=1e-3)
    for each in (found, told):
        assert (each.get("file"), each.get("line")) == (
            f"{folder.name}/scenario.yaml", str(step["line"]))
    assert case(suites["verdict"], "the rehearsal").find("failure") is not None
    assert [each.get("name") for each in suites["data proof"]] == ["public.customers"]


def test_the_metrics_are_the_results_figures(failed_gate):
    _, result, folder, _ = failed_gate

    found = metrics(folder / "out")

    assert (folder / "out/metrics.txt").read_text().endswith("\n# EOF\n")
    assert value(found, "rehearse_verdict", rehearse_verdict="fail") == 1
    assert found["rehearse_exit_code", frozenset()] == 1
    assert value(found, "rehearse_lock_wait_max_seconds") == pytest.approx(
        result["locks"]["max_wait_ms"] / 1e3)
    for operation in result["operations"]:
        for phase, figures in operation["phases"].items():
            labels = {"operation": operation["name"], "app": "old", "phase": phase}
            assert value(found, "rehearse_calls_total", **labels) == figures["count"]
            assert value(found, "rehearse_response_seconds", quantile="0.99", **labels) == (
                pytest.approx(figures["response_ms"]["p99"] / 1e3))
            assert value(found, "rehearse_response_seconds_count", **labels) == figures["count"]
    for gate in result["gates"]:
        assert value(found, "rehearse_gate_verdict", gate=gate["name"],
                     rehearse_gate_verdict=gate["verdict"]) == 1
    wait = next(gate for gate in result["gates"] if gate["name"] == "lock_wait.max")
    assert value(found, "rehearse_gate_observed_seconds", gate="lock_wait.max") == pytest.approx(
        wait["observed_value"] / 1e3)
    [step] = result["steps"]
    assert value(found, "rehearse_step_duration_seconds", step=step["name"],
                 kind="sql") == pytest.approx(step["end_s"] - step["start_s"])
    assert not any("replication" in name for name, _ in found), "no replica was measured"


@pytest.fixture
def broken(rehearse, shop_database):
    """A migration in a file of its own whose second statement fails, under `db/`."""
    (rehearse.folder / "db").mkdir()
    (rehearse.folder / "db/change.sql").write_text(
        "-- first\nALTER TABLE orders ADD COLUMN a int;\n\nALTER TABLE orders\n"
        "    ADD COLUMN b no_such_type;\n")
    # Hostile, as far as a name may be: it must stay a name wherever it is shown.
    content = shop.scenario({"name": "br%oken, \"<step>\": ::x", "file": "change.sql"})
    path = rehearse.folder / "db/scenario.yaml"
    path.write_text(json.dumps(content, indent=1))

    def run(environment, *arguments, out="out"):
        ended = rehearse("run", path, "--db", shop_database.uri, "--out", out, *arguments,
                         environment=environment)
        assert ended.code == 5, ended.err
        return ended, rehearse.folder / out
    return run


def test_gitlab_gets_the_failing_statements_line_and_the_same_fingerprint_again(broken, rehearse):
    gitlab = {"GITLAB_CI": "true", "CI_PROJECT_DIR": str(rehearse.folder)}
    prints = []
    for out in ("one", "two"):
        ended, folder = broken(gitlab, out=out)
        assert annotations(ended.err) == []
        quality = json.loads((folder / "gl-code-quality.json").read_text())
        step = next(each for each in quality if each["check_name"] == "rehearse/step")
        assert step["location"] == {"path": "db/change.sql", "lines": {"begin": 4}}
        assert step["severity"] == "critical" and "no_such_type" in step["description"]
        prints.append([each["fingerprint"] for each in quality])
    assert prints[0][0] == prints[1][0]
    assert len(set(prints[0])) == len(prints[0])


def test_github_gets_the_same_and_the_files_hold_the_hostile_name(broken, rehearse):
    ended, folder = broken({"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(rehearse.folder)})

    [(level, properties, message), *_] = annotations(ended.err)
    assert (level, properties["file"], properties["line"]) == ("error", "db/change.sql", "4")
    assert properties["title"] == 'The step "br%25oken%2C "<step>"%3A %3A%3Ax" failed'
    assert "no_such_type" in message
    [step] = results.read(folder)["steps"]
    assert (step["file"].removeprefix(f"{rehearse.folder}/"), step["line"]) == ("db/change.sql", 4)
    told = case(test_suites(folder)["steps"], step["name"])
    assert (told.get("file"), told.get("line")) == ("db/change.sql", "4")
    assert "no_such_type" in told.find("failure").text
    assert value(metrics(folder), "rehearse_step_outcome", step=step["name"], kind="file",
                 rehearse_step_outcome="failed") == 1


def test_whatever_the_server_says_the_files_stay_well_formed(run, rehearse):
    # What XML forbids, what ends an element, a line or a label, and what is no character.
    said = " || ".join(["chr(1)", "chr(27)", "chr(65534)", "chr(8238)", "chr(10)", "chr(13)",
                        "']]></failure><x a=\"&'", "chr(92)", "'\"} 1'", "'%0A::error::'"])
    ended, result = run(shop.scenario(
        {"name": "hostile", "sql": f"DO $$ BEGIN RAISE EXCEPTION '%', {said}; END $$"}),
        environment={"GITHUB_ACTIONS": "true"})

    assert ended.code == 5, ended.err
    [step] = result["steps"]
    assert "\x01" in step["error"] and "\ufffe" in step["error"], "it was not hostile"
    failure = case(test_suites(rehearse.folder / "out")["steps"], "hostile").find("failure")
    assert ']]></failure><x a="&' in failure.get("message") and "\ufffd" in failure.text
    assert not set(failure.text) & set("\x01\x1b\ufffe\u202e\r")
    metrics(rehearse.folder / "out")
    commands = annotations(ended.err)
    assert [level for level, _, _ in commands] == ["error"] * len(commands)
    assert commands[0][1]["title"] == 'The step "hostile" failed'


def test_ci_none_is_silent_in_a_ci_system(broken, rehearse):
    summary = rehearse.folder / "step-summary.md"
    ended, folder = broken({"GITHUB_ACTIONS": "true", "GITLAB_CI": "true",
                            "GITHUB_STEP_SUMMARY": str(summary)}, "--ci", "none")

    assert annotations(ended.err) == []
    assert not summary.exists() and not (folder / "gl-code-quality.json").exists()


def test_ci_github_is_one_without_its_environment(broken):
    ended, _ = broken({}, "--ci", "github")

    assert annotations(ended.err)[0][1]["file"] == "db/change.sql"


def test_a_summary_that_cannot_be_written_is_a_note_and_no_other_exit_code(run, rehearse):
    for where in (rehearse.folder / "no/such/folder/summary.md", rehearse.folder, "/dev/full"):
        ended, result = run(shop.scenario(NOTHING), out=f"out-{str(where).count('/')}-{len(str(where))}",
                            environment={"GITHUB_ACTIONS": "true",
                                         "GITHUB_STEP_SUMMARY": str(where)})

        assert ended.code == result["exit_code"]
        assert ended.code in (0, 3), result["reasons"]
        [note] = [line for line in ended.err.splitlines() if "GITHUB_STEP_SUMMARY" in line]
        assert note.startswith("note: the summary could not be appended") and str(where) in note


def test_the_test_results_are_green_exactly_where_the_run_passes(run, rehearse):
    for out, gates in (("holds", {"errors": 0}), ("unknown", {"replica_lag": "1s"})):
        ended, result = run(shop.scenario(NOTHING, gates=gates), out=out)

        root = xml.parse(rehearse.folder / out / "junit.xml").getroot()
        red = int(root.get("failures")) + int(root.get("errors"))
        assert (red == 0) == (ended.code == 0) == (result["verdict"] == "pass")
        assert out != "unknown" or ended.code == 3


def test_a_scenarios_mistakes_are_annotations_at_their_lines(rehearse, scenario):
    content = shop.scenario(NOTHING)
    content["workload"]["rate"] = "often"
    path = scenario(content)

    ended = rehearse("run", path, "--out", "out", environment={
        "GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(rehearse.folder)})

    assert ended.code == 2
    [(level, properties, message)] = annotations(ended.err)
    assert (level, properties["file"]) == ("error", "scenario.yaml")
    assert int(properties["line"]) == line_of(path, '"often"')
    assert "often" in message


def test_an_unknown_ci_system_is_a_usage_error(rehearse, scenario):
    ended = rehearse("run", scenario(shop.scenario(NOTHING)), "--out", "out", "--ci", "jenkins")

    assert ended.code == 2
    assert "--ci" in ended.err and "gitlab" in ended.err
    assert not (rehearse.folder / "out").exists()


def test_a_file_that_cannot_be_written_costs_neither_the_others_nor_the_verdict(
        rehearse, scenario, shop_database, until):
    child = rehearse.start("run", scenario(shop.scenario(shop.NAIVE)), "--db", shop_database.uri,
                           "--out", "out", "--quiet")
    out = rehearse.folder / "out"
    until(out.exists, child)
    (out / "junit.xml").mkdir()  # whoever did that: nothing can be put in its place

    ended = rehearse.finish(child)

    assert ended.code == 6
    assert "junit.xml: cannot be written" in ended.err
    result = results.read(out)
    assert (result["verdict"], result["exit_code"]) == ("fail", 6)
    assert "junit.xml" in result["reasons"][0]
    assert any("gate lock_wait.max" in reason for reason in result["reasons"])
    assert ended.out.startswith("FAIL ")
    assert (out / "summary.md").exists() and (out / "metrics.txt").exists()
    assert list(out.glob("*.part")) == []
