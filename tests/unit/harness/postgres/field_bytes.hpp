// Writes fields and what they are made of, as the server does.
#pragma once

#include "checksum/bytes.hpp"

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tests {

template <typename Integer>
std::string be(std::type_identity_t<Integer> value) {
    std::string raw(sizeof(Integer), '\0');
    checksum::store<Integer>(raw.data(), value);
    return {raw.rbegin(), raw.rend()};
}

using Field = std::optional<std::string>;

inline std::string sized(const Field& field) {
    return field ? be<std::int32_t>(static_cast<std::int32_t>(field->size())) + *field
                 : be<std::int32_t>(-1);
}

// An array of one dimension.
inline std::string array_bytes(std::uint32_t element, const std::vector<Field>& elements,
                               std::int32_t lower = 1) {
    std::string bytes = be<std::int32_t>(elements.empty() ? 0 : 1) + be<std::int32_t>(0) +
                        be<std::uint32_t>(element);
    if (!elements.empty()) {
        bytes +=
            be<std::int32_t>(static_cast<std::int32_t>(elements.size())) + be<std::int32_t>(lower);
    }
    for (const auto& one : elements) {
        bytes += sized(one);
    }
    return bytes;
}

inline std::string numeric_bytes(std::int16_t weight, std::uint16_t sign, std::uint16_t scale,
                                 std::initializer_list<std::uint16_t> groups) {
    std::string bytes = be<std::uint16_t>(static_cast<std::uint16_t>(groups.size())) +
                        be<std::int16_t>(weight) + be<std::uint16_t>(sign) +
                        be<std::uint16_t>(scale);
    for (const std::uint16_t group : groups) {
        bytes += be<std::uint16_t>(group);
    }
    return bytes;
}

}  // namespace tests
