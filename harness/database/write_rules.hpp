// What a write sets off beside itself, as the catalog has it now.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace harness::database {

// What may alter a row on its way in: a trigger, a rule. Its texts hold all that decides what it
// does; they are there to be compared, and for Database::effects_of().
struct WriteHook {
    std::string name;  // "trigger audit"
    std::string definition;
    std::string function = {};  // that it runs; a rule runs none
    // In which sessions it acts, as the catalog has it: PostgreSQL: O, A, or R (of replicas only).
    std::string enabled = {};

    bool operator==(const WriteHook&) const = default;
};

struct WrittenRelation {
    std::uint64_t identity = 0;  // PostgreSQL: the oid
    std::string schema, name;    // as the catalog spells them
    // Why a write to it may end up elsewhere: "is a view"; empty: its rows are its own.
    std::string indirect;
    std::vector<std::string> triggers;   // that are enabled
    std::vector<std::string> generated;  // columns that follow from others
    std::vector<std::uint64_t> parents;  // whose rows its rows are, too
    std::vector<WriteHook> hooks = {};   // those that act
};

// A foreign key that writes to the child when the parent is written.
struct Cascade {
    std::uint64_t parent = 0, child = 0;
    std::vector<std::string> parent_columns, child_columns;
    bool deletes = false;            // a parent deleted: its children are, too
    bool changes_on_delete = false;  // ... or their columns are set
    bool changes_on_update = false;
};

// A function outside the system's schemas that others may call.
struct UserFunction {
    std::string name;             // bare
    std::string definition;       // all that decides what it does, and its schema and arguments
    bool legible = true;          // what it calls stands in the definition
    bool called_unnamed = false;  // by who does not spell its name: over an operator, a view
};

struct WriteRules {
    std::vector<WrittenRelation> relations;  // all tables and views outside the system's schemas
    std::vector<Cascade> cascades;
    std::vector<std::string> writing_functions;  // bare names of those that might write anything
    // The bare names of all that there are; empty: not asked. One that is not there yet might do
    // anything.
    std::set<std::string> functions = {};
    std::vector<UserFunction> user_functions = {};
};

}  // namespace harness::database
