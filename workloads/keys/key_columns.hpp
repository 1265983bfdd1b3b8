// The columns in which keys stand that the database draws, and the values in them.
#pragma once

#include "workloads/conflicts/relations.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace workloads::keys {

// A column in which keys are made, with the columns that refer to it.
using Domain = std::uint16_t;
// A relation in Relations::catalog, and a column of it.
using Place = std::pair<std::size_t, std::string>;

struct KeyColumn {
    std::size_t relation = 0;  // in Relations::catalog; the whole of parts
    std::string column;
    synthesis::TypeClass type = synthesis::TypeClass::other;
    int longest = 0;  // characters; 0: no limit

    // Values are drawn in ascending order.
    [[nodiscard]] bool is_sequence() const { return type == synthesis::TypeClass::integer; }
};

class KeyColumns {
public:
    // `given`: columns that the application makes keys for. `relations` must outlive it.
    explicit KeyColumns(const conflicts::Relations& relations, std::span<const Place> given = {});

    [[nodiscard]] std::span<const KeyColumn> all() const noexcept { return columns_; }
    // None: no such key stands there.
    [[nodiscard]] std::optional<Domain> find(std::size_t relation, const std::string& column) const;
    // The keys are made there; it is not one that refers to it.
    [[nodiscard]] bool makes(std::size_t relation, const std::string& column) const;

private:
    void add(std::size_t relation, const std::string& name);
    [[nodiscard]] Place origin_of(Place place) const;

    const conflicts::Relations& relations_;
    std::vector<KeyColumn> columns_;
    std::map<Place, Domain> domain_of_;
};

// A value in a form in which equal ones are equal and different ones are not, as far as 64 bits
// tell; of a sequence the number itself. None where it is no value of the column's type.
[[nodiscard]] std::optional<std::uint64_t> value_of(std::string_view text, const KeyColumn& column);

// Of sequences.
[[nodiscard]] constexpr std::int64_t number_of(std::uint64_t value) noexcept {
    return static_cast<std::int64_t>(value);
}

}  // namespace workloads::keys
