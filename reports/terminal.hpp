// What a rehearsal prints at its end: verdict first, then why, then tables.
#pragma once

#include "reports/record.hpp"

#include <cstddef>
#include <string>

namespace reports {

struct Style {
    bool colour = false;        // the caller looks at NO_COLOR and whether this is a terminal
    std::size_t columns = 100;  // clipped to [60, 100]
};

// No line is wider than the style's columns; names and SQL cannot move the cursor. Long lists are
// cut and say what was left out.
[[nodiscard]] std::string terminal_summary(const Record& record, Style style = {});

// Two runs of the same change beside each other, figure by figure.
[[nodiscard]] std::string side_by_side(const Record& left, const Record& right, Style style = {});

}  // namespace reports
