// placebo.json, written and read back; a run's result.json holds the same object.
#include "reports/json_parts.hpp"
#include "reports/placebo_result.hpp"
#include "reports/read_json_parts.hpp"

namespace reports {

namespace {

constexpr std::string_view schema = "rehearse.placebo/1";

using json_parts::Json;
using reading::Part;

Json alarms_json(const FalseAlarms& alarms) {
    return {{"name", alarms.name},
            {"runs", alarms.runs},
            {"false_alarms", alarms.alarms},
            {"inconclusive", alarms.unclear},
            {"false_alarm_rate_below", json_parts::number(alarms.most_likely_below)}};
}

Json caught_json(const SmallestCaught& each) {
    return {{"operation", each.operation},
            {"statistic", each.statistic},
            {"allowed_ratio", json_parts::number(each.allowed_ratio)},
            {"smallest_factor", json_parts::number_or_null(each.factor)}};
}

FalseAlarms read_alarms(const Part& part) {
    FalseAlarms alarms{.name = part["name"].text(),
                       .runs = part["runs"].count(),
                       .alarms = part["false_alarms"].count(),
                       .unclear = part["inconclusive"].count(),
                       .most_likely_below = part["false_alarm_rate_below"].number()};
    if (alarms.alarms + alarms.unclear > alarms.runs) {
        part.fail("it counts more outcomes than runs");
    }
    if (!(alarms.most_likely_below >= 0 && alarms.most_likely_below <= 1)) {
        part["false_alarm_rate_below"].fail("a rate lies between 0 and 1");
    }
    return alarms;
}

SmallestCaught read_caught(const Part& part) {
    return {.operation = part["operation"].text(),
            .statistic = part["statistic"].text(),
            .allowed_ratio = part["allowed_ratio"].number(),
            .factor = part["smallest_factor"].optional_number()};
}

PlaceboLoad read_load(const Part& part) {
    return {.scenario = part["scenario"].text(),
            .engine = part["engine"].text(),
            .engine_version = part["engine_version"].text(),
            .asked_rate = part["rate"].number(),
            .connections = part["connections"].small_count(),
            .before_s = part["before_s"].number(),
            .after_s = part["after_s"].number()};
}

Json part_json(const ReplayControl::Part& part) {
    return {{"calls", part.calls}, {"new", part.fresh}};
}

Json control_json(const ReplayControl& control) {
    const auto operation_json = [](const ReplayControl::Operation& operation) -> Json {
        return {{"name", operation.name},
                {"before_migration", part_json(operation.before)},
                {"from_migration_on", part_json(operation.later)}};
    };
    return {
        {"recording", control.recording},
        {"speed", json_parts::number(control.speed)},
        {"repetitions", json_parts::list(control.repetitions, [&](const auto& repetition) -> Json {
             return {{"begins_s", json_parts::number(repetition.begins_s)},
                     {"operations", json_parts::list(repetition.operations, operation_json)}};
         })}};
}

ReplayControl::Part read_part(const Part& part) {
    ReplayControl::Part read{.calls = part["calls"].count(), .fresh = {}};
    std::uint64_t failed = 0;
    part["new"].for_each([&](const std::string& code, const Part& count) {
        read.fresh[code] = count.count();
        failed += read.fresh[code];
    });
    if (failed > read.calls) {
        part.fail("more calls failed than there were");
    }
    return read;
}

ReplayControl read_control(const Part& part) {
    return {.recording = part["recording"].text(),
            .speed = part["speed"].number(),
            .repetitions = part["repetitions"].list([](const Part& repetition) {
                return ReplayControl::Repetition{
                    .begins_s = repetition["begins_s"].number(),
                    .operations = repetition["operations"].list([](const Part& operation) {
                        return ReplayControl::Operation{
                            .name = operation["name"].text(),
                            .before = read_part(operation["before_migration"]),
                            .later = read_part(operation["from_migration_on"])};
                    })};
            })};
}

}  // namespace

Json json_parts::placebo_value(const PlaceboResult& result) {
    const auto& load = result.load;
    return {{"schema", schema},
            {"load",
             {{"scenario", load.scenario},
              {"engine", load.engine},
              {"engine_version", load.engine_version},
              {"rate", number(load.asked_rate)},
              {"connections", load.connections},
              {"before_s", number(load.before_s)},
              {"after_s", number(load.after_s)}}},
            {"verdicts", alarms_json(result.verdicts)},
            {"gates", list(result.gates, alarms_json)},
            {"caught", list(result.caught, caught_json)},
            {"reasons", result.reasons},
            {"control", result.control ? control_json(*result.control) : Json(nullptr)}};
}

PlaceboResult reading::read_placebo_part(const Part& part) {
    if (const auto found = part["schema"].text(); found != schema) {
        part["schema"].fail("this program reads " + std::string{schema} + ", not " +
                            found.substr(0, 60));
    }
    std::optional<ReplayControl> control;
    if (part.has("control")) {
        control = read_control(part["control"]);
    }
    return {.load = read_load(part["load"]),
            .verdicts = read_alarms(part["verdicts"]),
            .gates = part["gates"].list(read_alarms),
            .caught = part["caught"].list(read_caught),
            .reasons = part["reasons"].texts(),
            .control = std::move(control)};
}

std::string placebo_json(const PlaceboResult& result) {
    return json_parts::placebo_value(result).dump(1, ' ', false, Json::error_handler_t::replace) +
           '\n';
}

std::variant<PlaceboResult, std::string> read_placebo(std::string_view text) {
    try {
        const auto json = reading::parsed(text);
        return reading::read_placebo_part({json, ""});
    } catch (const reading::Malformed& wrong) {
        return wrong.what();
    }
}

}  // namespace reports
