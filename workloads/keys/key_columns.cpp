#include "workloads/keys/key_columns.hpp"

#include "workloads/conflicts/row_values.hpp"

#include <charconv>
#include <limits>

#include <xxhash.h>

namespace workloads::keys {
namespace {

// References go from table to table; a circle of them would go on for ever.
constexpr int most_references = 16;

}  // namespace

KeyColumns::KeyColumns(const conflicts::Relations& relations, std::span<const Place> given)
    : relations_{relations} {
    for (std::size_t i = 0; i < relations.rules.size(); ++i) {
        for (const auto& name : relations.rules[i].generated) {
            add(i, name);
        }
    }
    for (const auto& [relation, name] : given) {
        add(relation, name);
    }
}

void KeyColumns::add(std::size_t relation, const std::string& name) {
    const auto whole = relations_.rules[relation].whole;
    const auto* column = relations_.catalog.tables[whole].column(name);
    if (column == nullptr || !conflicts::tells_rows_apart(column->type) ||
        columns_.size() == std::numeric_limits<Domain>::max() ||
        origin_of({whole, name}) != Place{whole, name}) {  // what it refers to makes the keys
        return;
    }
    const auto domain = static_cast<Domain>(columns_.size());
    if (domain_of_.emplace(Place{whole, name}, domain).second) {
        columns_.push_back({whole, name, column->type, column->longest});
    }
}

Place KeyColumns::origin_of(Place place) const {
    for (int i = 0; i < most_references; ++i) {
        const auto before = place;
        for (const auto& reference : relations_.rules[place.first].references) {
            for (std::size_t k = 0; k < reference.columns.size(); ++k) {
                if (reference.columns[k] == place.second && k < reference.referenced.size()) {
                    place = {relations_.rules[reference.relation].whole, reference.referenced[k]};
                    break;
                }
            }
            if (place != before) {
                break;
            }
        }
        if (place == before) {
            return place;
        }
    }
    return place;
}

std::optional<Domain> KeyColumns::find(std::size_t relation, const std::string& column) const {
    const auto found = domain_of_.find(origin_of({relations_.rules[relation].whole, column}));
    return found == domain_of_.end() ? std::nullopt : std::optional{found->second};
}

bool KeyColumns::makes(std::size_t relation, const std::string& column) const {
    return domain_of_.contains({relations_.rules[relation].whole, column});
}

std::optional<std::uint64_t> value_of(std::string_view text, const KeyColumn& column) {
    const auto canonical = conflicts::canonical(text, column.type);
    if (!canonical) {
        return std::nullopt;
    }
    if (!column.is_sequence()) {
        return XXH3_64bits(canonical->data(), canonical->size());
    }
    std::int64_t number = 0;
    const auto* end = canonical->data() + canonical->size();
    const auto [stop, error] = std::from_chars(canonical->data(), end, number);
    return error == std::errc{} && stop == end ? std::optional{static_cast<std::uint64_t>(number)}
                                               : std::nullopt;
}

}  // namespace workloads::keys
