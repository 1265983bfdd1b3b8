// The recorded order of transactions, as a replay kept it, in words.
#pragma once

#include "reports/record.hpp"

#include <string>
#include <vector>

namespace reports {

// What waited for what, as sentences.
[[nodiscard]] std::string order_text(const ReplayOrder& order);

// Why the order may not have been the recorded one. Each is a sentence.
[[nodiscard]] std::vector<std::string> order_doubts(const ReplayOrder& order);

}  // namespace reports
