#include "harness/postgres/server_binaries.hpp"

#include "harness/database/error.hpp"
#include "harness/postgres/connection.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <set>
#include <string_view>

#include <unistd.h>

namespace harness::postgres {

namespace {

namespace fs = std::filesystem;

struct ClosePipe {
    void operator()(FILE* pipe) const noexcept { pclose(pipe); }
};

// The first line that a program prints; the path must not come from the outside unquoted.
std::string first_line_of(const fs::path& program, const char* argument) {
    std::string command = "'";
    for (const char c : program.string()) {
        command += c == '\'' ? std::string{"'\\''"} : std::string{c};
    }
    command += std::string{"' "} + argument + " 2>/dev/null </dev/null";
    const std::unique_ptr<FILE, ClosePipe> pipe{popen(command.c_str(), "re")};
    std::array<char, 512> line{};
    if (!pipe || std::fgets(line.data(), static_cast<int>(line.size()), pipe.get()) == nullptr) {
        return {};
    }
    std::string text{line.data()};
    text.erase(std::min(text.find('\n'), text.size()));
    return text;
}

bool is_program(const fs::path& file) {
    return access(file.c_str(), X_OK) == 0;
}

// "postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)", "... 18beta1".
std::optional<ServerBinaries> inspect(const fs::path& folder) {
    if (!is_program(folder / "initdb") || !is_program(folder / "postgres")) {
        return std::nullopt;
    }
    const std::string line = first_line_of(folder / "postgres", "--version");
    const std::size_t start = line.find_first_of("0123456789");
    if (line.find("(PostgreSQL)") == std::string::npos || start == std::string::npos) {
        return std::nullopt;
    }
    return ServerBinaries{folder, std::atoi(line.c_str() + start), line.substr(start)};
}

// The sub-folders of `parent` whose name starts so, each with `tail` behind it.
void add_matching(std::vector<fs::path>& folders, const fs::path& parent, std::string_view start,
                  const fs::path& tail) {
    std::error_code ignored;  // no such folder: nothing to add
    for (const auto& entry : fs::directory_iterator{parent, ignored}) {
        if (entry.path().filename().string().starts_with(start)) {
            folders.push_back(entry.path() / tail);
        }
    }
}

[[noreturn]] void fail_not_found(const std::vector<fs::path>& looked, std::optional<int> major,
                                 const std::vector<ServerBinaries>& found) {
    database::Error error;
    error.message = major ? "no PostgreSQL " + std::to_string(*major) + " server is installed"
                          : "no PostgreSQL server is installed";
    error.detail = "looked in";
    for (const auto& folder : looked) {
        error.detail += "\n" + folder.string();
    }
    for (const auto& server : found) {
        error.detail += "\nfound " + server.version + " in " + server.folder.string();
        if (server.major < oldest_supported_major) {
            error.detail +=
                ", too old: " + std::to_string(oldest_supported_major) + " or newer is needed";
        }
    }
    const std::string version = major ? std::to_string(*major) : "";
    error.hint = "install it (Debian, Ubuntu: apt-get install postgresql" +
                 (major ? "-" + version : version) + "; Red Hat: dnf install postgresql" + version +
                 "-server), say where it is with --pg-bin DIR, or name a target";
    throw database::Outage{error};
}

}  // namespace

std::vector<fs::path> server_folders() {
    std::vector<fs::path> folders;
    if (const char* path = std::getenv("PATH")) {
        const std::string_view list{path};
        for (std::size_t start = 0; start <= list.size();) {
            const std::size_t end = std::min(list.find(':', start), list.size());
            const fs::path folder{list.substr(start, end - start)};
            if (folder.is_absolute()) {
                folders.push_back(folder);
            }
            start = end + 1;
        }
    }
    add_matching(folders, "/usr/lib/postgresql", "", "bin");  // Debian, Ubuntu
    add_matching(folders, "/usr", "pgsql-", "bin");           // Red Hat (PGDG)
    folders.emplace_back("/usr/local/pgsql/bin");             // PostgreSQL's own default
    for (const auto& folder : std::vector<fs::path>{folders}) {
        if (is_program(folder / "pg_config")) {
            const fs::path named = first_line_of(folder / "pg_config", "--bindir");
            if (named.is_absolute()) {
                folders.push_back(named);
            }
            break;  // the first one on PATH is the one that the user means
        }
    }
    return folders;
}

namespace {

// Also those that are too old.
std::vector<ServerBinaries> all_servers(const std::vector<fs::path>& folders) {
    std::vector<ServerBinaries> servers;
    std::set<fs::path> seen;
    for (const auto& folder : folders) {
        std::error_code missing;
        const fs::path real = fs::canonical(folder, missing);
        if (missing || !seen.insert(real).second) {
            continue;
        }
        if (auto server = inspect(real)) {
            servers.push_back(std::move(*server));
        }
    }
    std::stable_sort(servers.begin(), servers.end(),
                     [](const auto& a, const auto& b) { return a.major > b.major; });
    return servers;
}

bool is_too_old(const ServerBinaries& server) {
    return server.major < oldest_supported_major;
}

}  // namespace

std::vector<ServerBinaries> installed_servers(const std::vector<fs::path>& folders) {
    auto servers = all_servers(folders);
    servers.erase(std::find_if(servers.begin(), servers.end(), is_too_old), servers.end());
    return servers;
}

ServerBinaries find_server(const std::optional<fs::path>& folder, std::optional<int> major) {
    const auto folders = folder ? std::vector<fs::path>{fs::absolute(*folder)} : server_folders();
    const auto servers = all_servers(folders);
    for (const auto& server : servers) {
        if (!is_too_old(server) && (!major || server.major == *major)) {
            return server;
        }
    }
    fail_not_found(folders, major, servers);
}

}  // namespace harness::postgres
