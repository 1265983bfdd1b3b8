#include "harness/locks/event_lines.hpp"

#include "harness/locks/wait_graph.hpp"

#include <cmath>
#include <map>

#include <nlohmann/json.hpp>

namespace harness::locks {
namespace {

using Json = nlohmann::ordered_json;

double to_ms(double value) {
    return std::round(value * 1e3) / 1e3;
}

// A server's text may be in any encoding; a line is always valid.
std::string text_of(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string line_of(double t_s, const database::LockSample& sample,
                    const SessionDirectory& directory) {
    std::map<std::int64_t, std::uint32_t> blocked;
    for (const auto& chain : follow(sample)) {
        ++blocked[chain.root];
    }
    Json blockers = Json::array();
    std::uint32_t waiting = 0;
    for (const auto& [root, count] : blocked) {
        waiting += count;
        Json blocker{{"pid", root}};
        for (const auto& session : sample.sessions) {
            if (session.session == root) {
                const auto role = directory.role_of(session);
                blocker["kind"] = name_of(role.kind);
                blocker["name"] = role.name;
                if (!session.held.empty()) {
                    const auto& held = session.held.front();
                    blocker["relation"] = held.relation.empty() ? held.kind : held.relation;
                    blocker["mode"] = held.mode;
                }
            }
        }
        blocker["blocked"] = count;
        blockers.push_back(std::move(blocker));
    }
    return text_of({{"time_s", to_ms(t_s)},
                    {"type", "locks"},
                    {"waiting", waiting},
                    {"blockers", std::move(blockers)}});
}

std::string line_of_observer(double t_s, std::string_view what, std::string_view detail) {
    return text_of(
        {{"time_s", to_ms(t_s)}, {"type", "observer"}, {"what", what}, {"detail", detail}});
}

std::string line_of(double t_s, std::span<const database::ReplicaLag> lags) {
    Json replicas = Json::array();
    for (const auto& lag : lags) {
        replicas.push_back(
            Json{{"name", lag.name}, {"lag_s", lag.seconds}, {"lag_bytes", lag.bytes}});
    }
    return text_of(
        {{"time_s", to_ms(t_s)}, {"type", "replicas"}, {"replicas", std::move(replicas)}});
}

std::string line_of(double t_s, const StalledOperation& stalled, std::string_view operation) {
    const auto ms = [](Clock::duration d) {
        return to_ms(std::chrono::duration<double, std::milli>(d).count());
    };
    return text_of({{"time_s", to_ms(t_s)},
                    {"type", "wait"},
                    {"operation", operation},
                    {"waited_ms", ms(stalled.waited)},
                    {"took_ms", ms(stalled.statement.done - stalled.statement.sent)},
                    {"episode", stalled.episode ? Json(*stalled.episode) : Json(nullptr)}});
}

}  // namespace harness::locks
