// Reads result.json back: a run is a document, judged and drawn again without a database.
#pragma once

#include "reports/record.hpp"

#include <string>
#include <string_view>
#include <variant>

namespace reports {

// The record, or what is wrong with the text and where in it ("steps[2].start_s: ..."). Times come
// back to the microsecond, histograms whole. Keys that are not known are passed over: a later
// version of the same format may add some.
[[nodiscard]] std::variant<Record, std::string> read_json(std::string_view text);

}  // namespace reports
