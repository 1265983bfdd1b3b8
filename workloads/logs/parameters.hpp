// The parameters of a statement as a record of the log gives them.
#pragma once

#include "workloads/logs/log_entry.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace workloads::logs {

enum class ParameterState : std::uint8_t {
    whole,
    // A value ends in three dots. log_parameter_max_length cuts values so, and a value may end so
    // itself: the log does not tell which.
    perhaps_cut,
    missing,  // there is no list of parameters
    broken,   // there is one that does not make sense, or ends too early
};

// In the order of their numbers. NULL is empty. Binary parameters are logged as text, types never.
using ParameterValues = std::vector<std::optional<std::string>>;

struct ParameterList {
    ParameterState state = ParameterState::missing;
    std::size_t count = 0;  // 0 for a broken list
};

// Reads DETAIL ("parameters: $1 = 'it''s', $2 = NULL", "Parameters: ..."), and of failures the
// CONTEXT ("unnamed portal with parameters: ..."), which may hold more lines. `values` receives
// them where it is given; without it nothing is copied. Of a broken list it holds nothing.
[[nodiscard]] ParameterList read_parameters(const LogEntry& entry,
                                            ParameterValues* values = nullptr);

// Of an EXECUTE in SQL: the PREPARE that made the statement ("prepare: PREPARE p AS ..." in
// DETAIL); empty: not said.
[[nodiscard]] std::string_view prepared_by(const LogEntry& entry);

}  // namespace workloads::logs
