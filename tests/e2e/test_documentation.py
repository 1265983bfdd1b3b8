"""What the README tells a newcomer to type is taken by the program as it stands there."""
import pathlib
import re
import subprocess

import yaml

README = pathlib.Path(__file__).parents[2] / "README.md"


def yaml_blocks():
    found = re.findall(r"^( *)```yaml\n(.*?)^ *```$", README.read_text(encoding="utf-8"),
                       re.MULTILINE | re.DOTALL)
    return ["".join(line.removeprefix(indent) for line in text.splitlines(keepends=True))
            for indent, text in found]


def test_the_first_scenario_of_the_readme_is_valid(rehearse, scenario):
    first = yaml_blocks()[0]

    ended = rehearse("validate", scenario(first))

    assert ended.code == 0, ended.err
    plan = rehearse("run", scenario(first), "--plan")
    assert "$STAGING_URL" in plan.out and "read_order" in plan.out, plan.err


def test_the_format_by_example_is_valid(rehearse, scenario):
    example = next(block for block in yaml_blocks() if block.startswith("target:"))
    for name in ("schema.sql", "data.sql", "constraint.sql"):
        (rehearse.folder / name).write_text("SELECT 1;")

    ended = rehearse("validate", scenario("version: 1\nname: example\n" + example))

    assert ended.code == 0, ended.err


def test_the_readme_names_every_exit_code_and_command(rehearse):
    text = README.read_text(encoding="utf-8")
    for code in ("0", "1", "2", "3", "4", "5", "6", "130 / 143"):
        assert f"| {code} |" in text
    for command in ("doctor", "guard mark", "validate", "run", "schema", "cleanup", "checksum",
                    "diff", "report", "gate", "compare", "workload inspect"):
        assert f"./run rehearse {command}" in text, command


def ci_blocks():
    """The workflow and the job of the section "In CI"."""
    github, gitlab = (yaml.safe_load(block) for block in yaml_blocks()
                      if "jobs:" in block or "script:" in block)
    return github, gitlab


def ci_commands():
    github, gitlab = ci_blocks()
    [job] = github["jobs"].values()
    lines = [step["run"] for step in job["steps"] if "run" in step] + gitlab["rehearse"]["script"]
    return [line for line in lines if line.startswith("rehearse/")]


def test_the_ci_examples_have_the_parts_that_their_systems_ask_for():
    github, gitlab = ci_blocks()

    # YAML 1.1 reads the key `on` as a truth value; GitHub does not.
    assert {"name", True, "jobs"} <= set(github)
    [job] = github["jobs"].values()
    assert job["runs-on"].startswith("ubuntu-")
    assert all(("uses" in step) != ("run" in step) for step in job["steps"])
    [kept] = [step for step in job["steps"] if "upload-artifact" in step.get("uses", "")]
    assert kept["if"] == "always()"
    job = gitlab["rehearse"]
    assert job["artifacts"]["when"] == "always"
    assert job["allow_failure"] == {"exit_codes": [3]}


def test_the_commands_of_the_ci_examples_exist(rehearse):
    commands = [line.split() for line in ci_commands()]
    script = subprocess.run([README.parent / "run", "help"], capture_output=True, text=True,
                            check=True).stdout
    options = rehearse("run", "--help").out
    assert [command[0] for command in commands] == [
        "rehearse/run", "rehearse/build/release/rehearse"] * 2
    for command in commands:
        if command[0] == "rehearse/run":
            assert f"./run {command[1]} " in script
        else:
            assert command[1] == "run"
            for option in command:
                assert not option.startswith("--") or option in options, option


def test_the_files_that_the_ci_examples_keep_are_those_of_a_run():
    github, gitlab = ci_blocks()
    [out] = {command[command.index("--out") + 1]
             for command in (line.split() for line in ci_commands()) if "--out" in command}
    [job] = github["jobs"].values()
    assert [step["with"]["path"] for step in job["steps"]
            if "upload-artifact" in step.get("uses", "")] == [out]
    kept = gitlab["rehearse"]["artifacts"]
    assert kept["paths"] == [out]
    # That a run leaves these: test_ci_files.py.
    assert kept["reports"] == {"junit": f"{out}/junit.xml", "metrics": f"{out}/metrics.txt",
                               "codequality": f"{out}/gl-code-quality.json"}
