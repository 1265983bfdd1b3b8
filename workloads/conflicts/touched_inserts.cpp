#include "workloads/conflicts/touch_walk.hpp"

#include <algorithm>

namespace workloads::conflicts {

using nlohmann::json;
using synthesis::at;
using synthesis::only;
using synthesis::text_at;

void TouchWalk::insert(const json& tree) {
    const auto target = relation_of(at(tree, "relation"), true);
    const auto& query = only(at(tree, "selectStmt"), "SelectStmt");
    const bool outer = std::exchange(reads_to_write_, true);
    if (target) {
        Touch touch{.relation = *target, .mode = Mode::writes, .inserts = true};
        inserted_values(tree, query, touch);
        if (const auto& conflict = at(tree, "onConflictClause"); !conflict.is_null()) {
            for (const auto& item : at(conflict, "targetList")) {
                touch.sets.push_back(text_at(only(item, "ResTarget"), "name"));
            }
            touch.pins = pins_of_conflict(conflict, std::move(touch.pins));
            touch.made.clear();
        }
        keep(std::move(touch));
    }
    for (const char* key : {"onConflictClause", "returningList", "selectStmt"}) {
        rest(at(tree, key));
    }
    reads_to_write_ = outer;
}

std::vector<Pin> TouchWalk::pins_of_conflict(const json& conflict, std::vector<Pin> pins) {
    std::set<std::string> named;
    for (const auto& element : at(at(conflict, "infer"), "indexElems")) {
        named.insert(text_at(only(element, "IndexElem"), "name"));
    }
    std::erase_if(pins, [&](const Pin& pin) { return !named.contains(pin.column); });
    return pins;
}

void TouchWalk::inserted_values(const json& tree, const json& query, Touch& touch) const {
    const auto& table = relations_.catalog.tables[touch.relation];
    std::vector<std::string> columns;
    if (const auto& named = at(tree, "cols"); named.is_array()) {
        for (const auto& column : named) {
            columns.push_back(text_at(only(column, "ResTarget"), "name"));
        }
    } else {
        for (const auto& column : table.columns) {
            columns.push_back(column.name);
        }
    }
    const auto& rows = at(query, "valuesLists");
    const bool has_rows = rows.is_array() && !rows.empty();
    std::set<std::string> given;
    for (std::size_t i = 0; has_rows && i < columns.size(); ++i) {
        std::vector<int> numbers;
        bool by_default = true, told = true;
        for (const auto& row : rows) {
            const auto& items = at(only(row, "List"), "items");
            const json* item = i < items.size() ? &items[i] : nullptr;
            const bool is_default = item == nullptr || !only(*item, "SetToDefault").is_null();
            const auto number = item == nullptr ? std::nullopt : parameter_of(*item);
            by_default = by_default && is_default;
            told = told && number.has_value();
            numbers.push_back(number.value_or(0));
        }
        if (told) {
            touch.pins.push_back({columns[i], std::move(numbers), false});
        }
        if (!by_default) {
            given.insert(columns[i]);
        }
    }
    if (!has_rows && !query.is_null()) {  // INSERT ... SELECT
        given.insert(columns.begin(), columns.end());
    }
    for (const auto& generated : relations_.rules[touch.relation].generated) {
        if (!given.contains(generated)) {
            touch.made.push_back(generated);
        }
    }
}

}  // namespace workloads::conflicts
