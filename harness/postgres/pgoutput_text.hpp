// A value in text form, as a server before 14 streams it, in the canonical form that the same value
// has when it is read in binary. The session's settings must be pinned (see session_settings()).
#pragma once

#include "harness/postgres/field_decoder.hpp"

#include <string_view>

namespace harness::postgres {

// Unknown for the types that are not simple: intervals, times with a zone, arrays, ranges,
// composites, and what is compared byte by byte. Throws MalformedField. The value refers to `text`
// or to the arena.
[[nodiscard]] checksum::Value value_of_text(const FieldType& type, std::string_view text,
                                            checksum::Scale scale, checksum::Arena& arena);

}  // namespace harness::postgres
