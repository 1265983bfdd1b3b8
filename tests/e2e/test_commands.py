"""The commands around a run, and the ways to tell it what to do."""
import json
import os
import shutil
import subprocess

import pytest

import results
import shop
from cluster import SERVER_UNDER_TEST
from shop import NOTHING

COMMANDS = ("demo", "run", "validate", "schema", "doctor", "guard", "cleanup", "checksum", "diff")


def test_version_and_help_go_to_stdout(rehearse):
    version = rehearse("--version")
    assert (version.code, version.err) == (0, "")
    assert version.out.startswith("rehearse ") and version.out.count("\n") == 1

    general = rehearse("--help")
    assert general.code == 0
    assert all(command in general.out for command in COMMANDS)
    assert "Exit codes" in general.out
    for command in COMMANDS:
        ended = rehearse(command, "--help")
        assert (ended.code, ended.err) == (0, ""), command
        assert "Usage" in ended.out or "usage" in ended.out


def test_no_command_is_a_usage_error(rehearse):
    ended = rehearse()

    assert ended.code == 2
    assert ended.err.strip() and not ended.out


@pytest.mark.parametrize("arguments", [
    ("run",), ("run", "x.yaml", "--seed", "many"), ("guard",), ("guard", "mark"), ("validate",)])
def test_what_is_missing_or_wrong_is_a_usage_error(rehearse, arguments):
    ended = rehearse(*arguments)

    assert ended.code == 2
    assert ended.err.strip()


def test_the_schema_describes_the_scenarios_that_are_valid(rehearse):
    schema = json.loads(rehearse("schema").out)

    assert schema["additionalProperties"] is False
    assert set(schema["required"]) >= {"version", "workload", "migration"}
    assert {"up", "down"} == set(schema["properties"]["migration"]["properties"])


def test_doctor_says_what_lacks_and_what_to_do(rehearse, unmarked_shop):
    before = rehearse("doctor", "--db", unmarked_shop.uri)
    rehearse("guard", "mark", "--db", unmarked_shop.uri)
    after = rehearse("doctor", "--db", unmarked_shop.uri)

    assert before.code == 6
    assert "MISSING" in before.out and "guard mark" in before.out
    assert "not ready: 1 missing" in before.out
    assert after.code == 0, after.out
    assert "ready" in after.out.splitlines()[-1] and "MISSING" not in after.out
    assert max(map(len, (before.out + after.out).splitlines())) <= 100


def test_doctor_judges_an_ordinary_role_by_what_it_may(rehearse, cluster, shop_database):
    cluster.psql("DROP ROLE IF EXISTS plain; CREATE ROLE plain LOGIN")

    ended = rehearse("doctor", "--db", cluster.uri(shop_database.name, user="plain"))

    assert "pg_monitor TO plain" in ended.out
    assert "pg_signal_backend TO plain" in ended.out


def test_guard_tells_what_it_makes_and_removes(rehearse, unmarked_shop):
    marked = rehearse("guard", "mark", "--db", unmarked_shop.uri)
    assert marked.code == 0
    assert unmarked_shop.name in marked.out and "rehearse.guard" in marked.err
    again = rehearse("guard", "mark", "--db", unmarked_shop.uri)
    assert again.code == 0, "marking twice is no error"

    gone = rehearse("guard", "unmark", "--db", unmarked_shop.uri)
    assert gone.code == 0
    assert unmarked_shop.value("SELECT count(*) FROM pg_namespace"
                               " WHERE nspname = 'rehearse'") == 0


def test_cleanup_where_nothing_is_left_says_so(rehearse, shop_database):
    ended = rehearse("cleanup", "--db", shop_database.uri)

    assert ended.code == 0
    assert "nothing was left" in ended.out


def test_a_plan_touches_nothing(rehearse, scenario):
    (rehearse.folder / "more.sql").write_text("SELECT 1;")
    path = scenario(shop.scenario(*shop.SAFE, setup=["more.sql"], adversaries=[
        {"name": "sweep", "vacuum": {"table": "orders"}}]))
    before = sorted(rehearse.folder.rglob("*"))

    # There is no such server: nobody asks it.
    ended = rehearse("run", path, "--plan", "--db", "postgresql:///none?host=/nowhere&port=1")

    assert (ended.code, ended.err) == (0, "")
    for part in ("add the column", "backfill", "read_order", "place_order", "sweep", "more.sql",
                 "lock_wait.max", "200/s", "8 connections"):
        assert part in ended.out, part
    assert sorted(rehearse.folder.rglob("*")) == before


def test_set_overrides_the_file_and_is_checked_like_it(rehearse, scenario):
    path = scenario(shop.scenario(NOTHING))

    ended = rehearse("run", path, "--plan", "--set", "workload.rate=50/s",
                     "--set", "workload.connections=3")
    assert ended.code == 0
    assert "3 connections, 50/s" in ended.out

    for wrong in ("workload.rate=fast", "workload.reight=5/s", "nonsense", "=5"):
        ended = rehearse("run", path, "--plan", "--set", wrong)
        assert ended.code == 2, wrong
        assert wrong.split("=")[0] in ended.err and not ended.out


def test_a_result_tells_what_of_its_scenario_was_overridden(run):
    _, result = run(shop.scenario(NOTHING), "--set", "workload.rate=50/s", "--set",
                    "name=other")

    assert result["run"]["overridden"] == ["workload.rate", "name"]
    assert result["run"]["scenario"] == "other"


def test_a_target_is_found_through_its_variable_and_the_run_in_its_folder(
        rehearse, scenario, shop_database):
    ended = rehearse("run", scenario(shop.scenario(NOTHING)), "--quiet",
                     environment={"TARGET": shop_database.uri})

    [folder] = (rehearse.folder / "runs").iterdir()
    assert folder.name.endswith("-shop")
    assert f"run directory: runs/{folder.name}" in ended.out
    results.assert_nothing_found(ended, results.read(folder))
    assert ended.err == "", "quiet"


def test_setup_files_run_on_a_named_target_only_when_asked(rehearse, scenario, shop_database):
    (rehearse.folder / "more.sql").write_text("CREATE TABLE made_by_setup (n int);")
    path = scenario(shop.scenario(
        NOTHING, setup=["more.sql"],
        phases={"warmup": "0ms", "before": "300ms", "after": "300ms"}))
    exists = "SELECT to_regclass('made_by_setup') IS NOT NULL"

    rehearse("run", path, "--db", shop_database.uri, "--out", "without")
    assert shop_database.value(exists) is False

    rehearse("run", path, "--db", shop_database.uri, "--out", "with", "--setup")
    assert shop_database.value(exists) is True
    assert "more.sql" in (rehearse.folder / "with" / "migration.log").read_text()

    # Once more: it is there already.
    ended = rehearse("run", path, "--db", shop_database.uri, "--out", "again", "--setup")
    assert ended.code in (2, 6)
    assert "made_by_setup" in ended.err and "more.sql:1" in ended.err


def test_a_setting_of_the_throwaway_server_is_set_and_told(throwaway):
    content = shop.scenario(NOTHING, phases={"warmup": "0ms", "before": "300ms", "after": "300ms"},
                            target={"settings": {"deadlock_timeout": "250ms"}})
    (throwaway.folder / "schema.sql").write_text(shop.SCHEMA)
    path = throwaway.folder / "scenario.yaml"
    path.write_text(json.dumps(content | {"setup": ["schema.sql"]}))

    ended = throwaway.rehearse("run", path, "--json", *SERVER_UNDER_TEST,
                               environment=throwaway.environment)

    assert ended.json["target"]["settings"]["deadlock_timeout"] == "250ms"


def test_a_server_version_that_is_not_installed_is_said(throwaway):
    content = shop.scenario(NOTHING, target={"server": 10})
    path = throwaway.folder / "scenario.yaml"
    path.write_text(json.dumps(content))

    ended = throwaway.rehearse("run", path, "--out", "out", environment=throwaway.environment)
    elsewhere = throwaway.rehearse("run", path, "--set", "target.server=15", "--out", "out",
                                   "--pg-bin", "/nowhere", environment=throwaway.environment)

    assert (ended.code, elsewhere.code) == (6, 6)
    assert "10" in ended.err and "/nowhere" in elsewhere.err
    assert throwaway.left() == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_needs_nothing_but_the_program(program, throwaway):
    home = throwaway.temporary / "home"
    home.mkdir()
    copied = home / "rehearse"  # the build folder may be closed to others
    shutil.copy(program, copied)
    (home / "schema.sql").write_text(shop.SCHEMA)
    (home / "scenario.yaml").write_text(json.dumps(shop.on_throwaway(
        shop.scenario(*shop.SAFE))))
    for path in (home, *home.iterdir()):
        shutil.chown(path, "nobody")

    done = subprocess.run(
        ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", copied, "run",
         "scenario.yaml", "--out", "out", "--json", *SERVER_UNDER_TEST], cwd=home, text=True,
        capture_output=True, env=throwaway.rehearse.environment(throwaway.environment),
        timeout=120, check=False)

    assert done.returncode in (0, 3), done.stderr
    assert json.loads(done.stdout)["steps"][-1]["outcome"] == "ok"
    assert {path.name for path in throwaway.temporary.iterdir()} == {"home"}
