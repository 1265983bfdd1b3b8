#include "harness/postgres/throwaway_server.hpp"

#include "harness/database/percent_encoding.hpp"
#include "harness/postgres/connection.hpp"
#include "harness/postgres/control.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <fstream>
#include <optional>
#include <thread>

#include <locale.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace harness::postgres {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using database::ErrorKind;
using database::Outage;
using database::percent_encoded;
using Clock = std::chrono::steady_clock;

constexpr int port = 5432;             // of a socket in a folder of its own: never taken
constexpr int spare_connections = 30;  // the observer, migration steps, adversaries, external tools
constexpr auto initdb_limit = 120s;
constexpr auto start_limit = 60s;
constexpr auto stop_limit = 10s;

[[noreturn]] void fail(const std::string& message, const std::string& log) {
    database::Error error;
    error.message = message;
    error.detail = log;
    if (log.find("No space left on device") != std::string::npos) {
        error.kind = ErrorKind::disk_full;
        error.hint = "set TMPDIR to a folder with more space";
    }
    throw Outage{error};
}

// C.UTF-8 sorts by code point and knows letters; C knows only ASCII ones. Both are there or not by
// the C library, not by what the administrator installed.
const char* best_locale() {
    locale_t locale = newlocale(LC_ALL_MASK, "C.UTF-8", nullptr);
    if (locale == nullptr) {
        return "C";
    }
    freelocale(locale);
    return "C.UTF-8";
}

std::uint64_t memory_bytes() {
    const auto pages = sysconf(_SC_PHYS_PAGES);
    const auto page = sysconf(_SC_PAGE_SIZE);
    auto bytes = static_cast<std::uint64_t>(std::max(pages, 1L)) * static_cast<std::uint64_t>(page);
    std::uint64_t limit = 0;
    if (std::ifstream{"/sys/fs/cgroup/memory.max"} >> limit && limit > 0) {  // a container's own
        bytes = std::min(bytes, limit);
    }
    return bytes;
}

// A container's /dev/shm of 64 MB makes parallel queries fail for lack of space, which would look
// like the migration's doing.
bool shared_memory_is_small() {
    struct statvfs facts {};
    return statvfs("/dev/shm", &facts) != 0 || facts.f_bavail * facts.f_frsize < (512ULL << 20);
}

bool is_setting_name(std::string_view name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '.';
    });
}

bool is_the_harness_own(std::string_view name) {
    constexpr std::array<std::string_view, 9> own{"listen_addresses",
                                                  "unix_socket_directories",
                                                  "port",
                                                  "data_directory",
                                                  "hba_file",
                                                  "ident_file",
                                                  "config_file",
                                                  "include",
                                                  "logging_collector"};
    return std::find(own.begin(), own.end(), name) != own.end();
}

std::string setting_literal(std::string_view value) {
    std::string text = "'";
    for (const char c : value) {
        text += c == '\'' ? "''" : c == '\\' ? "\\\\" : std::string{c};
    }
    return text + "'";
}

}  // namespace

PostgresThrowaway::PostgresThrowaway(const database::ThrowawayOptions& options)
    : binaries_{find_server(options.binaries, options.major_version)}, folder_{server_user()} {
    const ServerUser user = server_user();
    make_cluster(user);
    configure(options);
    start(user);
    make_database();
}

PostgresThrowaway::~PostgresThrowaway() {
    if (!process_) {
        return;
    }
    process_->signal(SIGINT);
    process_->wait_for(stop_limit);  // ServerProcess goes on from there
}

std::string PostgresThrowaway::uri_of(std::string_view database) const {
    return "postgresql:///" + percent_encoded(database) +
           "?host=" + percent_encoded(folder_.path().string()) + "&port=" + std::to_string(port) +
           "&user=postgres";
}

void PostgresThrowaway::make_cluster(const ServerUser& user) {
    const fs::path output = folder_.path() / "initdb.log";
    const std::string locale = best_locale();
    const auto status = run_to_end(
        {.arguments = {(binaries_.folder / "initdb").string(),
                       "--pgdata=" + folder_.data().string(), "--username=postgres", "--auth=trust",
                       "--encoding=UTF8", "--locale=" + locale, "--lc-messages=C", "--no-sync"},
         .folder = folder_.path(),
         .output = output,
         .user = user},
        initdb_limit);
    if (!status) {
        fail("initdb did not end within " + std::to_string(initdb_limit.count()) + " s",
             tail_of(output, 10));
    }
    if (*status != 0) {
        fail("initdb (PostgreSQL " + binaries_.version + ") " + describe_status(*status),
             tail_of(output, 10));
    }
}

void PostgresThrowaway::configure(const database::ThrowawayOptions& options) {
    const auto shared_mb = std::clamp<std::uint64_t>(memory_bytes() / 4 / (1 << 20), 64, 512);
    std::ofstream file{folder_.data() / "postgresql.conf", std::ios::app};
    file << "\n# rehearse\n"
         << "listen_addresses = ''\n"
         << "unix_socket_directories = " << setting_literal(folder_.path().string()) << "\n"
         << "port = " << port << "\n"
         << "logging_collector = off\n"
         << "wal_level = logical\n"
         << "max_replication_slots = 20\n"
         << "max_wal_senders = 20\n"
         << "max_connections = " << options.connections + spare_connections << "\n"
         << "shared_buffers = " << shared_mb << "MB\n"
         << "max_wal_size = 4GB\n";
    if (shared_memory_is_small()) {
        file << "dynamic_shared_memory_type = mmap\n";
    }
    for (const auto& [name, value] : options.settings) {
        if (!is_setting_name(name) || is_the_harness_own(name) ||
            value.find_first_of(std::string{"\n\0", 2}) != std::string::npos) {
            fail("the throwaway server's setting '" + name +
                     "' cannot be set: it is no setting's name, or the harness needs it itself",
                 {});
        }
        file << name << " = " << setting_literal(value) << "\n";
    }
    file.close();
    if (!file) {
        fail("cannot write " + (folder_.data() / "postgresql.conf").string(),
             "No space left on device?");
    }
}

void PostgresThrowaway::start(const ServerUser& user) {
    process_ = std::make_unique<ServerProcess>(
        Program{
            .arguments = {(binaries_.folder / "postgres").string(), "-D", folder_.data().string()},
            .folder = folder_.path(),
            .output = folder_.log(),
            .user = user},
        SIGQUIT);
    const std::string conninfo = Target::parse(uri_of("postgres")).conninfo("throwaway");
    const auto deadline = Clock::now() + start_limit;
    while (PQping(conninfo.c_str()) != PQPING_OK) {
        if (const auto status = process_->wait_for(20ms)) {
            fail("the throwaway server (PostgreSQL " + binaries_.version + ") " +
                     describe_status(*status) + " instead of starting; the end of its log:",
                 tail_of(folder_.log(), 15));
        }
        if (Clock::now() > deadline) {
            fail("the throwaway server accepts no connections after " +
                     std::to_string(start_limit.count()) + " s; the end of its log:",
                 tail_of(folder_.log(), 15));
        }
    }
}

void PostgresThrowaway::make_database() {
    const auto control = open_control(Target::parse(uri_of("postgres")).conninfo("throwaway"));
    ask(*control, "CREATE DATABASE " + std::string{database_name});
}

}  // namespace harness::postgres
