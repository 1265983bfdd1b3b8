"""`workload.synthesize`: a run whose load is made from what another server has counted."""
import re
import signal

import psycopg
import pytest

import counted_shop
import results
import shop
from cluster import SERVER_UNDER_TEST, Cluster
from conftest import wait_until, write_scenario

ASKING = "FROM pg_stat_activity WHERE application_name = 'rehearse/synthesize'"


@pytest.fixture(scope="module")
def counting():
    with Cluster(counted_shop.SETTINGS) as made:
        yield made


@pytest.fixture(scope="module")
def production(counting):
    made = counted_shop.make_source(counting, "production")
    made.execute(counted_shop.RESET)
    counted_shop.send_shop_load(made)
    counted_shop.wait_for_rates(made)
    return made


@pytest.fixture(scope="module")
def half_covered(counting):
    """60 calls that can be sent again, 40 that cannot."""
    made = counted_shop.make_source(counting, "half_covered")
    with psycopg.connect(made.uri, autocommit=True,
                         cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute(counted_shop.RESET)
        for n in range(60):
            connection.execute("SELECT id, status FROM orders WHERE id = %s", (n,))
        for _ in range(39):
            connection.execute("SELECT pg_sleep(0)")
    counted_shop.wait_for_rates(made)
    return made


@pytest.fixture(scope="module")
def scale(counting):
    """What makes so many calls since the last reset come at 200 a second."""
    def of(calls):
        with psycopg.connect(counting.uri(), autocommit=True) as connection:
            return 200 / calls * connection.execute(
                "SELECT extract(epoch FROM clock_timestamp() - stats_reset)::float8"
                " FROM pg_stat_statements_info").fetchone()[0]
    return of


def synthesizing(**keys):
    parts = {"from": "pg_stat_statements", "dsn_env": "PROD", "window": "0"} | keys
    made = shop.scenario({"name": "nothing", "pause": "500ms"}, gates={"errors": 0, "lock_wait.max": "10s"})
    made["workload"] = {"synthesize": parts}
    return made


@pytest.fixture
def run_on_throwaway(throwaway):
    """Runs a scenario on a server of its own and returns how it ended."""
    def ran(content, source, *arguments, command="run", setup=counted_shop.SCHEMA, out="out"):
        path = throwaway.write(content, setup)
        environment = throwaway.environment | ({"PROD": source} if source else {})
        return throwaway.rehearse(command, path, "--out", out, "--seed", "7", *SERVER_UNDER_TEST,
                                  *arguments, environment=environment)
    return ran


def coverage_gate(result):
    return next(gate for gate in result["gates"] if gate["name"] == "replay.coverage")


def assert_nothing_left(throwaway, out="out"):
    assert not (throwaway.folder / out).exists()
    assert throwaway.left() == []


def test_a_run_sends_what_the_source_has_counted(run_on_throwaway, throwaway, production, scale):
    calls = sum(times for _, times, _ in counted_shop.SHOP_LOAD)
    ended = run_on_throwaway(synthesizing(scale=scale(calls)), production.uri)

    folder = throwaway.folder / "out"
    result = results.read(folder)
    results.assert_nothing_found(ended, result)
    told = result["synthesis"]
    assert told["database"] == "production" and told["since_reset"]
    assert len(told["operations"]) == len(counted_shop.SHOP_LOAD)
    # The reset itself is the one call that cannot be sent again.
    assert told["coverage"] == pytest.approx(calls / (calls + 1))
    assert coverage_gate(result)["verdict"] == "pass"
    assert 100 < result["load"]["asked_rate"] < 250
    assert {entry["name"] for entry in told["operations"]} == {
        entry["name"] for entry in result["operations"]}
    for text in (ended.out, (folder / "summary.md").read_text(encoding="utf-8"),
                 (folder / "report.html").read_text(encoding="utf-8")):
        assert "pg_stat_statements of production" in text.replace("\\", "")


def test_the_workload_is_kept_as_a_file_that_goes_into_a_scenario(run_on_throwaway, throwaway,
                                                                  rehearse, production, scale):
    ended = run_on_throwaway(synthesizing(scale=scale(660)), production.uri)

    folder = throwaway.folder / "out"
    results.assert_nothing_found(ended, results.read(folder))
    kept = folder / "workload.yaml"
    text = kept.read_text(encoding="utf-8")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert "# A workload synthesized by rehearse" in text
    for secret in ("zq", "7700", "7705", "2031"):
        assert secret not in text, secret
    for path in folder.rglob("*"):
        if path.is_file():
            assert "zq-" not in path.read_text(encoding="utf-8"), path

    again = write_scenario(throwaway.folder, "version: 1\nname: again\n" + text +
                           "migration: {up: [{pause: 10ms}]}\n", "again.yaml")
    valid = rehearse("validate", again)
    assert valid.code == 0, valid.err
    plan = rehearse("run", again, "--plan")
    for entry in results.read(folder)["operations"]:
        assert entry["name"] in plan.out


def test_what_the_load_does_not_cover_makes_the_run_inconclusive(run_on_throwaway, throwaway,
                                                                 rehearse, half_covered, scale):
    ended = run_on_throwaway(synthesizing(scale=scale(60)), half_covered.uri)

    assert ended.code == 3, ended.out + ended.err
    result = results.read(throwaway.folder / "out")
    assert result["synthesis"]["coverage"] == pytest.approx(0.6)
    gate = coverage_gate(result)
    assert gate["verdict"] == "inconclusive" and gate["observed"] == "60.0 %"
    assert "argument of pg_sleep()" in gate["detail"]
    assert any("pg_sleep()" in reason for reason in result["reasons"])
    assert "60.0 %" in " ".join(ended.out.split())

    # Judged again, it is the same, and a limit of one's own accepts it.
    again = rehearse("gate", throwaway.folder / "out", "--json")
    assert again.code == 3 and coverage_gate(again.json)["verdict"] == "inconclusive"
    limits = write_scenario(throwaway.folder, {"errors": 0, "replay.coverage": "50%"}, "gates.yaml")
    accepted = rehearse("gate", throwaway.folder / "out", "--gates", limits, "--json")
    assert coverage_gate(accepted.json)["verdict"] == "pass", accepted.out


def test_the_way_back_is_rehearsed_under_the_same_load(run_on_throwaway, throwaway, production,
                                                       scale):
    content = synthesizing(scale=scale(660))
    content["migration"] = {"up": [{"sql": "ALTER TABLE orders ADD COLUMN region text"}],
                            "down": [{"sql": "ALTER TABLE orders DROP COLUMN region"}]}
    content["verify"] = {"tables": ["orders"], "expect": {"orders.region": "added"},
                         "rollback": True}
    ended = run_on_throwaway(content, production.uri)

    result = results.read(throwaway.folder / "out")
    results.assert_nothing_found(ended, result)
    assert coverage_gate(result["rollback"])["verdict"] == "pass"


def test_a_variable_that_is_not_set_is_an_error_with_its_place(run_on_throwaway, throwaway):
    ended = run_on_throwaway(synthesizing(), None)

    assert ended.code == 2
    line, column = re.search(r"scenario\.yaml:(\d+):(\d+): workload\.synthesize: the environment"
                             r" variable PROD", ended.err).groups()
    text = (throwaway.folder / "scenario.yaml").read_text(encoding="utf-8").splitlines()
    assert text[int(line) - 1][int(column) - 1:].startswith('"PROD"')
    assert_nothing_left(throwaway)

    valid = throwaway.rehearse("validate", throwaway.folder / "scenario.yaml")
    assert valid.code == 0, "it connects nowhere"


def test_a_source_that_cannot_be_read_is_named_without_its_password(run_on_throwaway, throwaway,
                                                                    tmp_path, database):
    gone = f"postgresql://anna:s3cret@/shop?host={tmp_path}&port=5432"
    ended = run_on_throwaway(synthesizing(), gone)
    assert ended.code == 6
    assert "database shop" in ended.err and "anna" in ended.err
    assert "scenario.yaml:" in ended.err and "cannot be read" in ended.err
    assert "s3cret" not in ended.err + ended.out
    assert_nothing_left(throwaway)

    without = run_on_throwaway(synthesizing(), database.uri)
    assert without.code == 6
    assert "CREATE EXTENSION pg_stat_statements" in without.err
    assert_nothing_left(throwaway)


def test_a_source_without_load_is_no_source(run_on_throwaway, throwaway, counting):
    idle = counted_shop.make_source(counting, "idle")
    ended = run_on_throwaway(synthesizing(window="1s"), idle.uri)

    assert ended.code == 6
    assert "Was there any load?" in ended.err
    assert_nothing_left(throwaway)


def start(throwaway, content, source):
    path = throwaway.write(content, counted_shop.SCHEMA)
    return throwaway.rehearse.start("run", path, "--out", "out", *SERVER_UNDER_TEST,
                                    environment=throwaway.environment | {"PROD": source})


def test_ctrl_c_while_the_source_is_watched_leaves_nothing(throwaway, production, counting):
    child = start(throwaway, synthesizing(window="10m"), production.uri)
    with psycopg.connect(counting.uri(), autocommit=True) as aside:
        wait_until(lambda: aside.execute(
            f"SELECT count(*) {ASKING} AND query LIKE '%pg_stat_activity%'").fetchone()[0], child)
    child.send_signal(signal.SIGINT)

    assert throwaway.rehearse.finish(child, timeout=20).code == 130
    assert_nothing_left(throwaway)


def test_ctrl_c_ends_a_question_that_waits_at_the_source(throwaway, counting):
    locked = counted_shop.make_source(counting, "locked")
    locked.execute("SELECT id, status FROM orders WHERE id = 5")
    locked.execute("SELECT email FROM customers WHERE id = 770001")
    with psycopg.connect(locked.uri) as holder, \
            psycopg.connect(counting.uri(), autocommit=True) as aside:
        holder.execute("LOCK TABLE orders, customers IN ACCESS EXCLUSIVE MODE")
        child = start(throwaway, synthesizing(), locked.uri)
        wait_until(lambda: aside.execute(
            f"SELECT count(*) {ASKING} AND wait_event_type = 'Lock'").fetchone()[0], child)
        child.send_signal(signal.SIGINT)
        ended = throwaway.rehearse.finish(child, timeout=20)

    assert ended.code == 130
    assert "operations" not in ended.err, "what was cut off is no workload"
    assert_nothing_left(throwaway)


def test_a_plan_shows_what_the_source_came_to_and_touches_nothing(run_on_throwaway, throwaway,
                                                                  production):
    ended = run_on_throwaway(synthesizing(scale=0.5), production.uri, "--plan")

    assert ended.code == 0, ended.err
    assert "6 operations" in ended.out and "select_orders_by_id" in ended.out
    assert_nothing_left(throwaway)


def test_all_runs_of_a_placebo_have_the_same_load(run_on_throwaway, throwaway, production, scale):
    ended = run_on_throwaway(synthesizing(scale=scale(660)), production.uri, "--times", "2",
                             "--during", "1", command="placebo")

    assert ended.code in (0, 3), ended.out + ended.err
    first, second = (throwaway.folder / "out" / number for number in ("1", "2"))
    assert (first / "workload.yaml").read_text() == (second / "workload.yaml").read_text()
    assert ended.err.count("reading the statistics of") == 1
    assert results.read(second)["synthesis"]["coverage"] > 0.99


def test_a_target_that_lacks_what_the_source_has_is_refused(run_on_throwaway, throwaway,
                                                            production):
    ended = run_on_throwaway(synthesizing(), production.uri, setup=shop.SCHEMA)

    assert ended.code == 2
    assert re.search(r"scenario\.yaml:\d+:\d+: operation \w+, parameter \w+: the target refuses"
                     r" its query: (column|relation) .* does not exist", ended.err)
    assert "rehearse workload synthesize" in ended.err


def test_a_gate_of_an_operation_that_the_source_has_not_is_an_error(run_on_throwaway, throwaway,
                                                                    production):
    content = synthesizing()
    content["gates"]["select_ordres_by_id.errors"] = 0
    ended = run_on_throwaway(content, production.uri)

    assert ended.code == 2
    assert "did you mean `select_orders_by_id`" in ended.err
    assert_nothing_left(throwaway)
