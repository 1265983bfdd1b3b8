// A moment as a reader wants it.
#pragma once

#include <cstdint>
#include <string>

namespace harness::recording {

// "2024-01-31 10:00:00.123" of microseconds since 1970, in UTC.
[[nodiscard]] std::string utc_text(std::int64_t us);

}  // namespace harness::recording
