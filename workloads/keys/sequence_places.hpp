// Values of a sequence by their places between others that are known.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace workloads::keys {

// What drew a value.
struct Draw {
    std::optional<std::int64_t> value;  // where it is known
    bool is_break = false;              // it drew nobody knows how many
};

struct Guess {
    std::size_t draw = 0;
    std::int64_t value = 0;
};

// `draws` in their order. Of those between two that are known: where as many values lie between
// these two as draws do, each drew one.
[[nodiscard]] std::vector<Guess> guessed_places(std::span<const Draw> draws);

// The longest ascending part of `values`: the indices of its values.
[[nodiscard]] std::vector<std::size_t> longest_ascent(std::span<const std::int64_t> values);

}  // namespace workloads::keys
