// Queries on the target from whose rows parameters are drawn.
#pragma once

#include "workloads/synthesis/catalog.hpp"

#include <string>
#include <vector>

namespace workloads::synthesis {

// At most so many rows of a table are read, fewer of wide ones.
inline constexpr double most_sampled_rows = 100'000;

// What stands behind FROM: the table, or rows of it from blocks all over it where it was big on the
// source. What share of it that is is asked when it is read: the target may be smaller.
[[nodiscard]] std::string sampled(const Table& table, double width_bytes);

// SELECT `expressions` FROM the table's rows.
[[nodiscard]] std::string sample_of(const Table& table, const std::string& expressions,
                                    double width_bytes);

// Ranges of a column that hold about `rows` rows each, as pairs of bounds, behind the columns that
// have the same value in all of a range.
[[nodiscard]] std::string ranges_of(const Table& table, const Column& column,
                                    const std::vector<const Column*>& same, double rows);

// The text of a parameter function's argument, in quotes.
[[nodiscard]] std::string in_quotes(const std::string& text);

}  // namespace workloads::synthesis
