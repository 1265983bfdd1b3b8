#include "harness/verification/changed_functions.hpp"

#include <algorithm>
#include <cctype>
#include <deque>
#include <set>
#include <string_view>
#include <vector>

namespace harness::verification {
namespace {

using database::UserFunction;
using database::WriteRules;

bool in_a_word(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return std::isalnum(byte) != 0 || c == '_' || c == '$' || byte >= 0x80;
}

std::string lower(std::string_view text) {
    std::string made{text};
    std::ranges::transform(made, made.begin(), [](unsigned char c) { return std::tolower(c); });
    return made;
}

// A function's text, to be asked for names often.
class Text {
public:
    explicit Text(const UserFunction& function) : text_{lower(function.definition)} {
        for (std::size_t at = 0; at < text_.size();) {
            std::size_t end = at;
            while (end < text_.size() && in_a_word(text_[end])) {
                ++end;
            }
            words_.insert(text_.substr(at, end - at));
            at = end + (end == at ? 1 : 0);
        }
        // Names can be put together while it runs, and spelled with escapes.
        tells_all_ = function.legible && !words_.contains("execute") &&
                     text_.find("u&") == std::string::npos;
    }

    [[nodiscard]] bool may_call(const std::string& name) const {
        if (!tells_all_) {
            return true;
        }
        if (std::ranges::all_of(name, in_a_word)) {
            return words_.contains(lower(name));
        }
        // A quote in it would be doubled there.
        return name.find('"') != std::string::npos || text_.find(lower(name)) != std::string::npos;
    }

private:
    std::string text_;
    std::set<std::string> words_;
    bool tells_all_ = false;
};

// Their texts by name: how they are called, one may take the other's calls.
std::map<std::string, std::multiset<std::string>> by_name(const WriteRules& rules) {
    std::map<std::string, std::multiset<std::string>> all;
    for (const auto& function : rules.user_functions) {
        all[function.name].insert(function.definition);
    }
    return all;
}

std::set<std::string> changed(const WriteRules& before, const WriteRules& now) {
    auto then = by_name(before), today = by_name(now);
    std::set<std::string> names;
    for (const auto& [name, texts] : then) {
        if (const auto found = today.find(name); found == today.end() || found->second != texts) {
            names.insert(name);
        }
    }
    for (const auto& [name, texts] : today) {
        if (!then.contains(name) && before.functions.contains(name)) {
            names.insert(name);  // beside one of the system's
        }
    }
    return names;
}

}  // namespace

ChangedFunctions::ChangedFunctions(const WriteRules& before, const WriteRules& now) {
    std::deque<std::string> order;
    for (const auto& name : changed(before, now)) {
        reaching_.emplace(name, name);
        order.push_back(name);
    }
    if (order.empty()) {
        return;
    }
    const std::vector<Text> texts{now.user_functions.begin(), now.user_functions.end()};
    for (; !order.empty(); order.pop_front()) {
        const auto which = reaching_.at(order.front());
        for (std::size_t i = 0; i < texts.size(); ++i) {
            const auto& name = now.user_functions[i].name;
            if (!reaching_.contains(name) && texts[i].may_call(order.front())) {
                reaching_.emplace(name, which);
                order.push_back(name);
            }
        }
    }
    for (const auto* rules : {&before, &now}) {
        for (const auto& function : rules->user_functions) {
            if (const auto found = reaching_.find(function.name);
                function.called_unnamed && found != reaching_.end() && !by_all_) {
                by_all_ = found->second;
            }
        }
    }
}

std::optional<std::string> ChangedFunctions::called_by(
    const scenarios::WriteEffects& effects) const {
    if (none()) {
        return std::nullopt;
    }
    for (const auto& name : effects.functions) {
        if (const auto found = reaching_.find(name); found != reaching_.end()) {
            return found->second;
        }
    }
    return effects.anything.empty() ? by_all_ : reaching_.begin()->second;
}

}  // namespace harness::verification
