// Bytes on their way into a text: deflated (zlib, RFC 1950) and as base64 (RFC 4648).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace reports {

// Throws std::runtime_error when memory runs out.
[[nodiscard]] std::vector<std::uint8_t> deflated(std::span<const std::uint8_t> plain);

[[nodiscard]] std::string base64(std::span<const std::uint8_t> bytes);

}  // namespace reports
