// Shapes that several sections use.
#pragma once

#include "scenarios/shape.hpp"

namespace scenarios {

[[nodiscard]] const Shape& text_shape();  // not blank
[[nodiscard]] const Shape& text_list_shape();
[[nodiscard]] const Shape& sql_shape();
[[nodiscard]] const Shape& flag_shape();
[[nodiscard]] const Shape& span_shape();           // a duration, 0 included
[[nodiscard]] const Shape& positive_span_shape();  // from 1 ms
[[nodiscard]] const Shape& step_name_shape();
[[nodiscard]] const Shape& table_shape();
[[nodiscard]] const Shape& retries_shape();        // {times, backoff}
[[nodiscard]] const Shape& variable_name_shape();  // of the process environment

}  // namespace scenarios
