#pragma once

namespace harness {

inline constexpr const char* version = REHEARSE_VERSION;  // from CMakeLists.txt

}  // namespace harness
