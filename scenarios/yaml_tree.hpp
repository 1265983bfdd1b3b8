// A YAML document as a tree in which everything knows its place.
#pragma once

#include "scenarios/error_list.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace scenarios {

struct Entry;

struct Node {
    enum class Kind : std::uint8_t { null, scalar, list, mapping };

    Kind kind = Kind::null;
    Origin origin;
    std::size_t offset = 0;  // where it starts in the document's source, or
    static constexpr auto not_in_the_source = static_cast<std::size_t>(-1);
    std::string text;            // of a scalar
    bool quoted = false;         // the scalar stood in quotes or in a block: it is a text
    bool sound = true;           // it and all below it have the shape asked for (check_shape)
    std::vector<Node> items;     // of a list
    std::vector<Entry> entries;  // of a mapping, in file order, each key once

    [[nodiscard]] Node* find(std::string_view key);
    [[nodiscard]] const Node* find(std::string_view key) const;
};

struct Entry {
    std::string key;
    Origin origin;  // of the key
    Node value;
};

struct Document {
    std::string source;  // with \n as line end and without a byte order mark; origins refer to it
    Node root;

    // Where the byte `offset` of a scalar's value stands; of one from elsewhere its own origin.
    [[nodiscard]] Origin origin_in(const Node& scalar, std::size_t offset) const;
};

struct YamlError {
    Place place;
    std::string message;
};

inline constexpr std::size_t most_yaml_bytes = 4U << 20U;
inline constexpr std::size_t most_yaml_nodes = 200'000;  // after aliases are expanded
inline constexpr int deepest_yaml = 64;

// Reads one document; an empty text is one null. Refused with their places: what is not UTF-8 text
// or no YAML, a second document, duplicate keys, keys that are no plain texts, merge keys, tags,
// aliases that refer to themselves or expand beyond the limits above, deeper nesting than that.
[[nodiscard]] std::variant<Document, std::vector<YamlError>> read_yaml(std::string_view text);

}  // namespace scenarios
