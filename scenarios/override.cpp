#include "scenarios/override.hpp"

#include "scenarios/suggestion.hpp"
#include "scenarios/units.hpp"

#include <algorithm>

namespace scenarios {
namespace {

void mark_as_set(Node& node, const std::string& path) {
    node.origin = {{}, path};
    for (auto& item : node.items) {
        mark_as_set(item, path);
    }
    for (auto& entry : node.entries) {
        entry.origin = {{}, path};
        mark_as_set(entry.value, path);
    }
}

class Path {
public:
    Path(std::string text, ErrorList& errors) : text_{std::move(text)}, errors_{errors} {}

    // Walks down to the value that the path names, makes what is missing on the way, and returns
    // it; null, and the error told, when the path leads nowhere.
    Node* follow(Node& root, const Shape& root_shape) {
        Node* node = &root;
        const Shape* shape = &root_shape;
        std::string_view rest = text_;
        while (node != nullptr && !rest.empty()) {
            node = step(*node, shape, rest);
        }
        return node;
    }

private:
    Node* fail(const std::string& message) {
        errors_.add({{}, text_}, message);
        return nullptr;
    }

    [[nodiscard]] std::string walked(std::string_view rest) const {
        const auto length = text_.size() - rest.size();
        return length == 0 ? "the scenario" : "`" + text_.substr(0, length - 1) + "`";
    }

    Node* step(Node& node, const Shape*& shape, std::string_view& rest) {
        if (shape->kind == Shape::Kind::list) {
            return item(node, shape, rest);
        }
        if (shape->kind == Shape::Kind::mapping || shape->kind == Shape::Kind::dictionary) {
            return entry(node, shape, rest);
        }
        return fail(walked(rest) + " is a single value: it has no `" + std::string{rest} + "`");
    }

    Node* item(Node& node, const Shape*& shape, std::string_view& rest) {
        const auto here = walked(rest);
        const auto segment = rest.substr(0, rest.find('.'));
        const auto index = parse_integer(segment);
        if (node.kind == Node::Kind::null) {
            node.kind = Node::Kind::list;
        }
        if (node.kind != Node::Kind::list) {
            return fail(here + " is no list in the file; set it as a whole");
        }
        const auto count = node.items.size();
        if (!index || *index < 0 || static_cast<std::size_t>(*index) > count) {
            const auto there =
                count == 0 ? " is an empty list"
                           : " is a list with the entries 0 to " + std::to_string(count - 1);
            return fail(here + there + "; `" + std::string{segment} + "` is none of them (" +
                        std::to_string(count) + " would append one)");
        }
        if (static_cast<std::size_t>(*index) == count) {
            node.items.push_back(fresh());
        }
        advance(rest, segment.size());
        shape = shape->item;
        return &node.items[static_cast<std::size_t>(*index)];
    }

    Node* entry(Node& node, const Shape*& shape, std::string_view& rest) {
        const auto here = walked(rest);
        if (node.kind == Node::Kind::null) {
            node.kind = Node::Kind::mapping;
        }
        if (node.kind != Node::Kind::mapping) {
            return fail(here + " is no mapping in the file; set it as a whole");
        }
        const auto key = key_in(node, *shape, rest);
        const auto* known = find_key(*shape, key);
        if (shape->kind == Shape::Kind::mapping && known == nullptr && node.find(key) == nullptr) {
            for (const auto& refused : shape->refused) {
                if (refused.name == key) {
                    return fail(shown(key) + " " + std::string{refused.why});
                }
            }
            return fail("unknown key " + shown(key) + " in " + here +
                        suggestion(key, names_of(shape->keys)));
        }
        shape = shape->kind == Shape::Kind::dictionary ? shape->item
                : known != nullptr                     ? known->shape
                                                       : &unknown_shape();
        advance(rest, key.size());
        if (auto* value = node.find(key)) {
            return value;
        }
        node.entries.push_back({key, {{}, text_}, fresh()});
        return &node.entries.back().value;
    }

    // The longest beginning of `rest` that is a key already; else one segment, or in a dictionary,
    // whose keys may hold dots, all of it.
    static std::string key_in(const Node& node, const Shape& shape, std::string_view rest) {
        for (auto end = rest.size(); end != std::string_view::npos && end > 0;
             end = rest.rfind('.', end - 1)) {
            if (node.find(rest.substr(0, end)) != nullptr) {
                return std::string{rest.substr(0, end)};
            }
        }
        return std::string{shape.kind == Shape::Kind::dictionary ? rest
                                                                 : rest.substr(0, rest.find('.'))};
    }

    static void advance(std::string_view& rest, std::size_t length) {
        rest.remove_prefix(std::min(length + 1, rest.size()));
    }

    [[nodiscard]] Node fresh() const {
        Node node;
        node.origin.set_by = text_;
        return node;
    }

    static const Shape& unknown_shape() {
        static const Shape shape;
        return shape;
    }

    std::string text_;
    ErrorList& errors_;
};

}  // namespace

void apply_override(Node& root, const Override& override_, const Shape& shape, ErrorList& errors) {
    const auto& [path, text] = override_;
    const bool gap = path.empty() || path.front() == '.' || path.back() == '.' ||
                     path.find("..") != std::string::npos;
    if (gap) {
        errors.add({{}, path},
                   "is no path; write --set path=value, for example --set "
                   "workload.rate=500/s");
        return;
    }
    Node value;
    if (!text.empty()) {
        auto parsed = read_yaml(text);
        if (const auto* failures = std::get_if<std::vector<YamlError>>(&parsed)) {
            errors.add({{}, path}, failures->front().message);
            return;
        }
        value = std::get<Document>(std::move(parsed)).root;
    }
    mark_as_set(value, path);
    if (auto* node = Path{path, errors}.follow(root, shape)) {
        *node = std::move(value);
    }
}

}  // namespace scenarios
