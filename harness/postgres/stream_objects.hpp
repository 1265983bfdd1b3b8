// What a change stream makes in the database, and how it goes again.
#pragma once

#include "harness/database/change_stream.hpp"
#include "harness/database/control.hpp"
#include "harness/postgres/guard_table.hpp"
#include "harness/postgres/replication_connection.hpp"
#include "harness/postgres/stream_requirements.hpp"

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace harness::postgres {

// Slot and publication bear one name: rehearse_<server process>_<time>. Tables whose changes would
// not tell all have another replica identity as long as these are there (replica_identity.hpp); to
// put it back, and so to end this, no transaction may have the tables locked.
class StreamObjects {
public:
    // Throws StreamEnded, UnknownName, Outage; then nothing is left. `control` must outlive it.
    StreamObjects(database::Control& control, const Destination& destination,
                  std::span<const std::string> tables, const database::StreamOptions& options,
                  Announce announce);
    ~StreamObjects();
    StreamObjects(const StreamObjects&) = delete;
    StreamObjects& operator=(const StreamObjects&) = delete;

    [[nodiscard]] ReplicationConnection& connection() { return *connection_; }
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] const std::vector<StreamTable>& tables() const { return tables_; }

    // Begins the stream.
    void start();
    // Ends it: the server keeps nothing of its log for it any longer. The rest goes with this.
    void close() noexcept { connection_.reset(); }

private:
    void refuse_parts_of_others();
    void publish();
    void create_slot(std::chrono::milliseconds timeout);
    [[nodiscard]] std::vector<FormerIdentity> widened() const;
    void wait_for_the_slot_to_go();
    void drop() noexcept;

    database::Control& control_;
    Announce announce_;
    std::chrono::milliseconds lock_patience_;
    std::unique_ptr<ReplicationConnection> connection_;
    int server_version_ = 0;
    int server_pid_ = 0;
    std::string name_;
    std::vector<StreamTable> tables_;
};

}  // namespace harness::postgres
