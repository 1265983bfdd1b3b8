#include "workloads/keys/lap_keys.hpp"

#include "workloads/conflicts/row_values.hpp"

#include <cstdio>

#include <xxhash.h>

namespace workloads::keys {
namespace {

using synthesis::TypeClass;

std::optional<std::string> number(std::string_view recorded, const KeyColumn& column,
                                  std::uint32_t lap, std::int64_t stride) {
    const auto value = value_of(recorded, column);
    std::int64_t moved = 0, sum = 0;
    if (!value || stride <= 0 || __builtin_mul_overflow(stride, std::int64_t{lap}, &moved) ||
        __builtin_add_overflow(number_of(*value), moved, &sum)) {
        return std::nullopt;
    }
    return std::to_string(sum);
}

// The last 48 of its 128 bits differ from lap to lap by a number that neighbours do not: a version
// and a variant stay.
std::optional<std::string> uuid(std::string_view recorded, std::uint32_t lap) {
    const auto digits = conflicts::canonical(recorded, TypeClass::uuid);
    if (!digits) {
        return std::nullopt;
    }
    constexpr std::size_t kept = 20;
    constexpr std::uint64_t bits = 0xffff'ffff'ffffU;
    const auto last = static_cast<std::uint64_t>(std::stoull(digits->substr(kept), nullptr, 16));
    char changed[13];
    std::snprintf(changed, sizeof changed, "%012llx",
                  static_cast<unsigned long long>(last ^ (XXH3_64bits(&lap, sizeof lap) & bits)));
    auto out = digits->substr(0, kept) + changed;
    for (const std::size_t dash : {20, 16, 12, 8}) {
        out.insert(dash, 1, '-');
    }
    return out;
}

std::size_t characters_in(std::string_view text) {
    std::size_t count = 0;
    for (const char c : text) {
        count += (static_cast<unsigned char>(c) & 0xc0U) != 0x80U ? 1U : 0U;
    }
    return count;
}

}  // namespace

std::optional<std::string> key_of_lap(std::string_view recorded, const KeyColumn& column,
                                      std::uint32_t lap, std::int64_t stride) {
    if (lap == 0) {
        return std::string{recorded};
    }
    switch (column.type) {
        case TypeClass::integer:
            return number(recorded, column, lap, stride);
        case TypeClass::uuid:
            return uuid(recorded, lap);
        case TypeClass::text: {
            auto key = std::string{recorded} + "~" + std::to_string(lap + 1);
            if (column.longest > 0 &&
                characters_in(key) > static_cast<std::size_t>(column.longest)) {
                return std::nullopt;
            }
            return key;
        }
        default:
            return std::nullopt;
    }
}

}  // namespace workloads::keys
