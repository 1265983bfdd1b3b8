#include "harness/version.hpp"

namespace harness {

const char* const version = REHEARSE_VERSION;

}  // namespace harness
