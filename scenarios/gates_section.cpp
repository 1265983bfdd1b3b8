// `gates`: the limits that the rehearsal is judged by.
#include "scenarios/common_shapes.hpp"
#include "scenarios/fields.hpp"
#include "scenarios/reading.hpp"
#include "scenarios/suggestion.hpp"

#include <algorithm>

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
        if (!operation.empty() && std::count(names.begin(), names.end(), operation) == 0) {
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
}

}  // namespace scenarios
