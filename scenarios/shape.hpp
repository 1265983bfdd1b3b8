// What a scenario file may hold: one description from which both the strict reader and the JSON
// Schema are made, so that the two cannot drift.
#pragma once

#include "scenarios/yaml_tree.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace scenarios {

struct Key;

// A key that is known but not to be used here, and what to do instead.
struct RefusedKey {
    std::string_view name{}, why{};
};

struct TextRule {
    std::string_view pattern;  // ECMAScript regular expression
    std::string_view says;     // "must ..."
};

struct Shape {
    enum class Kind : std::uint8_t {
        text,        // any scalar; never blank unless may_be_blank
        flag,        // true or false
        integer,     // least..most
        number,      // least..most
        duration,    // least..most, in milliseconds
        rate,        // 2000/s
        choice,      // one of choices
        list,        // of item; at least `least` of them
        mapping,     // of keys
        dictionary,  // any name to item
    };

    Kind kind = Kind::text;
    std::string_view example{};      // how it may look, for messages and the schema
    bool may_be_blank = false;       // text
    const TextRule* rule = nullptr;  // text: its form; dictionary: the form of its keys
    double least = 0, most = 0;
    bool above_least = false;  // number: least itself is too small
    std::vector<std::string_view> choices{};
    const Shape* item = nullptr;
    std::vector<Key> keys{};
    std::vector<std::string_view> exactly_one{};   // mapping: of these keys one must stand
    std::vector<std::string_view> at_least_one{};  // ... or of these one or several
    std::vector<RefusedKey> refused{};
    const Shape* short_form = nullptr;  // mapping: what may stand instead of it
};

struct Key {
    std::string_view name;
    const Shape* shape = nullptr;
    std::string_view about{};  // for the schema: what it means
    bool required = false;
    std::vector<std::string_view> only_with{};  // has a meaning only beside one of these
};

[[nodiscard]] const Key* find_key(const Shape& mapping, std::string_view name);
[[nodiscard]] std::vector<std::string_view> names_of(const std::vector<Key>& keys);
template <typename Value, std::size_t count>
[[nodiscard]] std::vector<std::string_view> names_of(
    const std::pair<std::string_view, Value> (&table)[count]) {
    std::vector<std::string_view> names;
    for (const auto& [name, value] : table) {
        names.push_back(name);
    }
    return names;
}

// Compares a tree with its shape, adds every difference to `errors` and marks what is wrong, and
// all that holds it, as not sound. `path` is how messages call the node: "workload.operations.0".
void check_shape(Node& node, const Shape& shape, const std::string& path, ErrorList& errors);

// What would be right, for messages: "must be a duration such as 250ms".
[[nodiscard]] std::string expectation(const Shape& shape);

}  // namespace scenarios
