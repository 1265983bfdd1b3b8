#pragma once

namespace harness {

extern const char* const version;  // of the whole project: from CMakeLists.txt

}  // namespace harness
