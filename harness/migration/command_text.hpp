// What of the target goes into a command, and how.
#pragma once

#include "harness/database/command_target.hpp"
#include "scenarios/scenario.hpp"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace harness::migration {

// Replaces {{target.uri}}, {{target.host}}, {{target.port}}, {{target.user}}, {{target.database}}
// and
// {{target.password}}; other braces are the command's own. The error names an unknown one.
struct ExpandError {
    std::string message;
};
[[nodiscard]] std::variant<std::string, ExpandError> expand(std::string_view text,
                                                            const database::CommandTarget& target);

// The child's whole environment: `inherited`, then the target's variables, then the step's own,
// whose values are expanded; NAME=value, sorted by name.
[[nodiscard]] std::variant<std::vector<std::string>, ExpandError> environment_of(
    const scenarios::CommandStep& step, const database::CommandTarget& target,
    const std::vector<std::string>& inherited, const std::string& application);

// Everybody on the machine can read a process's arguments. What is wrong with them: placeholders
// (which belong into `env`), or the target's password written out. Empty: nothing.
[[nodiscard]] std::string fault_of_arguments(const std::vector<std::string>& arguments,
                                             const database::CommandTarget& target);

// The password as it is and as it stands in a URI: what must not reach a log.
[[nodiscard]] std::vector<std::string> secrets_of(const database::CommandTarget& target);

}  // namespace harness::migration
