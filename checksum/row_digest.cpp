#include "checksum/row_digest.hpp"

#include "checksum/bytes.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>
#include <stdexcept>

// Inlined, so that the length of a key's block is known where it is hashed.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace checksum {
namespace {

// SplitMix64 (Steele, Lea, Flood 2014).
class Stream {
public:
    explicit Stream(std::uint64_t seed) noexcept : state_{seed} {}
    std::uint64_t next() noexcept {
        state_ += 0x9e3779b97f4a7c15U;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31);
    }

private:
    std::uint64_t state_;
};

// Stands for the length of a content that is a hash; a value's own bytes are 0 to 16.
constexpr std::uint64_t hashed_length = 17;
// A type word that no value has.
constexpr std::uint64_t null_type = 18 << 16;

inline std::uint64_t load_byte(const char* from) noexcept {
    return static_cast<unsigned char>(*from);
}

struct Masks {
    std::uint64_t low;
    std::uint64_t high;
};

// The masks are odd, so different types and lengths give different products.
[[gnu::always_inline]] inline Digest masked(std::uint64_t low, std::uint64_t high,
                                            std::uint64_t type, Masks masks) noexcept {
    return {low ^ (type * masks.low), high ^ (type * masks.high)};
}

[[gnu::always_inline]] inline Digest content_of(const Value& value, Masks masks,
                                                const char* secret) noexcept {
    // Kind, presence and tag as they lie in memory, in one load; the length goes into the gap.
    std::uint64_t type;
    static_assert(std::endian::native == std::endian::little && offsetof(Value, tag) == 4 &&
                  offsetof(Value, bytes) == sizeof type);
    std::memcpy(&type, &value, sizeof type);
    if (value.presence != Presence::value) [[unlikely]] {
        return {null_type * masks.low, 0};
    }
    const char* const bytes = value.bytes.data();
    const std::size_t size = value.bytes.size();
    // Loads may overlap: with the length in the mask the bytes can be told from them.
    if (size == 8) {
        return {load<std::uint64_t>(bytes) ^ ((type | 8 << 16) * masks.low), 0};
    }
    if (size > 16) {
        const XXH128_hash_t hash = XXH3_128bits_withSecret(bytes, size, secret, 192);
        return masked(hash.low64, hash.high64, type | (hashed_length << 16), masks);
    }
    type |= size << 16;
    if (size > 8) {
        return masked(load<std::uint64_t>(bytes), load<std::uint64_t>(bytes + size - 8), type,
                      masks);
    }
    std::uint64_t low = 0;
    if (size >= 4) {
        low = load<std::uint32_t>(bytes) |
              (std::uint64_t{load<std::uint32_t>(bytes + size - 4)} << 32);
    } else if (size > 0) {
        low = load_byte(bytes) | (load_byte(bytes + size / 2) << 8) |
              (load_byte(bytes + size - 1) << 16);
    }
    return {low ^ (type * masks.low), 0};
}

[[gnu::always_inline]] inline Digest key_part(Digest content, std::uint64_t seed) noexcept {
    char block[16];
    store(block, content.low);
    store(block + 8, content.high);
    const XXH128_hash_t hash = XXH3_128bits_withSeed(block, sizeof block, seed);
    return {hash.low64, hash.high64};
}

[[gnu::always_inline]] inline Digest cell_of(Digest content, Digest key, std::uint64_t low,
                                             std::uint64_t high) noexcept {
    const Wide b = Digest{key.low ^ low, key.high ^ high}.wide();
    const Wide e = Digest{key.high ^ low, key.low ^ high}.wide();
    // Half of a table's values have no more than 8 bytes.
    return Digest::of(content.high == 0 ? b * content.low : b * content.low + e * content.high);
}

}  // namespace

Digest RowDigest::row() const noexcept {
    Digest sum;
    for (const Digest cell : cells) {
        sum += cell;
    }
    return sum;
}

RowHasher::RowHasher(std::vector<Column> columns, std::uint64_t seed)
    : columns_{std::move(columns)} {
    if (columns_.empty()) {
        throw std::invalid_argument{"a row needs columns"};
    }
    Stream run{seed};
    low_mask_ = run.next() | 1;
    high_mask_ = run.next() | 1;
    for (std::size_t at = 0; at < sizeof secret_; at += 8) {
        store(secret_ + at, run.next());
    }
    const std::uint64_t names_seed = run.next();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        const std::string& name = columns_[i].name;
        const auto same = [&](const Column& other) { return other.name == name; };
        if (std::any_of(columns_.begin(), columns_.begin() + static_cast<std::ptrdiff_t>(i),
                        same)) {
            throw std::invalid_argument{"two columns are named " + name};
        }
        Stream column{XXH3_64bits_withSeed(name.data(), name.size(), names_seed)};
        seeds_.push_back({.key = column.next(), .low = column.next(), .high = column.next()});
        keyed_ = keyed_ || columns_[i].is_key;
    }
    for (std::uint32_t i = 0; i < columns_.size(); ++i) {
        if (columns_[i].is_key || !keyed_) {
            key_columns_.push_back(i);
        }
    }
}

void RowHasher::contents(std::span<const Value> row, std::span<Digest> contents) const noexcept {
    const Masks masks{low_mask_, high_mask_};
    Digest* content = contents.data();
    for (const Value& value : row) {
        *content++ = value.presence > Presence::null ? Digest{} : content_of(value, masks, secret_);
    }
}

Digest RowHasher::key(std::span<const Digest> contents) const noexcept {
    Digest sum;
    for (const std::uint32_t column : key_columns_) {
        sum += key_part(contents[column], seeds_[column].key);
    }
    return sum;
}

Digest RowHasher::cell(std::size_t column, Digest content, Digest key) const noexcept {
    return cell_of(content, key, seeds_[column].low, seeds_[column].high);
}

void RowHasher::cells(std::span<const Value> row, std::span<const Digest> contents, Digest key,
                      std::span<Digest> cells) const noexcept {
    for (std::size_t i = 0; i < row.size(); ++i) {
        cells[i] = row[i].presence > Presence::null
                       ? Digest{}
                       : cell_of(contents[i], key, seeds_[i].low, seeds_[i].high);
    }
}

void RowHasher::add_cells(std::span<const Digest> contents, Digest key,
                          Digest* sums) const noexcept {
    const Seeds* seeds = seeds_.data();
    for (const Digest content : contents) {
        *sums++ += cell_of(content, key, seeds->low, seeds->high);
        ++seeds;
    }
}

}  // namespace checksum
