#include "workloads/conflicts/accesses.hpp"

#include "workloads/conflicts/row_values.hpp"

#include <algorithm>

namespace workloads::conflicts {
namespace {

bool holds(const std::vector<std::string>& list, const std::string& name) {
    return std::find(list.begin(), list.end(), name) != list.end();
}

}  // namespace

Spaces::Spaces(const Relations& relations)
    : relations_{relations},
      weights_(relations.catalog.tables.size()),
      told_by_(relations.catalog.tables.size()),
      keys_(relations.catalog.tables.size()) {}

void Spaces::count(const Touches& touches, std::uint64_t calls) {
    for (const auto& touch : touches.touches) {
        if (!touch.checks.empty()) {
            continue;
        }
        auto& weights = weights_.at(touch.relation);
        for (const auto& pin : touch.pins) {
            if (tells_rows_apart(type_of(touch.relation, pin.column))) {
                weights[pin.column] += calls;
            }
        }
        for (const auto& made : touch.made) {
            weights[made] += calls;
        }
    }
}

void Spaces::choose() {
    auto spaces = static_cast<std::uint32_t>(told_by_.size());
    for (std::size_t i = 0; i < told_by_.size(); ++i) {
        const auto& table = relations_.catalog.tables[i];
        const auto& rules = relations_.rules[i];
        std::uint64_t most = 0;
        for (const auto& [column, weight] : weights_[i]) {
            const bool unique = holds(
                table.unique_keys.empty() ? std::vector<std::string>{} : table.unique_keys.front(),
                column);
            if (weight > most || (weight == most && unique)) {
                most = weight;
                told_by_[i] = column;
            }
        }
        const auto is_referenced = [&](const std::vector<std::string>& key) {
            return std::any_of(
                relations_.rules.begin(), relations_.rules.end(), [&](const RelationRules& other) {
                    return std::any_of(other.references.begin(), other.references.end(),
                                       [&](const Reference& reference) {
                                           return relations_.rules[reference.relation].whole == i &&
                                                  std::is_permutation(key.begin(), key.end(),
                                                                      reference.referenced.begin(),
                                                                      reference.referenced.end());
                                       });
                });
        };
        for (auto columns : table.unique_keys) {
            const bool generated = std::any_of(
                columns.begin(), columns.end(),
                [&](const std::string& column) { return holds(rules.generated, column); });
            // Rows that differ in what tells them apart differ in such a key, too.
            if (!is_referenced(columns) && (generated || holds(columns, told_by_[i]))) {
                continue;
            }
            std::sort(columns.begin(), columns.end());
            keys_[i].push_back({spaces++, std::move(columns), false, generated});
        }
        if (rules.excludes) {
            keys_[i].push_back({spaces++, {}, true, false});
        }
    }
}

std::vector<Access> Spaces::accesses(const Touches& touches) const {
    std::vector<Access> found;
    for (const auto& touch : touches.touches) {
        if (touch.checks.empty()) {
            add_rows(touch, found);
        }
        for (const auto& key : keys_.at(touch.relation)) {
            add_key(touch, key, found);
        }
    }
    return found;
}

void Spaces::add_rows(const Touch& touch, std::vector<Access>& found) const {
    const auto& column = told_by_.at(touch.relation);
    Access access{.space = static_cast<std::uint32_t>(touch.relation),
                  .mode = touch.mode,
                  .relation = touch.relation};
    if (!column.empty() && !holds(touch.sets, column)) {
        if (holds(touch.made, column)) {
            access.rows = Rows::fresh;
            access.made = column;
        } else if (list(touch, {column}, access)) {
            access.rows = Rows::listed;
        }
    }
    found.push_back(std::move(access));
}

// Who only changes other columns, or reads, has nothing to do with it.
void Spaces::add_key(const Touch& touch, const Key& key, std::vector<Access>& found) const {
    const bool sets =
        key.excludes
            ? !touch.sets.empty()
            : std::any_of(touch.sets.begin(), touch.sets.end(),
                          [&](const std::string& column) { return holds(key.columns, column); });
    const bool checks =
        !touch.checks.empty() && std::is_permutation(key.columns.begin(), key.columns.end(),
                                                     touch.checks.begin(), touch.checks.end());
    if (!touch.inserts && !touch.deletes && !sets && !checks) {
        return;
    }
    Access access{.space = key.space, .mode = touch.mode, .relation = touch.relation};
    const bool fresh = std::any_of(key.columns.begin(), key.columns.end(),
                                   [&](const auto& column) { return holds(touch.made, column); });
    if (!key.excludes && !sets) {
        if (fresh) {
            access.rows = Rows::fresh;
            access.made = key.columns.size() == 1 ? key.columns.front() : std::string{};
        } else if (list(touch, key.columns, access)) {
            access.rows = Rows::listed;
        }
    }
    found.push_back(std::move(access));
}

bool Spaces::list(const Touch& touch, const std::vector<std::string>& columns,
                  Access& access) const {
    std::vector<Access::Part> parts;
    for (const auto& column : columns) {
        const auto* pin = touch.pin(column);
        const auto type = type_of(touch.relation, column);
        const bool fits = pin != nullptr && tells_rows_apart(type) &&
                          (columns.size() == 1 ||
                           (!pin->is_array && (touch.inserts || pin->numbers.size() == 1)));
        if (!fits || (!parts.empty() && parts.front().numbers.size() != pin->numbers.size())) {
            return false;
        }
        parts.push_back({column, pin->numbers, pin->is_array, type});
    }
    access.parts = std::move(parts);
    return true;
}

synthesis::TypeClass Spaces::type_of(std::size_t relation, const std::string& column) const {
    const auto* found = relations_.catalog.tables.at(relation).column(column);
    return found == nullptr ? synthesis::TypeClass::other : found->type;
}

}  // namespace workloads::conflicts
