// A cell as an engine hands it in: a kind and bytes in a canonical, engine-neutral form. Two values
// are equal exactly when kind, presence, tag and bytes are: whatever a change of type keeps must
// therefore have one form, and whatever it may damage must have different ones.
//
// clang-format off
// kind            canonical bytes                                         comes from
// number          int64, 8 bytes little-endian                            integers of every width,
//                                                                         and decimals that are
//                                                                         integral and fit
// decimal         see checksum/decimal.hpp                                every other decimal,
//                                                                         by value
// scaled_decimal  see checksum/decimal.hpp                                decimals in strict mode:
//                                                                         1.0, 1.00 and 1 differ
// real            IEEE double, 8 bytes little-endian; -0 is 0, one NaN    float4 widened, float8
// text            UTF-8 as it is                                          character types (blank-
//                                                                         padded ones without it),
//                                                                         enum labels
// bytes           as they are                                             byte strings
// boolean         one byte, 0 or 1
// timestamp       int64 us since 2000-01-01, local; INT64_MIN and _MAX    date, timestamp
//                 are -infinity and infinity; a date out of this range
//                 is its days since 2000-01-01 as int32, 4 bytes
// timestamptz     int64 us since 2000-01-01 UTC, infinities as above      instants
// time            int64 us since midnight
// timetz          int64 us since midnight, int64 seconds west of UTC      (16 bytes)
// interval        int64 us, int32 days, int32 months: 1 day is not 24 h   (16 bytes)
// uuid            16 bytes
// json            text, verbatim: the order of its keys counts
// jsonb           the text of the normalised form
// verbatim        as the engine has them, with a tag of the type's name   everything else: arrays,
//                                                                         composites, ranges, ...
// clang-format on
//
// The epoch is 2000, not 1970: the last instants that PostgreSQL knows do not fit otherwise. A NULL
// has no kind: an integer's NULL is the NULL of what it was widened to.
#pragma once

#include "checksum/bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace checksum {

enum class Kind : std::uint8_t {
    number,
    decimal,
    scaled_decimal,
    real,
    text,
    bytes,
    boolean,
    timestamp,
    timestamptz,
    time,
    timetz,
    interval,
    uuid,
    json,
    jsonb,
    verbatim,
};
inline constexpr int kind_count = 16;

// Whether there is a value at all. The last two come from change streams only.
enum class Presence : std::uint8_t {
    value,
    null,
    unchanged,  // stored out of line, not changed and not sent: what it was before
    unknown,    // not sent, or in a form that cannot be compared
};

// Does not own its bytes. They need no alignment.
struct Value {
    Kind kind = Kind::text;
    Presence presence = Presence::value;
    std::uint16_t reserved = 0;  // the digest reads what stands before `bytes` as one word
    std::uint32_t tag = 0;       // of a verbatim value: type_tag() of its type's name, else 0
    std::string_view bytes = {};
};

// As `to = from`, but kind, presence and tag in one store: the digest loads them as one word right
// afterwards, and would wait for smaller stores to reach the cache.
inline void assign(Value& to, const Value& from) noexcept {
    const std::uint64_t head = static_cast<std::uint64_t>(from.kind) |
                               static_cast<std::uint64_t>(from.presence) << 8 |
                               static_cast<std::uint64_t>(from.reserved) << 16 |
                               static_cast<std::uint64_t>(from.tag) << 32;
    static_assert(std::endian::native == std::endian::little && offsetof(Value, presence) == 1 &&
                  offsetof(Value, reserved) == 2 && offsetof(Value, tag) == 4);
    std::memcpy(static_cast<void*>(&to), &head, sizeof head);
    to.bytes = from.bytes;
}

inline constexpr Value null_value{.presence = Presence::null};
inline constexpr Value unchanged_value{.presence = Presence::unchanged};
inline constexpr Value unknown_value{.presence = Presence::unknown};

[[nodiscard]] bool operator==(const Value& a, const Value& b) noexcept;

// The same for the same name in every run and on every machine.
[[nodiscard]] std::uint32_t type_tag(std::string_view type_name) noexcept;

// Holds the canonical bytes of a row's values. What it gave stays valid until clear(), which keeps
// the first block, so that a row after another costs no allocation.
class Arena {
public:
    Arena();
    [[nodiscard]] char* take(std::size_t size) {
        if (size > static_cast<std::size_t>(end_ - next_)) {
            return take_elsewhere(size);
        }
        char* const taken = next_;
        next_ += size;
        return taken;
    }
    void clear() noexcept;

private:
    char* take_elsewhere(std::size_t size);

    std::unique_ptr<char[]> first_;
    std::vector<std::unique_ptr<char[]>> others_;
    char* next_;
    char* end_;
};

// Each stores the canonical bytes in the arena, or refers to what it was given. Inline: a scan
// calls one for every cell.
[[nodiscard]] inline Value fixed(Kind kind, std::int64_t value, Arena& arena) {
    char* const to = arena.take(8);
    store(to, value);
    return {.kind = kind, .bytes = {to, 8}};
}
[[nodiscard]] inline Value number(std::int64_t value, Arena& arena) {
    return fixed(Kind::number, value, arena);
}
[[nodiscard]] Value real(double value, Arena& arena);
[[nodiscard]] inline Value boolean(bool value) noexcept {
    return {.kind = Kind::boolean, .bytes = {&"\0\1"[value ? 1 : 0], 1}};
}
[[nodiscard]] inline Value text(std::string_view value) noexcept {
    return {.kind = Kind::text, .bytes = value};
}
[[nodiscard]] inline Value bytes(std::string_view value) noexcept {
    return {.kind = Kind::bytes, .bytes = value};
}
[[nodiscard]] inline Value json(std::string_view value) noexcept {
    return {.kind = Kind::json, .bytes = value};
}
[[nodiscard]] inline Value jsonb(std::string_view value) noexcept {
    return {.kind = Kind::jsonb, .bytes = value};
}
[[nodiscard]] inline Value uuid(std::string_view sixteen_bytes) noexcept {
    return {.kind = Kind::uuid, .bytes = sixteen_bytes};
}
[[nodiscard]] inline Value verbatim(std::uint32_t tag, std::string_view value) noexcept {
    return {.kind = Kind::verbatim, .tag = tag, .bytes = value};
}
[[nodiscard]] inline Value timestamp(std::int64_t us, Arena& arena) {
    return fixed(Kind::timestamp, us, arena);
}
[[nodiscard]] inline Value timestamptz(std::int64_t us, Arena& arena) {
    return fixed(Kind::timestamptz, us, arena);
}
[[nodiscard]] inline Value time(std::int64_t us, Arena& arena) {
    return fixed(Kind::time, us, arena);
}
// Days since 2000-01-01. Infinite dates: date_infinity and minus_date_infinity.
[[nodiscard]] Value date(std::int32_t days, Arena& arena);
[[nodiscard]] Value timetz(std::int64_t us, std::int32_t seconds_west, Arena& arena);
[[nodiscard]] Value interval(std::int64_t us, std::int32_t days, std::int32_t months, Arena& arena);

inline constexpr std::int32_t date_infinity = INT32_MAX;
inline constexpr std::int32_t minus_date_infinity = INT32_MIN;

}  // namespace checksum
