#include "checksum/value.hpp"

#include <bit>
#include <limits>

namespace checksum {
namespace {

// Enough for the fixed-size values of a few hundred columns.
constexpr std::size_t block_bytes = std::size_t{16} << 10;

constexpr std::int64_t us_per_day = 86'400'000'000;

}  // namespace

bool operator==(const Value& a, const Value& b) noexcept {
    if (a.presence != b.presence) {
        return false;
    }
    return a.presence != Presence::value ||
           (a.kind == b.kind && a.tag == b.tag && a.bytes == b.bytes);
}

// FNV-1a: a name has few bytes, and two types' tags differ or their values' digests would agree by
// accident of 2^-32 at worst.
std::uint32_t type_tag(std::string_view type_name) noexcept {
    std::uint32_t hash = 2166136261U;
    for (const char letter : type_name) {
        hash = (hash ^ static_cast<unsigned char>(letter)) * 16777619U;
    }
    return hash;
}

Arena::Arena()
    : first_{std::make_unique<char[]>(block_bytes)},
      next_{first_.get()},
      end_{first_.get() + block_bytes} {}

void Arena::clear() noexcept {
    others_.clear();
    next_ = first_.get();
    end_ = next_ + block_bytes;
}

char* Arena::take_elsewhere(std::size_t size) {
    // A large value gets a block of its own; the current one stays in use.
    if (size > block_bytes / 4) {
        others_.push_back(std::make_unique<char[]>(size));
        return others_.back().get();
    }
    others_.push_back(std::make_unique<char[]>(block_bytes));
    next_ = others_.back().get() + size;
    end_ = others_.back().get() + block_bytes;
    return others_.back().get();
}

Value real(double value, Arena& arena) {
    if (value == 0) {
        value = 0;  // -0 too
    } else if (value != value) {
        value = std::numeric_limits<double>::quiet_NaN();
    }
    return fixed(Kind::real, std::bit_cast<std::int64_t>(value), arena);
}

Value date(std::int32_t days, Arena& arena) {
    if (days == date_infinity) {
        return timestamp(std::numeric_limits<std::int64_t>::max(), arena);
    }
    if (days == minus_date_infinity) {
        return timestamp(std::numeric_limits<std::int64_t>::min(), arena);
    }
    std::int64_t us = 0;
    if (!__builtin_mul_overflow(std::int64_t{days}, us_per_day, &us)) {
        return timestamp(us, arena);
    }
    char* const to = arena.take(4);
    store(to, days);
    return {.kind = Kind::timestamp, .bytes = {to, 4}};
}

Value timetz(std::int64_t us, std::int32_t seconds_west, Arena& arena) {
    char* const to = arena.take(16);
    store(to, us);
    store(to + 8, std::int64_t{seconds_west});
    return {.kind = Kind::timetz, .bytes = {to, 16}};
}

Value interval(std::int64_t us, std::int32_t days, std::int32_t months, Arena& arena) {
    char* const to = arena.take(16);
    store(to, us);
    // One store: see checksum/decimal.hpp.
    store(to + 8, static_cast<std::uint32_t>(days) |
                      (std::uint64_t{static_cast<std::uint32_t>(months)} << 32));
    return {.kind = Kind::interval, .bytes = {to, 16}};
}

}  // namespace checksum
