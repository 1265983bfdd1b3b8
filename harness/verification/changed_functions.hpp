// Functions that the migration replaced under those who call them.
//
// A trigger that was there before does something else when a function that it calls is another now,
// though not a letter of its own has changed. Who may call whom is read from the functions' texts:
// a name that stands there anywhere may be called, and what puts its SQL together may call
// anything.
#pragma once

#include "harness/database/write_rules.hpp"
#include "scenarios/write_effects.hpp"

#include <map>
#include <optional>
#include <string>

namespace harness::verification {

class ChangedFunctions {
public:
    // Changed is a name that was known before, and by which others are called now: a function that
    // was replaced or dropped, or one beside it that takes its calls. One whose name is new is not:
    // nobody called it.
    ChangedFunctions(const database::WriteRules& before, const database::WriteRules& now);

    [[nodiscard]] bool none() const { return reaching_.empty(); }

    // A changed one that whoever has these effects may call, if there is one, over others, too.
    [[nodiscard]] std::optional<std::string> called_by(const scenarios::WriteEffects&) const;

private:
    std::map<std::string, std::string> reaching_;  // who may call one, and which
    std::optional<std::string> by_all_;            // called where its name does not stand
};

}  // namespace harness::verification
