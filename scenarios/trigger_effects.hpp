// What a trigger may do to a row on its way in, and beside, as far as its text tells.
//
// It is read, never run, and every doubt is against it: what is not known to be harmless may do
// anything. Which of the paths through it are taken is not asked. As everywhere, operators, casts
// and domains are taken to write nothing.
#pragma once

#include "scenarios/write_effects.hpp"

#include <set>
#include <string>

namespace scenarios {

struct TriggerEffects {
    std::set<std::string> columns;  // of the row, that it may assign
    // Why it may make anything else of the row, or keep it from being written: "returns NULL, ...";
    // or empty.
    std::string row;
    WriteEffects beside;  // what its statements write
};

// Both as the server spells them out: CREATE TRIGGER, and CREATE FUNCTION of what it runs.
[[nodiscard]] TriggerEffects trigger_effects_of(const std::string& trigger,
                                                const std::string& function);

}  // namespace scenarios
