"""Whose fault a replay's new errors are: what replays without the migration show as well."""
import json

import pytest

from cluster import SERVER_UNDER_TEST
from test_replay import ACCOUNTS, recorded, replaying  # noqa: F401 (a fixture)

# What production has and the servers that are set up from the schema have not.
RARE = "CREATE TABLE rare (n int);"
# Some seven seconds, of which one call in 150 goes to the rare table.
ROUNDS, EACH_RARE = 600, 75
PHASES = {"warmup": "0s", "before": "2s", "after": "2s"}
DROP = {"name": "drop", "sql": "ALTER TABLE log DROP COLUMN delta"}
SPLIT = ("before_migration", "without_migration_too", "migration_only", "unclear")

pytestmark = pytest.mark.patient


@pytest.fixture
def log(recorded):  # noqa: F811
    recorded.prepare(ACCOUNTS + RARE)
    with recorded.connect() as connection:
        for n in range(ROUNDS):
            connection.execute("SELECT pg_sleep(0.01)")
            connection.execute("INSERT INTO log (id, delta) VALUES (%s, 1)", [n])
            if n % EACH_RARE == EACH_RARE - 1:
                connection.execute("INSERT INTO rare VALUES (%s)", [n])
    return recorded.log()


@pytest.fixture
def ran(log, throwaway):
    """Runs a command on the scenario with servers of its own, which lack the rare table."""
    def run(command, *arguments, **replay):
        path = throwaway.write(replaying(log, DROP, phases=dict(PHASES), replay=replay), ACCOUNTS)
        return throwaway.rehearse(command, path, *arguments, *SERVER_UNDER_TEST,
                                  environment=throwaway.environment)
    return run


def result_of(folder):
    return json.loads((folder / "result.json").read_text(encoding="utf-8"))


def test_new_errors_are_split_by_a_control(ran, rehearse, tmp_path):
    control, run = tmp_path / "control", tmp_path / "out"
    ended = ran("placebo", "--times", "2", "--during", "1", "--out", control, "--quiet", "--json")
    assert ended.code in (0, 3), ended.err
    told = json.loads(ended.out)["control"]
    assert len(told["repetitions"]) == 2
    for repetition in told["repetitions"]:
        fresh = {operation["name"]: operation["from_migration_on"]["new"]
                 for operation in repetition["operations"]}
        [rare] = [name for name in fresh if name.startswith("insert_rare")]
        assert set(fresh[rare]) == {"42P01"}
        assert all(not codes for name, codes in fresh.items() if name != rare)

    ended = ran("run", "--placebo", control, "--out", run)

    assert ended.code == 1, ended.err  # whoever's fault they are, there are errors
    result = result_of(run)
    errors = result["replay"]["new_errors"]
    assert errors["controls"] == 2 and errors["no_control"] == []
    by_code = {row["code"]: row for row in errors["by_operation"]}
    assert set(by_code) == {"42P01", "42703"}
    broken, rare = by_code["42703"], by_code["42P01"]
    assert broken["operation"].startswith("insert_log")
    assert broken["migration_only"] == broken["from_migration_on"] > 50
    assert broken["before_migration"] == broken["without_migration_too"] == broken["unclear"] == 0
    assert rare["without_migration_too"] == rare["from_migration_on"] > 0
    assert rare["before_migration"] > 0
    assert rare["migration_only"] == rare["unclear"] == 0
    new = sum(phase["new"] for phase in result["replay"]["outcomes"].values())
    assert sum(errors[part] for part in SPLIT) == new
    told = f"{broken['migration_only']} calls fail anew only with the migration"
    assert told in (run / "report.html").read_text(encoding="utf-8")
    assert told in (run / "summary.md").read_text(encoding="utf-8")
    assert told in " ".join(ended.out.split())
    # The stored run alone says the same.
    (run / "summary.md").unlink()
    rehearse("report", run)
    assert told in (run / "summary.md").read_text(encoding="utf-8")

    # Another speed is another load: the control says nothing of it.
    ran("run", "--placebo", control, "--out", tmp_path / "faster", "--quiet", speed=1.25)
    errors = result_of(tmp_path / "faster")["replay"]["new_errors"]
    assert errors["controls"] == errors["migration_only"] == errors["without_migration_too"] == 0
    assert errors["unclear"] == errors["from_migration_on"] > 50
    assert any("speed 1.00" in reason for reason in errors["no_control"])


def test_without_a_control_the_report_says_how_to_get_one(ran, tmp_path):
    ended = ran("run", "--out", tmp_path / "out")

    assert ended.code == 1, ended.err
    errors = result_of(tmp_path / "out")["replay"]["new_errors"]
    assert errors["unclear"] == errors["from_migration_on"] > 50
    assert errors["no_control"] == ["There is no control."]
    summary = (tmp_path / "out" / "summary.md").read_text(encoding="utf-8")
    assert "whose fault that is cannot be told" in summary
    assert "rehearse placebo" in summary


@pytest.mark.parametrize("named", [False, True], ids=["throwaway", "setup"])
def test_every_control_begins_with_the_same_rows(recorded, throwaway, shop_database, tmp_path,  # noqa: F811
                                                 named):
    recorded.prepare(ACCOUNTS)
    with recorded.connect() as connection:
        for n in range(20):
            connection.execute("INSERT INTO accounts VALUES (%s, 0)", [101 + n])
            connection.execute("SELECT pg_sleep(0.1)")
    scenario = replaying(recorded.log(), phases={"warmup": "0s", "before": "300ms", "after": "300ms"})
    path = throwaway.write(scenario, "DROP TABLE IF EXISTS accounts, log;" + ACCOUNTS)
    where = ("--db", shop_database.uri, "--setup") if named else SERVER_UNDER_TEST

    ended = throwaway.rehearse("placebo", path, "--times", "2", "--during", "0.5", "--quiet", "--json",
                               "--out", tmp_path / "control", *where,
                               environment=throwaway.environment)

    # A row that the first replay left would be a 23505 in the second.
    repetitions = json.loads(ended.out)["control"]["repetitions"]
    assert len(repetitions) == 2
    parts = [operation[part] for repetition in repetitions for operation in repetition["operations"]
             for part in ("before_migration", "from_migration_on")]
    assert sum(part["calls"] for part in parts) > 10
    assert all(part["new"] == {} for part in parts)


def test_a_control_begins_with_the_recordings_data_each_time(log, rehearse, scenario, shop_database,
                                                             tmp_path):
    path = scenario(replaying(log))

    ended = rehearse("placebo", path, "--db", shop_database.uri, "--times", "2", "--out",
                     tmp_path / "control")

    assert ended.code == 2
    assert "must begin with the data that the recording began with" in ended.err
    assert not (tmp_path / "control").exists()
