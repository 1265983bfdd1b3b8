// Little-endian integers in unaligned memory.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>

namespace checksum {

template <typename Integer>
[[nodiscard]] inline Integer swap_bytes(Integer value) noexcept {
    if constexpr (sizeof(Integer) == 8) {
        return static_cast<Integer>(__builtin_bswap64(static_cast<std::uint64_t>(value)));
    } else if constexpr (sizeof(Integer) == 4) {
        return static_cast<Integer>(__builtin_bswap32(static_cast<std::uint32_t>(value)));
    } else {
        static_assert(sizeof(Integer) == 2);
        return static_cast<Integer>(__builtin_bswap16(static_cast<std::uint16_t>(value)));
    }
}

template <typename Integer>
[[nodiscard]] inline Integer load(const char* from) noexcept {
    Integer value;
    std::memcpy(&value, from, sizeof value);
    return std::endian::native == std::endian::little ? value : swap_bytes(value);
}

template <typename Integer>
inline void store(char* to, Integer value) noexcept {
    if constexpr (std::endian::native != std::endian::little) {
        value = swap_bytes(value);
    }
    std::memcpy(to, &value, sizeof value);
}

template <typename Integer>
inline void append(std::string& to, std::type_identity_t<Integer> value) {
    char raw[sizeof(Integer)];
    store<Integer>(raw, value);
    to.append(raw, sizeof raw);
}

}  // namespace checksum
