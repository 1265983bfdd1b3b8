// `workload`: what the application does while the migration runs.
#include "scenarios/common_shapes.hpp"
#include "scenarios/fields.hpp"
#include "scenarios/operation_section.hpp"
#include "scenarios/pgbench_section.hpp"
#include "scenarios/reading.hpp"
#include "scenarios/replay_section.hpp"
#include "scenarios/synthesize_section.hpp"

#include <array>
#include <utility>

namespace scenarios {
namespace {

using std::chrono::milliseconds;
using workloads::ArrivalKind;

constexpr std::pair<std::string_view, ArrivalKind> arrivals[]{{"poisson", ArrivalKind::poisson},
                                                              {"uniform", ArrivalKind::uniform},
                                                              {"constant", ArrivalKind::constant}};
constexpr std::pair<std::string_view, Protocol> protocols[]{{"prepared", Protocol::prepared},
                                                            {"extended", Protocol::extended},
                                                            {"simple", Protocol::simple}};

const Shape& session_shape() {
    static const Shape shape{
        .kind = Shape::Kind::mapping,
        .example = R"({old: "SET search_path = shop"})",
        .keys = {{"old", &sql_shape(), "SQL for the connections of the old application version"},
                 {"new", &sql_shape(), "SQL for the connections of the new application version"}}};
    return shape;
}

// What the schedule's keys mean depends on whether there is a rate.
void check_schedule(const Reading& reading, const Fields& fields) {
    const bool open_loop = fields.part("rate") != nullptr;
    if (const auto* arrival = fields.part("arrival"); arrival != nullptr && !open_loop) {
        reading.error(*arrival,
                      "`workload.arrival` is how the operations of an open loop arrive: give a "
                      "`rate` too, or leave it out");
    }
    if (const auto* think_time = fields.part("think_time"); think_time != nullptr && open_loop) {
        reading.error(*think_time,
                      "`workload.think_time` is for a closed loop: with a `rate` the schedule "
                      "alone says when an operation is due; remove one of the two");
    }
}

void check_threads(const Reading& reading, const Fields& fields, const Workload& workload) {
    const auto* threads = fields.find("threads");
    if (threads != nullptr && workload.threads > workload.connections) {
        reading.error(*threads, "`workload.threads` is more than the " +
                                    std::to_string(workload.connections) +
                                    " connections: a thread would have none");
    }
}

void read_session(const Reading& reading, const Fields& fields, Workload& workload) {
    const Fields session{fields.part("session")};
    for (const auto& [key, sql] :
         {std::pair{"old", &workload.session_old}, std::pair{"new", &workload.session_new}}) {
        const auto* node = session.find(key);
        if (node == nullptr) {
            continue;
        }
        *sql = node->text;
        const auto split = split_sql(node->text);
        if (const auto* error = std::get_if<SqlError>(&split)) {
            reading.error_in(*node, error->offset, error->message);
        } else if (const auto& doubt = std::get<SqlText>(split).doubt) {
            reading.doubt_in(*node, *doubt);
        }
    }
}

}  // namespace

const Shape& workload_shape() {
    static const Shape connections{.kind = Shape::Kind::integer, .least = 1, .most = 10'000};
    static const Shape threads{.kind = Shape::Kind::integer, .least = 1, .most = 64};
    static const Shape rate{.kind = Shape::Kind::rate};
    static const Shape arrival{.kind = Shape::Kind::choice, .choices = names_of(arrivals)};
    static const Shape protocol{.kind = Shape::Kind::choice, .choices = names_of(protocols)};
    // A histogram ends at one hour.
    static const Shape timeout{.kind = Shape::Kind::duration, .least = 1, .most = 3'600'000};
    static const Shape shape{
        .kind = Shape::Kind::mapping,
        .example = "{connections: 32, rate: 500/s, operations: [...]}",
        .keys = {{"connections", &connections, "sessions that send operations"},
                 {"threads", &threads, "worker threads of the load generator"},
                 {"rate", &rate, "operations due per second (open loop); left out: closed loop"},
                 {"arrival", &arrival, "how the operations of an open loop arrive"},
                 {"think_time", &span_shape(), "closed loop: the pause after each operation"},
                 {"statement_timeout", &timeout,
                  "the server's statement_timeout of each connection"},
                 {"protocol", &protocol, "how statements are sent"},
                 {"session", &session_shape(), "SQL that is sent on each new connection"},
                 {"operations", &operations_shape(), "what the application does"},
                 {"pgbench", &pgbench_shape(),
                  "scripts of pgbench that are run beside, or instead"},
                 {"replay", &replay_shape(),
                  "instead: the application's own work, from the server's logs"},
                 {"synthesize", &synthesize_shape(),
                  "instead: what a running database has counted of its statements"}},
        .at_least_one = {"operations", "pgbench", "replay", "synthesize"}};
    return shape;
}

void read_workload(const Reading& reading, const Node* node, Workload& workload) {
    const Workload defaults;
    const Fields fields{node};
    workload.connections = fields.integer("connections", defaults.connections);
    workload.threads = fields.integer("threads", defaults.threads);
    workload.rate = fields.rate("rate");
    workload.arrival = fields.choice("arrival", arrivals, defaults.arrival);
    workload.think_time = fields.duration("think_time", defaults.think_time);
    workload.statement_timeout = fields.duration("statement_timeout", defaults.statement_timeout);
    workload.protocol = fields.choice("protocol", protocols, defaults.protocol);
    // What the source gives is looked at with it: see read_synthesized_scenario().
    if (fields.part("synthesize") == nullptr) {
        check_schedule(reading, fields);
        check_threads(reading, fields, workload);
    }
    read_session(reading, fields, workload);
    read_operations(reading, fields.part("operations"), workload);
    read_replay(reading, fields.part("replay"), workload);
    read_synthesize(reading, fields, workload);
    read_pgbench(reading, fields.part("pgbench"), workload);
}

}  // namespace scenarios
