#include "scenarios/replay_section.hpp"

#include "scenarios/common_shapes.hpp"
#include "scenarios/fields.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <set>

#include <glob.h>

namespace scenarios {
namespace {

constexpr std::string_view as_recorded = "as_recorded";
constexpr int most_sessions = 10'000;

// Paths that a pattern stands for, sorted.
std::vector<std::string> matches(const std::string& pattern) {
    glob_t found{};
    const int status = glob(pattern.c_str(), 0, nullptr, &found);
    std::vector<std::string> paths;
    if (status == 0) {
        paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    }
    globfree(&found);
    return paths;
}

void read_logs(const Reading& reading, const Node& list, Replay& replay) {
    std::set<std::filesystem::path> known;
    for (const auto& item : list.items) {
        if (!item.sound) {
            continue;
        }
        const auto paths = matches((reading.folder / item.text).string());
        if (paths.empty()) {
            reading.error(item, "no file matches " + shown(item.text) + " beside the scenario");
        }
        for (const auto& path : paths) {
            if (known.insert(path).second) {
                replay.logs.emplace_back(path);
            }
        }
    }
}

void read_sessions(const Reading& reading, const Fields& fields, Replay& replay) {
    const auto* node = fields.find("sessions");
    if (node == nullptr || node->text == as_recorded) {
        return;
    }
    int count = 0;
    const auto& text = node->text;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc{} || end != text.data() + text.size() || count < 1 ||
        count > most_sessions) {
        reading.error(*node, "`workload.replay.sessions` is " + shown(text) +
                                 ": write `as_recorded`, or how many connections there may be at "
                                 "one time, from 1 to " +
                                 std::to_string(most_sessions));
        return;
    }
    replay.sessions = count;
}

std::string quoted_name(const std::string& name) {
    std::string quoted = "\"";
    for (const char c : name) {
        quoted.append(c == '"' ? 2 : 1, c);
    }
    return quoted + '"';
}

}  // namespace

const Shape& replay_shape() {
    static const Shape speed{.kind = Shape::Kind::number, .least = 0, .most = 1'000'000};
    static const Shape order{.kind = Shape::Kind::choice, .choices = {"recorded", "none"}};
    static const Shape keys{.kind = Shape::Kind::choice, .choices = {"remapped", "recorded"}};
    static const Shape shape{
        .kind = Shape::Kind::mapping,
        .example = "{logs: [postgresql-*.csv], speed: 1.0}",
        .keys = {
            {"logs", &text_list_shape(), "the server's logs, beside the scenario; * and ? match",
             true},
            {"prefix", &text_shape(), "log_line_prefix of stderr logs; left out: found out"},
            {"database", &text_shape(), "of the recorded sessions; needed where they had several"},
            {"as", &text_shape(),
             "the role on the target as which every session works; left out: the one that "
             "connects"},
            {"speed", &speed, "recorded seconds a second; 0: as fast as possible"},
            {"sessions", &text_shape(),
             "as_recorded, or how many connections there may be at one time"},
            {"order", &order,
             "recorded: transactions that touched the same rows commit in the order in which they "
             "did; none"},
            {"keys", &keys,
             "remapped: calls that use a key which the database drew get the one that it draws "
             "now; "
             "recorded"},
            {"loop", &flag_shape(), "true: it starts over when it is over before the load is"},
            {"at", &positive_span_shape(),
             "the moment of the recording at which the migration begins"}}};
    return shape;
}

void read_replay(const Reading& reading, const Node* node, Workload& workload) {
    if (node == nullptr) {
        return;
    }
    const Fields fields{node};
    Replay replay;
    replay.place = node->origin.place;
    if (const auto* logs = fields.part("logs")) {
        read_logs(reading, *logs, replay);
    }
    replay.prefix = fields.text("prefix");
    replay.database = fields.text("database");
    replay.speed = fields.number("speed", replay.speed);
    replay.at = fields.duration("at");
    read_sessions(reading, fields, replay);
    replay.in_order = fields.text("order") == "recorded";
    replay.loops = fields.flag("loop", false);
    replay.recorded_keys = fields.text("keys") == "recorded";
    if (const auto* sessions = fields.find("sessions");
        sessions != nullptr && replay.in_order && replay.sessions) {
        reading.error(*sessions,
                      "with `order: recorded` a session may have to wait for one that has no "
                      "connection yet: write `as_recorded`, or `order: none`");
    }
    if (const auto* loop = fields.find("loop"); replay.loops && replay.in_order) {
        reading.error(*loop,
                      "with `order: recorded` nothing tells what a transaction of the next time "
                      "waits for: leave `loop` out, or write `order: none`");
    }
    if (const auto* at = fields.find("at"); at != nullptr && !(replay.speed > 0)) {
        reading.error(*at,
                      "as fast as possible (`speed: 0`) the recording's time means nothing: "
                      "leave `at` out");
    }
    if (const auto role = fields.text("as"); !role.empty()) {
        const auto set_role = "SET ROLE " + quoted_name(role) + "; ";
        workload.session_old.insert(0, set_role);
        workload.session_new.insert(0, set_role);
    }
    workload.replay = std::move(replay);
}

void check_replay(const Reading& reading, const Node& root, const Scenario& scenario) {
    if (!scenario.workload.replay) {
        return;
    }
    const Fields workload{Fields{&root}.part("workload")};
    for (const auto* key :
         {"connections", "rate", "arrival", "think_time", "protocol", "operations", "pgbench"}) {
        if (const auto* node = workload.find(key)) {
            reading.error(*node, "`workload." + std::string{key} +
                                     "` is what the recording says: leave it out beside `replay`");
        }
    }
    for (std::size_t i = 0; i < scenario.up.size(); ++i) {
        if (std::holds_alternative<DeployStep>(scenario.up[i].action)) {
            reading.errors.add({scenario.up[i].place, {}},
                               "a recording knows one version of the application only: it cannot "
                               "be deployed beside `replay`");
        }
    }
    const Fields verify{Fields{&root}.part("verify")};
    if (const auto* rollback = verify.find("rollback"); rollback != nullptr && scenario.rollback) {
        reading.error(*rollback,
                      "the way back would be rehearsed under the recording from its start, on data "
                      "that it has changed already: leave `rollback` out beside `replay`");
    }
    if (scenario.verify && scenario.verify->live == Verify::Live::on) {
        const auto* live = verify.find("live");
        reading.error(live != nullptr ? *live : *workload.part("replay"),
                      "the transactions of a recording cannot be told from others in the change "
                      "stream: write `live: off` beside `replay`");
    }
    const auto& replay = *scenario.workload.replay;
    if (replay.at) {
        const auto before = scenario.phases.before;
        const auto at = std::chrono::duration<double, std::milli>{*replay.at} / replay.speed;
        if (at < before) {
            reading.error(*Fields{workload.part("replay")}.find("at"),
                          "`at` leaves no room for the phase `before`: at this speed it is reached "
                          "after " +
                              std::to_string(std::llround(at.count())) +
                              " ms, and the phase lasts " + std::to_string(before.count()) + " ms");
        }
    }
}

}  // namespace scenarios
