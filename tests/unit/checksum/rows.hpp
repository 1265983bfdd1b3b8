// Rows for the tests: values that own their bytes.
#pragma once

#include "checksum/row_digest.hpp"

#include <random>
#include <string>
#include <vector>

namespace checksum::testing {

struct Cell {
    Kind kind = Kind::text;
    Presence presence = Presence::value;
    std::uint32_t tag = 0;
    std::string bytes = {};

    bool operator==(const Cell&) const = default;
    [[nodiscard]] Value value() const {
        return {.kind = kind, .presence = presence, .tag = tag, .bytes = bytes};
    }
};

using Row = std::vector<Cell>;

[[nodiscard]] Cell int_cell(std::int64_t value);
[[nodiscard]] Cell text_cell(std::string value);
[[nodiscard]] Cell null_cell();
[[nodiscard]] Cell cell_of(const Value& value);
// Any kind; NULL now and then; lengths around all the digest's special cases.
[[nodiscard]] Cell random_cell(std::mt19937_64& random);

[[nodiscard]] std::vector<Value> values(const Row& row);

// A directory of its own, removed with what is in it.
class TemporaryDirectory {
public:
    TemporaryDirectory();
    ~TemporaryDirectory();
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    [[nodiscard]] const std::string& path() const noexcept { return path_; }

private:
    std::string path_;
};

// A row's digests in memory of their own.
struct OwnedDigest {
    Digest key;
    std::vector<Digest> contents;
    std::vector<Digest> cells;

    [[nodiscard]] RowDigest view() const { return {.key = key, .cells = cells}; }
};
[[nodiscard]] OwnedDigest digest(const RowHasher& hasher, const Row& row);

}  // namespace checksum::testing
