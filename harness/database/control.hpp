// The control path: migration steps, catalog questions, set-up. One connection, one thread,
// blocking.
#pragma once

#include "harness/database/error.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace harness::database {

using Value = std::optional<std::string>;  // text format; empty: NULL

struct Outcome {
    std::optional<Error> error;  // empty: done
    std::int64_t rows_affected = 0;
    std::vector<std::vector<Value>> rows;
    [[nodiscard]] bool ok() const noexcept { return !error.has_value(); }
};

// A relation whose storage may be replaced by a rewrite.
struct Storage {
    std::string relation;  // qualified where it is not on the search path
    std::uint64_t file;    // changes when the relation is rewritten
};

class Control {
public:
    virtual ~Control() = default;

    // The session as the lock source names it (PostgreSQL: the backend's pid).
    [[nodiscard]] virtual std::int64_t session_id() const = 0;

    // Runs one statement and returns its first `row_limit` rows. A statement that fails is an
    // outcome; a lost connection is an outcome of kind connection_lost, and every later call
    // returns the same until reconnect().
    virtual Outcome execute(std::string_view sql, std::span<const Value> parameters = {}) = 0;

    // 0 means unlimited. For the session, from now on.
    virtual void set_lock_timeout(std::chrono::milliseconds) = 0;
    virtual void set_statement_timeout(std::chrono::milliseconds) = 0;

    // Asks the server to cancel what runs here now. Safe from any thread; does not wait.
    virtual void cancel() noexcept = 0;

    // Opens the connection again after a loss. Throws Outage.
    virtual void reconnect() = 0;

    // Storage of every ordinary table, materialized view and index outside the system's schemas,
    // by the relation's identity (PostgreSQL: oid).
    virtual std::map<std::uint64_t, Storage> storage() = 0;

    // Total log bytes that the server has written so far (PostgreSQL: WAL).
    virtual std::int64_t log_position_bytes() = 0;

    // The server's clock as microseconds since the Unix epoch, read on the server now.
    virtual std::int64_t server_clock_us() = 0;
};

// The batches of a backfill, over any primary key. Keys are opaque to the caller.
using Key = std::vector<std::string>;  // the key's columns in text format, in key order

class BackfillTable {
public:
    virtual ~BackfillTable() = default;

    // The key of the `batch`-th row after `after` (empty: from the start), or of the last row if
    // fewer are left; empty outcome key: no rows left. The last row is the one at the first call:
    // what is inserted above it is left to the application.
    struct Boundary {
        std::optional<Error> error;
        std::optional<Key> key;
    };
    virtual Boundary next_boundary(const std::optional<Key>& after, int batch) = 0;

    // Updates the rows in (after, upto] that `where` selects, in a transaction of its own.
    virtual Outcome update(const std::optional<Key>& after, const Key& upto) = 0;

    // For the ETA; an estimate from the catalog.
    [[nodiscard]] virtual std::int64_t estimated_rows() const = 0;
};

}  // namespace harness::database
