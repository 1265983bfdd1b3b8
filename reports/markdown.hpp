// summary.md: the verdict for a pull request or a ticket.
#pragma once

#include "reports/record.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace reports {

// GitHub refuses comments above 65,536 characters and cuts job summaries; this fits everywhere.
inline constexpr std::size_t markdown_bytes_max = 64'000;

// Always below markdown_bytes_max: lists are cut at their better end and say what was left out.
[[nodiscard]] std::string to_markdown(const Record& record);

// One line of text that Markdown and HTML show as it stands, inside a table cell too.
[[nodiscard]] std::string markdown_escaped(std::string_view text);

}  // namespace reports
