// A private PostgreSQL, gone at the end.
#pragma once

#include "harness/database/server.hpp"
#include "harness/postgres/server_binaries.hpp"
#include "harness/postgres/server_process.hpp"
#include "harness/postgres/throwaway_folder.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace harness::postgres {

// initdb, start, and a database `rehearsal` owned by the superuser `postgres`. The server listens
// on a Unix socket in its folder only, durable as a real one (fsync on), with wal_level logical.
//
// It dies with us: SIGQUIT reaches the postmaster when this process ends without a destructor. The
// folder that is left then is removed by remove_leftover_folders().
class PostgresThrowaway final : public database::ThrowawayServer {
public:
    // Throws database::Outage, with the end of the server's log if it does not come up.
    explicit PostgresThrowaway(const database::ThrowawayOptions& options);
    ~PostgresThrowaway() override;  // SIGINT (fast); SIGQUIT after 10 s; SIGKILL after 10 s more

    [[nodiscard]] std::string uri() const override { return uri_of(database_name); }
    [[nodiscard]] std::string version() const override { return binaries_.version; }

    [[nodiscard]] std::string uri_of(std::string_view database) const;
    [[nodiscard]] pid_t postmaster() const noexcept { return process_->pid(); }
    [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_.path(); }

    static constexpr std::string_view database_name = "rehearsal";

private:
    void make_cluster(const ServerUser& user);
    void configure(const database::ThrowawayOptions& options);
    void start(const ServerUser& user);
    void make_database();

    ServerBinaries binaries_;
    ThrowawayFolder folder_;
    std::unique_ptr<ServerProcess> process_;  // after folder_: ends before the folder is removed
};

}  // namespace harness::postgres
