// Which canonical form each of a server's types takes, from its catalogue.
#pragma once

#include "harness/database/control.hpp"
#include "harness/postgres/field_decoder.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace harness::postgres {

struct ColumnKind {
    FieldType field;
    // Its binary form cannot be compared (an oid of this database stands for a name) or does not
    // exist: it is read as ::text, in the session's pinned settings.
    bool as_text = false;
    std::string cast_to;  // the type without modifiers, a domain's base type
    bool toastable = false;
};

// Asks the catalogue once for each type. Throws Outage.
class ColumnKinds {
public:
    explicit ColumnKinds(database::Control& control) : control_{control} {}
    [[nodiscard]] const ColumnKind& of(std::uint32_t type_oid);

private:
    struct Type;
    [[nodiscard]] Type fetch(std::uint32_t oid);
    [[nodiscard]] ColumnKind build(std::uint32_t oid, int depth);
    void add_part(ColumnKind& whole, std::uint32_t oid, int depth);

    database::Control& control_;
    std::map<std::uint32_t, ColumnKind> known_;
};

}  // namespace harness::postgres
