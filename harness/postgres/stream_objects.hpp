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

// Slot and publication bear one name: rehearse_<server process>_<time>.
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

private:
    void refuse_parts_of_others();
    void publish();
    void create_slot(std::chrono::milliseconds timeout);
    void drop() noexcept;

    database::Control& control_;
    Announce announce_;
    std::unique_ptr<ReplicationConnection> connection_;
    std::string name_;
    std::vector<StreamTable> tables_;
};

}  // namespace harness::postgres
