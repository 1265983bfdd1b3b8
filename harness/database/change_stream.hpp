// Who changed what: committed transactions of some tables, row by row, in the order in which they
// committed, between two fences.
//
//   open ──► fence of the first scan ──► follow() ... hold() ──► fence of the second scan ──►
//   finish()
//
// A fence is what Snapshot::fence() told of a scan's view. What is delivered are those transactions
// that the second scan saw and the first did not; nothing of another one, and none of them left
// out: where that cannot be had, the stream ends with a reason.
#pragma once

#include "checksum/value.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace harness::database {

// The stream cannot begin, or can no longer be whole: nothing is proved with it. The message is for
// the reader.
class StreamEnded : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

struct StreamColumn {
    std::string name;
    std::string type;  // as TableColumn::cast_to
    checksum::Kind kind = checksum::Kind::text;
    std::uint32_t tag = 0;    // of kind verbatim
    bool identifies = false;  // old images that are not whole have it
};

// A table as the changes that follow have it. One that is altered meanwhile is told anew.
struct StreamRelation {
    std::uint64_t identity = 0;  // as TableShape::identity
    std::string schema, name;
    std::vector<StreamColumn> columns;
};

enum class RowOperation : std::uint8_t { insert, update, remove };

// Views, valid during the call only.
struct RowChange {
    RowOperation operation = RowOperation::update;
    const StreamRelation* relation = nullptr;
    std::span<const checksum::Value> row = {};  // one a column; of an insert or update
    // Of a remove; of an update where the stream carries it. What it does not carry is unknown.
    std::span<const checksum::Value> old = {};
};

struct StreamTransaction {
    std::uint64_t id = 0;        // never wraps
    std::uint64_t position = 0;  // of its commit in the log
};

class ChangeSink {
public:
    // The relation as it is from here on. Comes before its first change, and between transactions
    // or within one; it stays where it is until it is told anew.
    virtual void relation(const StreamRelation& relation) = 0;
    // Of a transaction that has something to tell.
    virtual void begin(const StreamTransaction& transaction) = 0;
    // What the transaction says of itself.
    virtual void tag(std::string_view content) = 0;
    virtual void change(const RowChange& change) = 0;
    virtual void truncate(std::span<const StreamRelation* const> relations) = 0;
    virtual void commit() = 0;

protected:
    ~ChangeSink() = default;
};

struct StreamFigures {
    std::uint64_t transactions = 0;        // delivered
    std::uint64_t changes = 0;             // of rows, delivered
    std::uint64_t bytes = 0;               // received
    std::uint64_t before_first = 0;        // transactions that the first scan had seen already
    std::uint64_t after_second = 0;        // transactions that the second scan did not see
    std::uint64_t held_bytes_max = 0;      // of what had come and was not to be seen yet
    std::uint64_t log_kept_bytes_max = 0;  // of the server's log, kept back for this stream
    // Of transactions that did not fit the server's memory for decoding; empty: it does not tell.
    std::optional<std::uint64_t> spilled_bytes = {};
};

struct StreamOptions {
    // What makes a stream may wait for transactions that write meanwhile to end.
    std::chrono::milliseconds start_timeout{60'000};
    std::chrono::milliseconds lock_timeout{5'000};
    // Where it has to alter a table, at its beginning and its end: how long it goes on asking for
    // the lock, each time only for a moment.
    std::chrono::milliseconds lock_patience{15'000};
    // The log that the server may keep back for this stream (more: it ends), and what may be held
    // here (more: it waits with the server).
    std::uint64_t max_log_kept_bytes = std::uint64_t{4} << 30;
    std::uint64_t max_held_bytes = std::uint64_t{32} << 20;
};

// What following costs a table beside the stream itself: a sentence for the reader.
struct StreamNote {
    std::uint64_t identity = 0;  // as TableShape::identity
    std::string text;
};

// One thread at a time, but for hold(). Every call may throw StreamEnded; after that only the
// destructor. Whatever was made for it in the database goes with it, which may need a lock on the
// tables: destroyed while a snapshot of ours is open on them, it waits for that in vain.
class ChangeStream {
public:
    virtual ~ChangeStream() = default;

    // Once, before follow(). The fence's snapshot must have been taken after the stream was opened.
    virtual void start(const std::string& first_fence) = 0;
    // Delivers what has come and is visible to all; waits at most so long for the first of it.
    virtual void follow(ChangeSink& sink, std::chrono::milliseconds wait) = 0;
    // From any thread: from when it returns nothing is delivered that became visible later.
    // Between this and finish() the second scan's snapshot is taken.
    virtual void hold() = 0;
    // Delivers the rest of what the second scan saw; the server keeps no log for it afterwards.
    // Ends early, by StreamEnded, when `stop` asks for it.
    virtual void finish(const std::string& second_fence, ChangeSink& sink,
                        std::chrono::milliseconds timeout, std::stop_token stop) = 0;

    [[nodiscard]] virtual const StreamFigures& figures() const = 0;
    [[nodiscard]] virtual std::vector<StreamNote> notes() const = 0;
};

}  // namespace harness::database
