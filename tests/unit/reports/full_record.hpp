// A run in which every part of the record is filled, for the reports that show all of it.
#pragma once

#include "reports/record.hpp"

#include <string>

namespace reports::samples {

// As naive(), with: a queue behind a report, each wait of it, a deploy half-way, calls per second,
// failures, comparisons, server counters, a proof of the data with every kind of finding, and a way
// back.
[[nodiscard]] Record full();

// The same, and each text that comes from elsewhere is `text`: names, SQL, messages, values.
[[nodiscard]] Record full_of(const std::string& text);

}  // namespace reports::samples
