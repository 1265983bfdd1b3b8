// What a misspelt name was probably meant to be.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace workloads {

// "; did you mean a or b?" with the known names nearest to `name`, or empty when none is near.
[[nodiscard]] std::string did_you_mean(std::string_view name,
                                       std::span<const std::string_view> known);

}  // namespace workloads
