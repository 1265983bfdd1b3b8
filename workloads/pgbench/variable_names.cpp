#include "workloads/pgbench/variable_names.hpp"

#include "workloads/suggestion.hpp"

#include <algorithm>
#include <array>

namespace workloads::pgbench {
namespace {

constexpr std::array<std::string_view, 4> automatic{"client_id", "default_seed", "random_seed",
                                                    "scale"};

bool is_automatic(std::string_view name) {
    return std::find(automatic.begin(), automatic.end(), name) != automatic.end();
}

bool is_number(const std::string& text) {
    return text.find_first_not_of("0123456789+-.eE") == std::string::npos &&
           value_of_text(text).has_value();
}

}  // namespace

std::optional<VariableId> VariableNames::id_of(std::string_view name) {
    std::string key{name};
    if (const auto known = ids_.find(key); known != ids_.end()) {
        return known->second;
    }
    if (names_.size() >= most_variables) {
        return std::nullopt;
    }
    const auto id = static_cast<VariableId>(names_.size());
    names_.push_back(key);
    ids_.emplace(std::move(key), id);
    return id;
}

bool VariableNames::may_be_column(std::string_view name) const {
    return std::any_of(captured_.begin(), captured_.end(),
                       [&](const auto& prefix) { return name.starts_with(prefix); });
}

bool VariableNames::can_have_value(std::string_view name) const {
    return is_automatic(name) || set_.contains(name) || may_be_column(name) ||
           options_.variables.contains(std::string{name});
}

bool VariableNames::is_constant(std::string_view name) const {
    return options_.variables.contains(std::string{name}) && !set_.contains(name) &&
           !may_be_column(name);
}

bool VariableNames::is_plain(std::string_view name) const {
    const auto given = options_.variables.find(std::string{name});
    return !may_be_column(name) && (given == options_.variables.end() || is_number(given->second));
}

std::string VariableNames::suggestion(std::string_view name) const {
    std::vector<std::string_view> known{automatic.begin(), automatic.end()};
    known.insert(known.end(), set_.begin(), set_.end());
    for (const auto& [given, text] : options_.variables) {
        known.push_back(given);
    }
    return did_you_mean(name, known);
}

void VariableNames::fill(Script& script) {
    for (std::size_t i = 0; i < names_.size(); ++i) {
        const auto id = static_cast<VariableId>(i);
        const std::string& name = names_[i];
        if (const auto given = options_.variables.find(name); given != options_.variables.end()) {
            script.given.emplace_back(id, given->second);
        } else if (name == "scale") {
            script.given.emplace_back(id, "1");
        } else if (name == "client_id") {
            script.client_id = id;
        } else if (name == "random_seed") {
            script.random_seed = id;
        } else if (name == "default_seed") {
            script.default_seed = id;
        }
    }
    script.ids.insert(ids_.begin(), ids_.end());
    script.variables = std::move(names_);
}

}  // namespace workloads::pgbench
