#include "harness/migration/command_text.hpp"

#include "harness/database/percent_encoding.hpp"

#include <map>

namespace harness::migration {

namespace {

using database::HexDigits;
using database::percent_encoded;

const std::string* value_of(std::string_view name, const database::CommandTarget& target) {
    const std::pair<std::string_view, const std::string*> values[] = {
        {"target.uri", &target.uri},           {"target.host", &target.host},
        {"target.port", &target.port},         {"target.user", &target.user},
        {"target.database", &target.database}, {"target.password", &target.password}};
    for (const auto& [known, value] : values) {
        if (name == known) {
            return value;
        }
    }
    return nullptr;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') {
        text.remove_prefix(1);
    }
    while (!text.empty() && text.back() == ' ') {
        text.remove_suffix(1);
    }
    return text;
}

}  // namespace

std::variant<std::string, ExpandError> expand(std::string_view text,
                                              const database::CommandTarget& target) {
    std::string result;
    while (true) {
        const auto begin = text.find("{{");
        const auto end = begin == std::string_view::npos ? begin : text.find("}}", begin);
        if (end == std::string_view::npos) {
            return result += text;
        }
        const auto name = trimmed(text.substr(begin + 2, end - begin - 2));
        if (!name.starts_with("target.")) {
            // Somebody else's: its inside may hold one of ours.
            result += text.substr(0, begin + 2);
            text.remove_prefix(begin + 2);
            continue;
        }
        const auto* value = value_of(name, target);
        if (value == nullptr) {
            return ExpandError{"{{" + std::string{name} +
                               "}} is unknown; there are target.uri, target.host, target.port,"
                               " target.user, target.database and target.password"};
        }
        result += text.substr(0, begin);
        result += *value;
        text.remove_prefix(end + 2);
    }
}

std::variant<std::vector<std::string>, ExpandError> environment_of(
    const scenarios::CommandStep& step, const database::CommandTarget& target,
    const std::vector<std::string>& inherited, const std::string& application) {
    std::map<std::string, std::string> variables;
    for (const auto& variable : inherited) {
        const auto equals = variable.find('=');
        if (equals != std::string::npos && equals > 0) {
            variables[variable.substr(0, equals)] = variable.substr(equals + 1);
        }
    }
    for (const auto& name : target.remove) {
        variables.erase(name);
    }
    for (const auto& [name, value] : target.environment) {
        variables[name] = value;
    }
    if (!target.application_variable.empty()) {
        variables[target.application_variable] = application;
    }
    for (const auto& [name, value] : step.environment) {
        auto expanded = expand(value, target);
        if (auto* wrong = std::get_if<ExpandError>(&expanded)) {
            return ExpandError{"env " + name + ": " + wrong->message};
        }
        variables[name] = std::get<std::string>(std::move(expanded));
    }
    std::vector<std::string> result;
    for (const auto& [name, value] : variables) {
        result.push_back(name + "=" + value);
    }
    return result;
}

std::string fault_of_arguments(const std::vector<std::string>& arguments,
                               const database::CommandTarget& target) {
    for (const auto& argument : arguments) {
        const auto begin = argument.find("{{");
        const auto name = begin == std::string::npos
                              ? std::string_view{}
                              : trimmed(std::string_view{argument}.substr(begin + 2));
        if (name.starts_with("target.")) {
            return "arguments are not expanded, because everybody on the machine can read them: put"
                   " the placeholder into env, as DATABASE_URL: \"{{target.uri}}\", and let the"
                   " command read it (for a tool that takes arguments only: command: [sh, -c,"
                   " 'tool --url \"$DATABASE_URL\"'])";
        }
        for (const auto& secret : secrets_of(target)) {
            // Where a password stands, not just the same word: `psql -U postgres` is none.
            if (argument.find(":" + secret + "@") != std::string::npos ||
                argument.find("password=" + secret) != std::string::npos ||
                argument.find("password='" + secret) != std::string::npos) {
                return "an argument holds the target's password, and everybody on the machine can"
                       " read a process's arguments: give it in env";
            }
        }
    }
    return {};
}

std::vector<std::string> secrets_of(const database::CommandTarget& target) {
    if (target.password.empty()) {
        return {};
    }
    std::vector<std::string> secrets{percent_encoded(target.password),
                                     percent_encoded(target.password, HexDigits::lower),
                                     target.password};
    return secrets;
}

}  // namespace harness::migration
