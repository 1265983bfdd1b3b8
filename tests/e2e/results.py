"""What result.json says, and what a busy machine may make of it."""
import json


def read(folder):
    return json.loads((folder / "result.json").read_text(encoding="utf-8"))


def operation(result, name):
    return next(entry for entry in result["operations"] if entry["name"] == name)


def step(result, name):
    return next(entry for entry in result["steps"] if entry["name"] == name)


def counted(result, name, phase):
    return operation(result, name)["phases"][phase]["count"]


def errors(result, phases=("before", "during", "after")):
    """The failures of all operations by SQLSTATE."""
    total = {}
    for entry in result["operations"]:
        for phase in phases:
            for code, count in entry["phases"][phase]["errors"].items():
                total[code] = total.get(code, 0) + count
    return total


def is_noise(reason):
    """Whether a reason blames this machine: other programs kept the generator or the observer from
    their schedules. No test here is about that, and a run of seconds cannot make up for it."""
    reason = reason.removeprefix("Rollback: ")
    return (reason.startswith("The load generator itself was late")
            or reason.startswith(("The lock observer lost", "The lock observer took only"))
            or ("could not be judged" in reason
                and ("longest gap" in reason or "load generator's own" in reason
                     or "lock observer took only" in reason
                     or "lost" in reason and "samples" in reason)))


def assert_nothing_found(ended, result):
    """A pass; or what would be one on a machine that has nothing else to do."""
    found = [reason for reason in result["reasons"] if not is_noise(reason)]
    if ended.code == 0:
        assert (result["verdict"], result["exit_code"]) == ("pass", 0)
        assert {gate["verdict"] for gate in result["gates"]} == {"pass"}, result["gates"]
    else:
        assert ended.code == 3, (ended.code, result["reasons"], ended.err)
        assert found == [], found
    assert {entry["outcome"] for entry in result["steps"]} <= {"ok"}, result["steps"]
