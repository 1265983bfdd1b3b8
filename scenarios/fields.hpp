// Typed access to a mapping whose shape has been checked. What is absent, or was found wrong and
// told of already, reads as the fallback.
#pragma once

#include "scenarios/yaml_tree.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace scenarios {

class Fields {
public:
    // `mapping` may be null or something else than a mapping: then it has no fields.
    explicit Fields(const Node* mapping) : mapping_{mapping} {}

    // The value, if it stands there and is sound.
    [[nodiscard]] const Node* find(std::string_view key) const;
    // A mapping or list below, sound or not: what is right in it can be looked at all the same.
    [[nodiscard]] const Node* part(std::string_view key) const;
    [[nodiscard]] bool has(std::string_view key) const { return find(key) != nullptr; }

    [[nodiscard]] std::string text(std::string_view key) const;
    [[nodiscard]] std::vector<std::string> texts(std::string_view key) const;
    [[nodiscard]] bool flag(std::string_view key, bool fallback) const;
    [[nodiscard]] int integer(std::string_view key, int fallback) const;
    [[nodiscard]] double number(std::string_view key, double fallback) const;
    [[nodiscard]] std::chrono::milliseconds duration(std::string_view key,
                                                     std::chrono::milliseconds fallback) const;
    [[nodiscard]] std::optional<std::chrono::milliseconds> duration(std::string_view key) const;
    [[nodiscard]] std::optional<double> rate(std::string_view key) const;
    // `choices` names every value of the shape's choices.
    template <typename Enum, std::size_t count>
    [[nodiscard]] Enum choice(std::string_view key,
                              const std::pair<std::string_view, Enum> (&choices)[count],
                              Enum fallback) const {
        const auto* node = find(key);
        for (const auto& [name, value] : choices) {
            if (node != nullptr && node->text == name) {
                return value;
            }
        }
        return fallback;
    }

private:
    const Node* mapping_;
};

}  // namespace scenarios
