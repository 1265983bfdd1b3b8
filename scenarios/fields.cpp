#include "scenarios/fields.hpp"

#include "scenarios/units.hpp"

namespace scenarios {

using std::chrono::milliseconds;

const Node* Fields::find(std::string_view key) const {
    const auto* node = mapping_ == nullptr ? nullptr : mapping_->find(key);
    return node != nullptr && node->sound ? node : nullptr;
}

const Node* Fields::part(std::string_view key) const {
    return mapping_ == nullptr ? nullptr : mapping_->find(key);
}

std::string Fields::text(std::string_view key) const {
    const auto* node = find(key);
    return node == nullptr ? std::string{} : node->text;
}

std::vector<std::string> Fields::texts(std::string_view key) const {
    std::vector<std::string> out;
    if (const auto* node = find(key)) {
        for (const auto& item : node->items) {
            out.push_back(item.text);
        }
    }
    return out;
}

bool Fields::flag(std::string_view key, bool fallback) const {
    const auto* node = find(key);
    return node == nullptr ? fallback : node->text == "true";
}

int Fields::integer(std::string_view key, int fallback) const {
    const auto* node = find(key);
    return node == nullptr ? fallback
                           : static_cast<int>(parse_integer(node->text).value_or(fallback));
}

double Fields::number(std::string_view key, double fallback) const {
    const auto* node = find(key);
    return node == nullptr ? fallback : parse_number(node->text).value_or(fallback);
}

std::optional<milliseconds> Fields::duration(std::string_view key) const {
    const auto* node = find(key);
    return node == nullptr ? std::nullopt : parse_duration(node->text);
}

milliseconds Fields::duration(std::string_view key, milliseconds fallback) const {
    return duration(key).value_or(fallback);
}

std::optional<double> Fields::rate(std::string_view key) const {
    const auto* node = find(key);
    return node == nullptr ? std::nullopt : parse_rate(node->text);
}

}  // namespace scenarios
