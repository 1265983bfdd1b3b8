"""What the README tells a newcomer to type is taken by the program as it stands there."""
import pathlib
import re

README = pathlib.Path(__file__).parents[2] / "README.md"


def yaml_blocks():
    found = re.findall(r"^( *)```yaml\n(.*?)^ *```$", README.read_text(encoding="utf-8"),
                       re.MULTILINE | re.DOTALL)
    return ["".join(line.removeprefix(indent) for line in text.splitlines(keepends=True))
            for indent, text in found]


def test_the_first_scenario_of_the_readme_is_valid(rehearse, scenario):
    [first, _] = yaml_blocks()

    ended = rehearse("validate", scenario(first))

    assert ended.code == 0, ended.err
    plan = rehearse("run", scenario(first), "--plan")
    assert "$STAGING_URL" in plan.out and "read_order" in plan.out, plan.err


def test_the_format_by_example_is_valid(rehearse, scenario):
    [_, example] = yaml_blocks()
    for name in ("schema.sql", "data.sql", "constraint.sql"):
        (rehearse.folder / name).write_text("SELECT 1;")

    ended = rehearse("validate", scenario("version: 1\nname: example\n" + example))

    assert ended.code == 0, ended.err


def test_the_readme_names_every_exit_code_and_command(rehearse):
    text = README.read_text(encoding="utf-8")
    for code in ("0", "1", "2", "3", "4", "5", "6", "130 / 143"):
        assert f"| {code} |" in text
    for command in ("doctor", "guard mark", "validate", "run", "schema", "cleanup", "checksum",
                    "diff"):
        assert f"./run rehearse {command}" in text, command
