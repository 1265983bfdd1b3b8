// Inside of terminal.cpp, terminal_tables.cpp, verification_tables.cpp and side_by_side.cpp.
#pragma once

#include "reports/table.hpp"
#include "reports/terminal.hpp"

#include <string>

namespace reports::terminal {

[[nodiscard]] Style clipped(Style style) noexcept;
[[nodiscard]] Colour colour_of(Verdict verdict) noexcept;
[[nodiscard]] std::string upper_case(Verdict verdict);  // PASS
[[nodiscard]] std::string heading(const std::string& text, const Style& style);

// A text behind `first`, wrapped into lines of which all but the first are indented as wide.
[[nodiscard]] std::string paragraph(const std::string& first, const std::string& text,
                                    const Style& style, std::size_t most_lines = 4);

// Each is a heading and its table, or empty when there is nothing to show.
[[nodiscard]] std::string verification_section(const Record& record, const Style& style);
[[nodiscard]] std::string gates_section(const Record& record, const Style& style);
[[nodiscard]] std::string operations_section(const Record& record, const Style& style);
[[nodiscard]] std::string steps_section(const Record& record, const Style& style);
[[nodiscard]] std::string episodes_section(const Record& record, const Style& style);

}  // namespace reports::terminal
