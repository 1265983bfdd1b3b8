#include "scenarios/shape.hpp"

#include "scenarios/suggestion.hpp"
#include "scenarios/units.hpp"

#include <algorithm>
#include <chrono>
#include <regex>

namespace scenarios {
namespace {

using Kind = Shape::Kind;

std::string number_text(double value) {
    const auto whole = static_cast<long long>(value);
    return static_cast<double>(whole) == value ? std::to_string(whole) : std::to_string(value);
}

std::string milliseconds_text(double ms) {
    return duration_text(std::chrono::milliseconds{static_cast<long long>(ms)});
}

bool in_range(const Shape& shape, double value) {
    return value <= shape.most && (shape.above_least ? value > shape.least : value >= shape.least);
}

bool scalar_fits(const Node& node, const Shape& shape) {
    switch (shape.kind) {
        case Kind::text:
            return true;
        case Kind::flag:
            return !node.quoted && (node.text == "true" || node.text == "false");
        case Kind::integer: {
            const auto value = parse_integer(node.text);
            return value && !node.quoted && in_range(shape, static_cast<double>(*value));
        }
        case Kind::number: {
            const auto value = parse_number(node.text);
            return value && !node.quoted && in_range(shape, *value);
        }
        case Kind::duration: {
            const auto value = parse_duration(node.text);
            return value && in_range(shape, static_cast<double>(value->count()));
        }
        case Kind::rate:
            return parse_rate(node.text).has_value();
        case Kind::choice:
            return std::count(shape.choices.begin(), shape.choices.end(), node.text) > 0;
        case Kind::list:
        case Kind::mapping:
        case Kind::dictionary:
            return false;
    }
    return false;
}

bool keeps(const TextRule& rule, std::string_view text) {
    // std::regex recurses with the length of the text.
    constexpr std::size_t longest_ruled_text = 1'000;
    return text.size() <= longest_ruled_text &&
           std::regex_match(text.begin(), text.end(), std::regex{std::string{rule.pattern}});
}

class Checker {
public:
    explicit Checker(ErrorList& errors) : errors_{errors} {}

    // Returns and notes whether the node is sound.
    bool check(Node& node, const Shape& shape, const std::string& path) {
        node.sound = dispatch(node, shape, path);
        return node.sound;
    }

private:
    bool dispatch(Node& node, const Shape& shape, const std::string& path) {
        if (node.kind == Node::Kind::null) {
            return fail(node.origin, path, "has no value; it " + expectation(shape));
        }
        if (shape.kind == Kind::mapping && shape.short_form != nullptr &&
            node.kind == Node::Kind::scalar) {
            return check_scalar(node, *shape.short_form, path);
        }
        switch (shape.kind) {
            case Kind::list:
                return check_list(node, shape, path);
            case Kind::mapping:
                return check_mapping(node, shape, path);
            case Kind::dictionary:
                return check_dictionary(node, shape, path);
            default:
                return check_scalar(node, shape, path);
        }
    }

    bool fail(const Origin& origin, const std::string& path, std::string_view message) {
        errors_.add(origin,
                    (path.empty() ? "the scenario " : "`" + path + "` ") + std::string{message});
        return false;
    }

    bool check_scalar(Node& node, const Shape& shape, const std::string& path) {
        if (node.kind != Node::Kind::scalar) {
            const auto* found = node.kind == Node::Kind::list ? "a list" : "a mapping";
            return fail(node.origin, path, expectation(shape) + ", not " + found);
        }
        if (shape.kind == Kind::text) {
            return check_text(node, shape, path);
        }
        if (scalar_fits(node, shape)) {
            return true;
        }
        auto message = expectation(shape) + ", not " + shown(node.text);
        if (shape.kind == Kind::choice) {
            if (const auto name = nearest(node.text, shape.choices)) {
                message += "; did you mean `" + std::string{*name} + "`?";
            }
        } else if (node.quoted && shape.kind != Kind::duration && shape.kind != Kind::rate) {
            message += ", a text: write it without quotes";
        }
        return fail(node.origin, path, message);
    }

    bool check_text(Node& node, const Shape& shape, const std::string& path) {
        const bool blank = node.text.find_first_not_of(" \t\n") == std::string::npos;
        if (blank && !shape.may_be_blank) {
            return fail(node.origin, path, "must not be empty");
        }
        if (shape.rule != nullptr && !keeps(*shape.rule, node.text)) {
            return fail(node.origin, path, shape.rule->says);
        }
        return true;
    }

    bool check_list(Node& node, const Shape& shape, const std::string& path) {
        if (node.kind != Node::Kind::list) {
            return fail(node.origin, path, expectation(shape));
        }
        if (static_cast<double>(node.items.size()) < shape.least) {
            return fail(node.origin, path, "must have at least one entry");
        }
        bool sound = true;
        for (std::size_t i = 0; i < node.items.size(); ++i) {
            sound &= check(node.items[i], *shape.item, path + "." + std::to_string(i));
        }
        return sound;
    }

    bool check_dictionary(Node& node, const Shape& shape, const std::string& path) {
        if (node.kind != Node::Kind::mapping) {
            return fail(node.origin, path, expectation(shape));
        }
        if (static_cast<double>(node.entries.size()) < shape.least) {
            return fail(node.origin, path, "must have at least one entry, or leave the key out");
        }
        bool sound = true;
        for (auto& entry : node.entries) {
            if (shape.rule != nullptr && !keeps(*shape.rule, entry.key)) {
                sound = fail(entry.origin, path + "." + entry.key, shape.rule->says);
                continue;
            }
            sound &= check(entry.value, *shape.item, path + "." + entry.key);
        }
        return sound;
    }

    bool check_mapping(Node& node, const Shape& shape, const std::string& path) {
        if (node.kind != Node::Kind::mapping) {
            return fail(node.origin, path, expectation(shape));
        }
        bool sound = check_combination(node, shape, path);
        for (auto& entry : node.entries) {
            if (const auto* key = find_key(shape, entry.key)) {
                sound &= check(entry.value, *key->shape, below(path, entry.key));
                sound &= check_company(node, entry, *key, path);
            } else {
                sound = refuse_key(shape, entry, path);
            }
        }
        for (const auto& key : shape.keys) {
            if (key.required && node.find(key.name) == nullptr) {
                sound = fail(node.origin, path,
                             "lacks the key `" + std::string{key.name} + "` (" +
                                 std::string{key.about} + ")");
            }
        }
        return sound;
    }

    bool check_combination(const Node& node, const Shape& shape, const std::string& path) {
        const auto& wanted = shape.exactly_one.empty() ? shape.at_least_one : shape.exactly_one;
        std::vector<std::string_view> found;
        for (const auto name : wanted) {
            if (node.find(name) != nullptr) {
                found.push_back(name);
            }
        }
        if (wanted.empty() || found.size() == 1 ||
            (found.size() > 1 && shape.exactly_one.empty())) {
            return true;
        }
        const auto unknown = [&](const Entry& entry) { return !find_key(shape, entry.key); };
        if (found.empty() && std::any_of(node.entries.begin(), node.entries.end(), unknown)) {
            return false;  // the mistyped key is told of
        }
        return fail(node.origin, path,
                    found.empty() ? "needs one of " + listed(wanted, "or")
                                  : "has " + listed(found) + "; only one of them may stand here");
    }

    bool check_company(const Node& node, const Entry& entry, const Key& key,
                       const std::string& path) {
        const auto stands = [&](std::string_view name) { return node.find(name) != nullptr; };
        if (key.only_with.empty() ||
            std::any_of(key.only_with.begin(), key.only_with.end(), stands)) {
            return true;
        }
        return fail(entry.origin, below(path, entry.key),
                    "has a meaning only beside " + listed(key.only_with, "or"));
    }

    bool refuse_key(const Shape& shape, const Entry& entry, const std::string& path) {
        for (const auto& refused : shape.refused) {
            if (refused.name == entry.key) {
                return fail(entry.origin, below(path, entry.key), refused.why);
            }
        }
        errors_.add(entry.origin, "unknown key " + shown(entry.key) +
                                      (path.empty() ? "" : " in `" + path + "`") +
                                      suggestion(entry.key, names_of(shape.keys)));
        return false;
    }

    static std::string below(const std::string& path, const std::string& key) {
        return path.empty() ? key : path + "." + key;
    }

    ErrorList& errors_;
};

std::string range_text(const Shape& shape) {
    if (shape.kind == Kind::duration) {
        return "from " + milliseconds_text(shape.least) + " to " + milliseconds_text(shape.most);
    }
    return (shape.above_least ? "above " : "from ") + number_text(shape.least) +
           (shape.above_least ? " and at most " : " to ") + number_text(shape.most);
}

}  // namespace

const Key* find_key(const Shape& mapping, std::string_view name) {
    const auto found = std::find_if(mapping.keys.begin(), mapping.keys.end(),
                                    [&](const Key& key) { return key.name == name; });
    return found == mapping.keys.end() ? nullptr : &*found;
}

std::vector<std::string_view> names_of(const std::vector<Key>& keys) {
    std::vector<std::string_view> names;
    for (const auto& key : keys) {
        names.push_back(key.name);
    }
    return names;
}

void check_shape(Node& node, const Shape& shape, const std::string& path, ErrorList& errors) {
    Checker{errors}.check(node, shape, path);
}

std::string expectation(const Shape& shape) {
    const auto such_as = [&] {
        return shape.example.empty() ? "" : " such as " + std::string{shape.example};
    };
    switch (shape.kind) {
        case Kind::text:
            return "must be a text" + such_as();
        case Kind::flag:
            return "must be true or false";
        case Kind::integer:
            return shape.least == shape.most ? "must be " + number_text(shape.least)
                                             : "must be a whole number " + range_text(shape);
        case Kind::number:
            return "must be a number " + range_text(shape);
        case Kind::duration:
            return "must be a duration with its unit, " + range_text(shape) +
                   ", such as 250ms, 30s, 5m or 1h";
        case Kind::rate:
            return "must be a rate such as 2000/s or 30/m, at most 10000000/s";
        case Kind::choice:
            return "must be " + listed(shape.choices, "or");
        case Kind::list:
            return "must be a list" + such_as();
        case Kind::mapping:
        case Kind::dictionary:
            return "must be a mapping" + such_as();
    }
    return "";
}

}  // namespace scenarios
