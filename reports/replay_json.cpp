// What a run's result.json holds of the recording that was its load, written and read back.
#include "reports/json_parts.hpp"
#include "reports/new_errors.hpp"
#include "reports/read_json_parts.hpp"

namespace reports {

namespace {

using json_parts::Json;
using reading::Part;

Json outcomes_json(const ReplayOutcomes& outcomes) {
    return {{"as_recorded", outcomes.as_recorded},
            {"failed_as_recorded", outcomes.failed_as_recorded},
            {"gone", outcomes.gone},
            {"new", outcomes.fresh}};
}

ReplayOutcomes read_outcomes(const Part& part) {
    return {.as_recorded = part["as_recorded"].count(),
            .failed_as_recorded = part["failed_as_recorded"].count(),
            .gone = part["gone"].count(),
            .fresh = part["new"].count()};
}

Json reason_json(const Replay::Reason& reason) {
    return {{"key", reason.key},
            {"why", reason.why},
            {"replayed", reason.replayed},
            {"count", reason.count},
            {"first", reason.first}};
}

Replay::Reason read_reason(const Part& part) {
    return {.key = part["key"].text(),
            .why = part["why"].text(),
            .first = part["first"].text(),
            .replayed = part["replayed"].text(),
            .count = part["count"].count()};
}

// Drawn from the operations and the placebo, and therefore not read back.
Json new_errors_json(const Record& record) {
    const auto all = new_errors(record);
    return {{"before_migration", all.before},
            {"from_migration_on", all.later},
            {"without_migration_too", all.without_migration},
            {"migration_only", all.migration_only},
            {"unclear", all.unclear},
            {"controls", all.controls},
            {"no_control", all.no_control},
            {"doubts", all.doubts},
            {"by_operation", json_parts::list(all.rows, [&](const NewErrors::Row& row) -> Json {
                 const auto& split = row.split;
                 const bool known = all.controls > 0;
                 return {{"operation", row.operation},
                         {"code", row.code},
                         {"before_migration", row.before},
                         {"from_migration_on", row.later},
                         {"without_migration_too", split.without_migration},
                         {"migration_only", split.migration_only},
                         {"unclear", split.unclear},
                         {"control_lowest", known ? Json(split.lowest) : Json(nullptr)},
                         {"control_highest", known ? Json(split.highest) : Json(nullptr)}};
             })}};
}

}  // namespace

Json json_parts::replay_json(const Record& record) {
    const auto& replay = *record.replay;
    Json outcomes = Json::object();
    for (std::size_t phase = 0; phase < phase_count; ++phase) {
        outcomes[name_of(static_cast<PhaseName>(phase))] = outcomes_json(replay.outcomes[phase]);
    }
    return {{"logs", replay.logs},
            {"recording", text_or_null(replay.recording)},
            {"speed", number(replay.speed)},
            {"length_s", number(replay.length_s)},
            {"loops", replay.loops},
            {"sessions", replay.sessions},
            {"statements", replay.statements()},
            {"exactly", replay.exactly},
            {"approximately", replay.approximately},
            {"not_at_all", replay.not_at_all},
            {"other_databases", replay.other_databases},
            {"coverage", number(replay.coverage())},
            {"reasons", list(replay.reasons, reason_json)},
            {"order", replay.order ? replay_order_json(*replay.order) : Json(nullptr)},
            {"keys", replay.keys ? replay_keys_json(*replay.keys) : Json(nullptr)},
            {"outcomes", outcomes},
            {"new_errors", new_errors_json(record)}};
}

Replay reading::read_replay_part(const Part& part) {
    Replay replay{.logs = part["logs"].texts(),
                  .recording = part.has("recording") ? part["recording"].text() : std::string{},
                  .speed = part["speed"].number(),
                  .length_s = part["length_s"].number(),
                  .loops = part.has("loops") && part["loops"].truth(),
                  .sessions = part["sessions"].count(),
                  .exactly = part["exactly"].count(),
                  .approximately = part["approximately"].count(),
                  .not_at_all = part["not_at_all"].count(),
                  .other_databases = part["other_databases"].count(),
                  .reasons = part["reasons"].list(read_reason),
                  .order = part["order"].optional(read_replay_order),
                  .keys = part.has("keys") ? part["keys"].optional(read_replay_keys)
                                           : std::optional<ReplayKeys>{}};
    for (std::size_t phase = 0; phase < phase_count; ++phase) {
        replay.outcomes[phase] =
            read_outcomes(part["outcomes"][name_of(static_cast<PhaseName>(phase))]);
    }
    if (replay.statements() != part["statements"].count()) {
        part["statements"].fail("it is not the sum of its parts");
    }
    return replay;
}

}  // namespace reports
