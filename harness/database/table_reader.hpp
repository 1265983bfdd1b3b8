// Reads whole tables for digests: one consistent view of the database, shared by as many readers as
// there are workers, each of which streams chunks of a table's rows.
//
//   Snapshot ──► TableShape          what a table is
//            ──► TableScan           what of it is read, cut into chunks
//                  ──► TableReader   one connection, one thread: a chunk's rows into a RowSink
//
// Nothing here writes: the sessions are read-only.
#pragma once

#include "checksum/decimal.hpp"
#include "checksum/value.hpp"
#include "harness/database/error.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace harness::database {

// The caller named a table or a column that does not exist: nothing was read.
class UnknownName : public std::invalid_argument {
public:
    using std::invalid_argument::invalid_argument;
};

// The rows cannot be read in a form that proves anything, though the server answers: they came in an
// unexpected form, or the snapshot sees a table that was rewritten since.
class Unreadable : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

struct TableColumn {
    std::string name;
    std::string type;        // as the engine writes it: "numeric(10,2)"
    std::string cast_to;     // its type (a domain's base type) without modifiers, as a cast takes it
    checksum::Kind kind = checksum::Kind::text;  // number: integers; decimal: integral ones come as number
    std::uint32_t tag = 0;   // of kind verbatim
    bool is_key = false;
    bool nullable = true;
    bool generated = false;
    bool out_of_line = false;  // long values may be stored apart and left out of a change stream
};

struct TableShape {
    std::string name;            // qualified, and quoted where it must be
    std::uint64_t identity = 0;  // PostgreSQL: the oid
    std::vector<TableColumn> columns;  // in the order of their names' bytes
    bool keyed = false;                // some columns' values together are in one row only, never NULL
    std::uint64_t estimated_rows = 0;
    std::uint64_t bytes = 0;  // of the rows' own storage, without what is stored out of line
};

// One value of each row: a column, or an expression over the table's columns.
struct Projection {
    std::string name;
    std::string column = {};      // empty: the one of that name
    std::string expression = {};  // in place of a column
    std::string cast_to = {};     // empty: as it is
};

struct ScanOptions {
    checksum::Scale scale = checksum::Scale::by_value;
    std::size_t workers = 1;  // decides how fine the chunks are
};

// Part of a table, read by one statement. Chunks are disjoint; together they are the table.
struct Chunk {
    std::size_t number = 0;
    std::uint64_t bytes = 0;  // an estimate, for progress
};

class RowSink {
public:
    // One value a projection, all of them there or NULL; valid during the call only.
    virtual void row(std::span<const checksum::Value> values) = 0;

protected:
    ~RowSink() = default;
};

class TableReader {
public:
    virtual ~TableReader() = default;

    // Streams a chunk's rows, in any order. Throws Outage (the server said no, was lost, or read() was
    // cancelled: ErrorKind::cancelled) or Unreadable; whatever the sink throws ends the reader, too.
    virtual void read(const Chunk& chunk, RowSink& sink) = 0;

    // What came over the wire so far. For the thread that reads.
    [[nodiscard]] virtual std::uint64_t bytes_received() const = 0;

    // Ends the running read() and every later one. From any thread; does not wait.
    virtual void cancel() noexcept = 0;
};

class TableScan {
public:
    virtual ~TableScan() = default;
    // One a projection, in their order, in the form in which they will come.
    [[nodiscard]] virtual const std::vector<TableColumn>& columns() const = 0;
    // At least one.
    [[nodiscard]] virtual std::span<const Chunk> chunks() const = 0;
    // How the table is cut, for the reader: "ranges of pages".
    [[nodiscard]] virtual const std::string& method() const = 0;
    // Connects. Throws Outage. From any thread.
    [[nodiscard]] virtual std::unique_ptr<TableReader> open_reader() const = 0;
};

class Snapshot {
public:
    virtual ~Snapshot() = default;
    // `table`: one of those that the snapshot was made for. Throws Outage.
    [[nodiscard]] virtual TableShape shape(const std::string& table) = 0;
    // What this view sees, for a ChangeStream. Throws Outage.
    [[nodiscard]] virtual std::string fence() = 0;
    // Throws UnknownName for a column that is not there, Outage for an expression that the server
    // refuses. The snapshot must live as long as the scan and its readers.
    [[nodiscard]] virtual std::unique_ptr<TableScan> scan(const TableShape& table,
                                                          std::span<const Projection> projections,
                                                          const ScanOptions& options) = 0;
};

struct SnapshotOptions {
    std::chrono::milliseconds lock_timeout{5'000};
};

}  // namespace harness::database
