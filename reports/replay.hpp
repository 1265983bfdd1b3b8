// A run whose load was a recording, in words.
#pragma once

#include "reports/record.hpp"

#include <string>
#include <vector>

namespace reports {

// "98.3 %"; never "100.0 %" of what is less than all.
[[nodiscard]] std::string percent_text(double share);

// How much of the recording's statements can be sent again, and why the rest cannot.
[[nodiscard]] std::string coverage_text(const Replay& replay);

// Where the load came from, and how its calls ended beside how they ended then, as sentences.
[[nodiscard]] std::string recording_text(const Replay& replay);
[[nodiscard]] std::string outcomes_text(const Replay& replay);

// Why the load was not what was recorded. Each is a sentence.
[[nodiscard]] std::vector<std::string> replay_doubts(const Record& record);

}  // namespace reports
