// PostgreSQL as the harness sees it: the parts of this folder behind one interface.
#pragma once

#include "harness/database/engine.hpp"

namespace harness::postgres {

[[nodiscard]] const database::Engine& engine();

}  // namespace harness::postgres
