// The keys that a replay drew instead of the recorded ones, in words.
#pragma once

#include "reports/record.hpp"

#include <string>
#include <vector>

namespace reports {

// Which keys could be followed and which calls were sent with them, as sentences.
[[nodiscard]] std::string keys_text(const ReplayKeys& keys);

// Why calls may have met no rows. Each is a sentence. `recorded`: all calls that can be sent again;
// `sent`: that were.
[[nodiscard]] std::vector<std::string> keys_doubts(const ReplayKeys& keys, std::uint64_t recorded,
                                                   std::uint64_t sent);

}  // namespace reports
