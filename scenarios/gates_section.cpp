// `gates`: the limits that the rehearsal is judged by.
#include "reports/figures.hpp"
#include "scenarios/common_shapes.hpp"
#include "scenarios/fields.hpp"
#include "scenarios/reading.hpp"
#include "scenarios/suggestion.hpp"

#include <algorithm>
#include <chrono>

namespace scenarios {
namespace {

reports::GateText text_of(const Entry& entry) {
    reports::GateText text{.key = entry.key, .limit = {}, .ratio = {}, .floor = {}};
    if (entry.value.kind == Node::Kind::scalar) {
        text.limit = entry.value.text;
        return text;
    }
    const Fields fields{&entry.value};
    const auto part = [&](std::string_view key) {
        return fields.has(key) ? std::optional{fields.text(key)} : std::nullopt;
    };
    text.limit = part("limit");
    text.ratio = part("ratio");
    text.floor = part("floor");
    return text;
}

// Whoever asks for a ratio with the default phases would wait for a verdict that cannot come.
void remark_on_ratios(const Reading& reading, const Node& node, const Phases& phases) {
    const auto before_s = std::chrono::duration<double>(phases.before).count();
    const auto ratio =
        std::find_if(node.entries.begin(), node.entries.end(), [](const auto& entry) {
            return entry.value.kind == Node::Kind::mapping && Fields{&entry.value}.has("ratio");
        });
    if (ratio != node.entries.end() && before_s < reports::least_ratio_phase_s) {
        reading.errors.add_remark(
            ratio->origin,
            "a ratio is judged from " + reports::seconds_text(reports::least_ratio_phase_s) +
                " of load on, before the migration and again during and after it together; "
                "`phases.before` is " +
                reports::seconds_text(before_s) +
                ", so that the verdict cannot be pass: make `before` and `after` longer");
    }
}

}  // namespace

const Shape& gates_shape() {
    static const Shape gate{
        .kind = Shape::Kind::mapping,
        .example = "{ratio: 1.25, floor: 5ms}",
        .keys = {{"limit", &text_shape(),
                  "the most that is allowed; `<` and `<=` may stand before"},
                 {"ratio", &text_shape(),
                  "during and after against before: 1.25 allows a quarter more"},
                 {"floor", &text_shape(), "a difference below this does not count"}},
        .short_form = &text_shape()};
    static const Shape shape{.kind = Shape::Kind::dictionary,
                             .example = "{errors: 0, lock_wait.max: 300ms}",
                             .least = 1,
                             .item = &gate};
    return shape;
}

std::vector<reports::Gate> gates_in(const Reading& reading, const Node& node,
                                    const std::vector<std::string_view>& names) {
    std::vector<reports::Gate> gates;
    for (const auto& entry : node.entries) {
        if (!entry.value.sound) {
            continue;
        }
        auto gate = reports::parse_gate(text_of(entry));
        if (const auto* message = std::get_if<std::string>(&gate)) {
            reading.errors.add(entry.origin, "gate " + shown(entry.key) + ": " + *message);
            continue;
        }
        const auto& operation = std::get<reports::Gate>(gate).operation;
        // Those of a recording are known when it was read.
        if (!operation.empty() && !names.empty() &&
            std::count(names.begin(), names.end(), operation) == 0) {
            reading.errors.add(entry.origin, "gate " + shown(entry.key) +
                                                 ": no operation is called " + shown(operation) +
                                                 suggestion(operation, names));
        }
        gates.push_back(std::get<reports::Gate>(std::move(gate)));
    }
    return gates;
}

void read_gates(const Reading& reading, const Node* node, Scenario& scenario) {
    if (node == nullptr) {
        scenario.gates = reports::default_gates();
        scenario.default_gates = true;
        return;
    }
    std::vector<std::string_view> names;
    for (const auto& operation : scenario.workload.operations) {
        names.push_back(operation.name);
    }
    scenario.gates = gates_in(reading, *node, names);
    remark_on_ratios(reading, *node, scenario.phases);
}

}  // namespace scenarios
