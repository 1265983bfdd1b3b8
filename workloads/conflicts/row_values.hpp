// The values by which rows are told apart, in a form in which equal ones are equal.
#pragma once

#include "workloads/synthesis/catalog.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace workloads::conflicts {

// Whether equal values of the type can be known by their texts.
[[nodiscard]] bool tells_rows_apart(synthesis::TypeClass type) noexcept;

// "007" and " 7" are 7; a UUID loses its dashes and braces; of a text the case and the blanks at
// its end are dropped, because some types and collations do not tell them apart: what two rows
// share by mistake costs a wait, what they do not share a conflict. None where it is no such value.
[[nodiscard]] std::optional<std::string> canonical(std::string_view value,
                                                   synthesis::TypeClass type);

// The elements of an array as the server writes it: {1,2}. None where it is none of one dimension,
// or holds NULL or what stands in quotes.
[[nodiscard]] std::optional<std::vector<std::string>> elements(std::string_view array);

// Of the canonical values of a row's columns.
[[nodiscard]] std::uint64_t hash_of_row(const std::vector<std::string>& values) noexcept;

}  // namespace workloads::conflicts
