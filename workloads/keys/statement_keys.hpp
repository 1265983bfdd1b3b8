// Which keys a statement gets from the database, and where in it keys stand.
#pragma once

#include "workloads/keys/key_columns.hpp"
#include "workloads/synthesis/statement_text.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace workloads::keys {

// An INSERT's column of its result in which the keys are that the database drew.
struct DrawnColumn {
    Domain domain = 0;
    std::string name;  // as the result calls it
};

// A $n of the statement's normalised text that is a key.
struct KeyPlace {
    int number = 0;
    Domain domain = 0;
    bool is_array = false;  // of keys
    bool is_bound = false;  // keys are above or below it: it need not be one itself
    bool is_given = false;  // the application draws this one: it is written where the database may
};

struct StatementKeys {
    std::vector<DrawnColumn> drawn;
    std::size_t rows = 0;  // that it inserts, in their order; 0: nobody knows
    // The database draws keys that no result tells, or not which row's they are.
    bool draws_untold = false;
    // Those that it draws, told or not.
    std::vector<Domain> draws;
    std::vector<KeyPlace> places;
};

[[nodiscard]] StatementKeys keys_of(const synthesis::StatementText& statement,
                                    const conflicts::Relations& relations,
                                    const KeyColumns& columns);

// Columns of an INSERT that are a key by themselves and for which it gives a value: sent twice, it
// fails.
[[nodiscard]] std::vector<Place> given_by(const synthesis::StatementText& statement,
                                          const conflicts::Relations& relations);

}  // namespace workloads::keys
