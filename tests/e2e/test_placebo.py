"""What the gates are worth: a migration that does nothing, and a run judged against an earlier one."""
import json

import pytest

import shop

# Short phases, and no data to fill: what is looked at is the bookkeeping, not the statistics.
QUICK = {"warmup": "300ms", "before": "1s", "after": "1s"}
STEP = {"name": "nothing much", "sql": "SELECT 1"}
GATES = {"errors": 0, "stall.max": "5s", "response.p99": {"ratio": 1.25}}

pytestmark = pytest.mark.patient


@pytest.fixture
def quick(scenario, shop_database):
    """A scenario and where it runs."""
    return scenario(shop.scenario(STEP, phases=QUICK, gates=GATES)), "--db", shop_database.uri


def test_a_placebo_counts_what_its_runs_said(rehearse, quick, tmp_path):
    out = tmp_path / "placebo"
    ended = rehearse("placebo", *quick, "--times", "2", "--during", "0.5", "--out", out, "--quiet",
                     "--json", "--seed", "7")

    assert ended.code == 3, ended.err  # of such short phases no ratio can be judged
    told = json.loads(ended.out)
    assert told["schema"] == "rehearse.placebo/1"
    assert told["verdicts"]["runs"] == 2
    assert told["verdicts"]["inconclusive"] + told["verdicts"]["false_alarms"] == 2
    by_name = {gate["name"]: gate for gate in told["gates"]}
    assert set(by_name) == set(GATES)
    assert by_name["response.p99"]["inconclusive"] == 2
    # No alarm in two runs: the rate may be anything below 1 - sqrt(0.05).
    if by_name["errors"]["false_alarms"] == 0:
        assert by_name["errors"]["false_alarm_rate_below"] == pytest.approx(0.7764, abs=1e-4)
    assert {(each["statistic"], each["smallest_factor"]) for each in told["caught"]} == {
        ("p99", None)}
    assert json.loads((out / "placebo.json").read_text()) == told
    results = [json.loads((out / run / "result.json").read_text()) for run in ("1", "2")]
    assert [result["run"]["seed"] for result in results] == [7, 8]
    assert [step["name"] for step in results[0]["steps"]] == ["nothing"]

    # A run takes it in: what its gates are worth stands in its report.
    run = tmp_path / "run"
    rehearse("run", *quick, "--placebo", out, "--out", run, "--quiet")
    assert json.loads((run / "result.json").read_text())["placebo"] == told
    assert "2 rehearsals: " in (run / "report.html").read_text()
    (run / "report.html").unlink()
    rehearse("report", run)
    assert "2 rehearsals: " in (run / "report.html").read_text()
    for wrong, why in ((tmp_path, "holds no placebo.json"), (run / "result.json", "schema: "),
                       (tmp_path / "none", "none")):
        refused = rehearse("run", *quick, "--placebo", wrong, "--out", tmp_path / "no")
        assert refused.code == 2 and why in refused.err
    assert not (tmp_path / "no").exists()


def test_a_placebo_wants_a_new_folder(rehearse, quick, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("x")
    ended = rehearse("placebo", *quick, "--out", tmp_path / "full")
    assert ended.code == 2
    assert "must be new or empty" in ended.err
    assert rehearse("placebo", *quick, "--times", "0").code == 2
    assert rehearse("placebo", tmp_path / "missing.yaml").code == 2


def test_a_run_is_judged_against_its_baseline_too(rehearse, quick, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    rehearse("run", *quick, "--out", first, "--quiet")
    alone = tmp_path / "baseline.json"
    alone.write_bytes((first / "result.json").read_bytes())

    ended = rehearse("run", *quick, "--out", second, "--quiet", "--baseline", alone)

    result = json.loads((second / "result.json").read_text())
    [gate] = [gate for gate in result["gates"] if gate["baseline"]]
    assert gate["name"] == "baseline.response.p99"
    assert gate["baseline"] == str(alone)
    # Of so few seconds, or because a busy machine kept the generator from its schedule.
    assert gate["verdict"] == "inconclusive"
    assert "100 s" in gate["detail"] or "generator itself was late" in gate["detail"]
    assert ended.code == result["exit_code"] != 0

    # Judged again without it the run would look better than it was.
    again = rehearse("gate", second)
    assert again.code == 2
    assert "--baseline" in again.err
    assert rehearse("gate", second, "--baseline", alone).code == ended.code
    missing = rehearse("run", *quick, "--out", tmp_path / "third", "--baseline", tmp_path / "none")
    assert missing.code == 2
    assert not (tmp_path / "third").exists()
