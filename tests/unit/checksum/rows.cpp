#include "rows.hpp"

#include "checksum/bytes.hpp"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace checksum::testing {

Cell int_cell(std::int64_t value) {
    Cell cell{.kind = Kind::number};
    append<std::int64_t>(cell.bytes, value);
    return cell;
}

Cell text_cell(std::string value) {
    return {.kind = Kind::text, .bytes = std::move(value)};
}

Cell null_cell() {
    return {.presence = Presence::null};
}

Cell cell_of(const Value& value) {
    return {value.kind, value.presence, value.tag, std::string{value.bytes}};
}

Cell random_cell(std::mt19937_64& random) {
    if (random() % 10 == 0) {
        return null_cell();
    }
    if (random() % 3 == 0) {
        return int_cell(static_cast<std::int64_t>(random() % 5) - 2);
    }
    constexpr std::size_t lengths[] = {0,  1,  2,  3,  4,   5,   7,   8,   9,   12,
                                       15, 16, 17, 31, 128, 129, 240, 241, 300, 1025};
    Cell cell{.kind = static_cast<Kind>(random() % kind_count)};
    cell.bytes.resize(lengths[random() % std::size(lengths)]);
    for (char& byte : cell.bytes) {
        byte = static_cast<char>(random());
    }
    if (cell.kind == Kind::verbatim) {
        cell.tag = static_cast<std::uint32_t>(random() % 3);
    }
    return cell;
}

std::vector<Value> values(const Row& row) {
    std::vector<Value> all;
    for (const Cell& cell : row) {
        all.push_back(cell.value());
    }
    return all;
}

TemporaryDirectory::TemporaryDirectory()
    : path_{std::filesystem::temp_directory_path() / "rehearse-checksum-XXXXXX"} {
    if (::mkdtemp(path_.data()) == nullptr) {
        throw std::runtime_error{"no temporary directory"};
    }
}

TemporaryDirectory::~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

OwnedDigest digest(const RowHasher& hasher, const Row& row) {
    OwnedDigest result;
    const auto given = values(row);
    result.contents.resize(row.size());
    result.cells.resize(row.size());
    hasher.contents(given, result.contents);
    result.key = hasher.key(result.contents);
    hasher.cells(given, result.contents, result.key, result.cells);
    return result;
}

}  // namespace checksum::testing
