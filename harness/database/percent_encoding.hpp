// Text inside of a URI.
#pragma once

#include <string>
#include <string_view>

namespace harness::database {

enum class HexDigits { upper, lower };

// RFC 3986: everything but the unreserved characters. Programs write the digits either way.
[[nodiscard]] std::string percent_encoded(std::string_view text,
                                          HexDigits digits = HexDigits::upper);

}  // namespace harness::database
