// The script and style of the HTML report, built from src/ by build.mjs.
#pragma once

#include <string_view>

namespace reports::web {

// Each to be put between its tags as it is: the policy names them by their digests.
extern const std::string_view style, script;
extern const std::string_view content_security_policy;

}  // namespace reports::web
