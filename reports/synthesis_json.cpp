// What a run's result.json holds of the statistics that its load was made from, written and read
// back.
#include "reports/json_parts.hpp"
#include "reports/read_json_parts.hpp"

namespace reports {

namespace {

using json_parts::Json;
using reading::Part;

Json operation_json(const Synthesis::Operation& operation) {
    return {{"name", operation.name}, {"calls", json_parts::number(operation.calls)}};
}

Json omission_json(const Synthesis::Omission& omission) {
    return {{"why", omission.why},
            {"calls", json_parts::number(omission.calls)},
            {"time", json_parts::number(omission.time)},
            {"statements", omission.statements}};
}

// A share that is none would pass or fail a gate for no reason.
double read_share(const Part& part) {
    const double share = part.number();
    if (!(share >= 0 && share <= 1)) {
        part.fail("it is no share from 0 to 1");
    }
    return share;
}

Synthesis::Operation read_operation_share(const Part& part) {
    return {.name = part["name"].text(), .calls = read_share(part["calls"])};
}

Synthesis::Omission read_omission(const Part& part) {
    return {.why = part["why"].text(),
            .calls = read_share(part["calls"]),
            .time = read_share(part["time"]),
            .statements = part["statements"].count()};
}

}  // namespace

Json json_parts::synthesis_json(const Synthesis& synthesis) {
    return {{"from", "pg_stat_statements"},
            {"database", synthesis.database},
            {"server", synthesis.server},
            {"seconds", number(synthesis.seconds)},
            {"since_reset", synthesis.since_reset},
            {"scale", number(synthesis.scale)},
            {"calls_per_s", number(synthesis.calls_per_s)},
            {"coverage", number(synthesis.covered_calls)},
            {"coverage_of_time", number(synthesis.covered_time)},
            {"operations", list(synthesis.operations, operation_json)},
            {"keeps_values", synthesis.keeps_values},
            {"evictions", synthesis.evictions},
            {"omissions", list(synthesis.omissions, omission_json)}};
}

Synthesis reading::read_synthesis_part(const Part& part) {
    return {.database = part["database"].text(),
            .server = part["server"].text(),
            .seconds = part["seconds"].number(),
            .since_reset = part["since_reset"].truth(),
            .scale = part["scale"].number(),
            .calls_per_s = part["calls_per_s"].number(),
            .covered_calls = read_share(part["coverage"]),
            .covered_time = read_share(part["coverage_of_time"]),
            .operations = part["operations"].list(read_operation_share),
            .keeps_values = part["keeps_values"].truth(),
            .evictions = part["evictions"].count(),
            .omissions = part["omissions"].list(read_omission)};
}

}  // namespace reports
