// --set path=value.
#pragma once

#include "scenarios/reading.hpp"
#include "scenarios/scenario_file.hpp"

namespace scenarios {

// Replaces or adds one value in the tree. The path's segments are keys, or numbers of list items
// from 0 (the number after the last appends). Keys that hold dots (gates, settings) are written as
// they are. Values are read as YAML. Whether the value fits is told by check_shape afterwards.
void apply_override(Node& root, const Override& override_, const Shape& shape, ErrorList& errors);

}  // namespace scenarios
