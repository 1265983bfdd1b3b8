// Which PostgreSQL servers are installed here.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace harness::postgres {

struct ServerBinaries {
    std::filesystem::path folder;  // holds initdb and postgres
    int major = 0;
    std::string version;  // "15.20 (Debian 15.20-0+deb12u1)"
};

// The places to look in, in this order: PATH, the distributions' folders, pg_config's.
[[nodiscard]] std::vector<std::filesystem::path> server_folders();

// Every server in these folders that runs and is supported, newest first; each folder once.
[[nodiscard]] std::vector<ServerBinaries> installed_servers(
    const std::vector<std::filesystem::path>& folders);

// The newest one, or that of one major version, or the one in `folder` (--pg-bin). Throws
// database::Outage that lists where it looked and says what to install.
[[nodiscard]] ServerBinaries find_server(const std::optional<std::filesystem::path>& folder,
                                         std::optional<int> major);

}  // namespace harness::postgres
