// Bytes as text that a JSON file or a page may hold: deflated (zlib's format), then base64.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace reports {

[[nodiscard]] std::string base64(std::string_view bytes);
// Empty when it is no base64.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

// Throws std::runtime_error when there is no memory.
[[nodiscard]] std::string deflated(std::string_view bytes);
// Empty when it is broken, or holds more than `most` bytes.
[[nodiscard]] std::optional<std::string> inflated(std::string_view packed, std::size_t most);

}  // namespace reports
