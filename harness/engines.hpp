// The engines that this program knows: one explicit table.
#pragma once

#include "harness/database/engine.hpp"

#include <string_view>

namespace harness {

// The engine for a connection URI; the first one where the text names none.
[[nodiscard]] const database::Engine& engine_for(std::string_view uri);

}  // namespace harness
