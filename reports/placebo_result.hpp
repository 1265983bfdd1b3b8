// What the gates of a scenario were found to be worth: what `rehearse placebo` leaves, and what a
// run holds of it.
#pragma once

#include "reports/replay_control.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace reports {

// How often a gate, or the verdict, cried wolf.
struct FalseAlarms {
    std::string name;  // of the gate
    std::uint64_t runs = 0, alarms = 0, unclear = 0;
    double most_likely_below = 1;  // the rate's one-sided 95 % bound (Clopper and Pearson)
};

// The smallest slowdown of all of an operation's calls that its ratio gate catches in 80 % of runs,
// from slowdowns put into what was measured.
struct SmallestCaught {
    std::string operation, statistic;
    double allowed_ratio = 1;
    std::optional<double> factor;  // empty: not even a hundredfold one: the phases are too short
};

// Under which load the figures hold.
struct PlaceboLoad {
    std::string scenario;  // its name
    std::string engine, engine_version;
    double asked_rate = 0;  // per second; 0: closed loop
    std::uint32_t connections = 0;
    double before_s = 0, after_s = 0;  // of the phases, as they were
};

struct PlaceboResult {
    PlaceboLoad load;
    FalseAlarms verdicts;
    std::vector<FalseAlarms> gates;
    std::vector<SmallestCaught> caught;
    std::vector<std::string> reasons;           // why runs were unclear, each once, at most ten
    std::optional<ReplayControl> control = {};  // empty: the load was no replay
};

[[nodiscard]] std::string placebo_json(const PlaceboResult& result);

// The result, or what is wrong with the text and where in it. Keys that are not known are passed
// over.
[[nodiscard]] std::variant<PlaceboResult, std::string> read_placebo(std::string_view text);

}  // namespace reports
