// What a server has counted of its statements, and what it knows of their tables: the source of a
// synthesized workload. It only reads, and needs no mark: the source is production.
#pragma once

#include "workloads/synthesis/synthesis.hpp"

#include <span>
#include <string>
#include <vector>

namespace harness::database {

// One session. Every call may throw Outage, with the remedy where something is missing there.
class StatementSource {
public:
    virtual ~StatementSource() = default;

    struct Identity {
        std::string database, server;  // "shop", "PostgreSQL 15.4"
    };
    [[nodiscard]] virtual Identity identity() = 0;

    // Of this database. Without texts for a first of two readings.
    [[nodiscard]] virtual workloads::synthesis::Reading read(bool with_texts) = 0;

    // How many other sessions run a statement in this database now.
    [[nodiscard]] virtual int active_sessions() = 0;

    // Looks the rest up under a role's search_path (see StatementCount); the schemas that it comes
    // to. Empty: the database's own.
    [[nodiscard]] virtual std::vector<std::string> use_search_path(const std::string& path) = 0;

    // Tables by name, wherever they are. Values of rows are asked for only where they may be kept.
    [[nodiscard]] virtual workloads::synthesis::Catalog catalog(
        std::span<const workloads::synthesis::NamedTable> tables, bool common_values) = 0;

    // Prepares each statement, which executes nothing.
    [[nodiscard]] virtual std::vector<workloads::synthesis::Description> describe(
        std::span<const std::string> statements) = 0;

    // Ends the question that is being answered, if any; from any thread.
    virtual void cancel() noexcept = 0;
};

}  // namespace harness::database
