// `workload.synthesize`: a load like production's, from what its server has counted.
#pragma once

#include "scenarios/fields.hpp"
#include "scenarios/reading.hpp"

#include <string_view>

namespace scenarios {

[[nodiscard]] const Shape& synthesize_shape();

// `fields`: of `workload`. Also refuses what stands beside it and is the source's to say.
void read_synthesize(const Reading& reading, const Fields& fields, Workload& workload);

// Puts the keys of a workload file, which is the text that the source came to, in the place of
// `synthesize`. What is wrong with them is told at its place: they have none of their own in the
// scenario. Returns what is wrong with the text itself; empty: nothing.
[[nodiscard]] std::string put_in_place_of_synthesize(Node& root, std::string_view workload_file);

}  // namespace scenarios
