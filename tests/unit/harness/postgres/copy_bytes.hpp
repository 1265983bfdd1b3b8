// Writes COPY's binary stream, as the server does.
#pragma once

#include "tests/unit/harness/postgres/field_bytes.hpp"

#include <string>
#include <vector>

namespace tests {

inline const std::string copy_header =
    std::string{"PGCOPY\n\377\r\n\0", 11} + be<std::int32_t>(0) + be<std::int32_t>(0);
inline const std::string copy_trailer = be<std::int16_t>(-1);

inline std::string copy_row(const std::vector<Field>& fields) {
    std::string row = be<std::int16_t>(static_cast<std::int16_t>(fields.size()));
    for (const auto& field : fields) {
        row += sized(field);
    }
    return row;
}

}  // namespace tests
