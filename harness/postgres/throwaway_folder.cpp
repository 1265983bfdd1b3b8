#include "harness/postgres/throwaway_folder.hpp"

#include "harness/database/error.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace harness::postgres {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr std::string_view name_start = "rehearse-pg-";
// sun_path holds 108 bytes with the closing zero; "/rehearse-pg-XXXXXX/.s.PGSQL.5432.lock" follows.
constexpr std::size_t longest_parent = 107 - 39;

[[noreturn]] void fail(const std::string& what, int error) {
    database::Error told;
    told.kind = error == ENOSPC || error == EDQUOT ? database::ErrorKind::disk_full
                                                   : database::ErrorKind::other;
    told.message = what + ": " + std::strerror(error);
    told.hint = "a throwaway server needs a writable folder with free space: set TMPDIR to one";
    throw database::Outage{told};
}

bool in_memory(const fs::path& folder) {
    struct statfs facts {};
    return statfs(folder.c_str(), &facts) == 0 &&
           (facts.f_type == TMPFS_MAGIC || facts.f_type == RAMFS_MAGIC);
}

// Whether others than the owner may pass through every folder on the way: root's TMPDIR may be
// private.
bool open_to_all(const fs::path& folder) {
    for (fs::path at = folder;; at = at.parent_path()) {
        struct stat facts {};
        if (stat(at.c_str(), &facts) != 0 || (facts.st_mode & S_IXOTH) == 0) {
            return false;
        }
        if (at == at.root_path()) {
            return true;
        }
    }
}

// Empty: a server's folder may be made there.
std::string why_unusable(const fs::path& parent, bool others_must_pass) {
    if (parent.string().size() > longest_parent) {
        return "its path has more than " + std::to_string(longest_parent) +
               " characters, and a Unix socket's path may have 107 in all";
    }
    if (access(parent.c_str(), W_OK | X_OK) != 0) {
        return std::strerror(errno);
    }
    return !others_must_pass || open_to_all(parent)
               ? ""
               : "the server's user may not pass through every folder on the way";
}

bool usable(const fs::path& parent, bool others_must_pass) {
    return why_unusable(parent, others_must_pass).empty();
}

// Whoever names a folder means it: if the server goes elsewhere, he is told.
void tell_if_unusable(bool others_must_pass) {
    const char* named = std::getenv("TMPDIR");
    if (named == nullptr || *named == '\0') {
        return;
    }
    std::error_code missing;
    const fs::path real = fs::canonical(named, missing);
    const std::string why = missing ? missing.message() : why_unusable(real, others_must_pass);
    if (!why.empty()) {
        std::fprintf(stderr, "TMPDIR (%s) cannot hold the throwaway server: %s\n", named,
                     why.c_str());
    }
}

std::vector<fs::path> all_parents() {
    std::vector<fs::path> parents;
    if (const char* named = std::getenv("TMPDIR"); named != nullptr && *named != '\0') {
        std::error_code missing;
        const fs::path real = fs::canonical(named, missing);
        if (!missing) {
            parents.push_back(real);
        }
    }
    for (const char* common : {"/var/tmp", "/tmp"}) {
        std::error_code missing;
        const fs::path real = fs::canonical(common, missing);
        if (!missing && std::find(parents.begin(), parents.end(), real) == parents.end()) {
            parents.push_back(real);
        }
    }
    return parents;
}

// A disk before memory: a rehearsal should feel like production, and must not fill the memory.
fs::path choose_parent(bool others_must_pass) {
    tell_if_unusable(others_must_pass);
    const auto parents = all_parents();
    for (const auto& parent : parents) {
        const bool named = parent != "/var/tmp" && parent != "/tmp";
        if (usable(parent, others_must_pass) && (named || !in_memory(parent))) {
            return parent;
        }
    }
    for (const auto& parent : parents) {
        if (usable(parent, others_must_pass)) {
            return parent;
        }
    }
    fail("no folder for a throwaway server: neither TMPDIR nor /var/tmp nor /tmp can be used",
         EACCES);
}

// Field 22 of /proc/<pid>/stat: with the pid, the name of a process for ever (until the next boot).
std::string start_time_of(pid_t pid) {
    std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
    std::stringstream whole;
    whole << file.rdbuf();
    std::string text = whole.str();
    // The second field, the name in parentheses, may hold anything.
    text.erase(0, std::min(text.rfind(')'), text.size()));
    std::istringstream fields{text};
    std::string field;
    for (int number = 2; number <= 22 && fields >> field; ++number) {
    }
    return field;
}

// The postmaster that /proc proves to be the one of this folder; a pid in a file proves nothing.
std::optional<pid_t> postmaster_of(const fs::path& folder) {
    std::ifstream file{folder / "data" / "postmaster.pid"};
    pid_t pid = 0;
    if (!(file >> pid) || pid <= 1) {
        return std::nullopt;
    }
    std::error_code gone;
    const fs::path works_in = fs::read_symlink("/proc/" + std::to_string(pid) + "/cwd", gone);
    if (gone || works_in != folder / "data") {
        return std::nullopt;
    }
    return pid;
}

// The death signal has normally stopped it already; SIGQUIT again, then SIGKILL.
bool stop_postmaster(const fs::path& folder) {
    for (const int number : {SIGQUIT, SIGKILL}) {
        const auto pid = postmaster_of(folder);
        if (!pid) {
            return true;
        }
        const std::string started = start_time_of(*pid);
        kill(*pid, number);
        const auto deadline = std::chrono::steady_clock::now() + 10s;
        while (start_time_of(*pid) == started && postmaster_of(folder) &&
               std::chrono::steady_clock::now() < deadline) {
            std::this_thread::sleep_for(10ms);
        }
    }
    return !postmaster_of(folder);
}

// A server's process that outlives a postmaster which was killed (it stood still, or found its
// files gone and tries again for ever) works in the data folder, as nobody else does.
void end_stragglers(const fs::path& folder) {
    std::error_code error;
    for (fs::directory_iterator entry{"/proc", error}, end; !error && entry != end;
         entry.increment(error)) {
        const pid_t pid = std::atoi(entry->path().filename().c_str());
        std::error_code gone;
        if (pid > 1 && fs::read_symlink(entry->path() / "cwd", gone) == folder / "data" && !gone) {
            kill(pid, SIGKILL);
        }
    }
}

// After the postmaster's end. Backends that are going may still make files: a few tries.
std::error_code remove_folder(const fs::path& folder) {
    end_stragglers(folder);
    std::error_code error;
    for (int attempt = 0; attempt < 50; ++attempt) {
        fs::remove_all(folder, error);
        if (!error) {
            return error;
        }
        std::this_thread::sleep_for(20ms);
    }
    return error;
}

enum class Owner { alive, gone, unknown };

// Whoever can take the lock knows that its holder is gone.
Owner owner_of(const fs::path& folder, std::string& name) {
    const int file = open((folder / "owner").c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0) {
        const int reason = errno;
        // A run that was killed, or is, between making the folder and locking the file.
        std::error_code error;
        const auto made = fs::last_write_time(folder, error);
        const bool old = !error && fs::file_time_type::clock::now() - made > 1min;
        name = "it has no owner file";
        return reason == ENOENT && old ? Owner::gone : Owner::unknown;
    }
    std::array<char, 128> text{};
    const ssize_t length = read(file, text.data(), text.size() - 1);
    name = length > 0 ? std::string{text.data(), static_cast<std::size_t>(length)} : "";
    const bool free = flock(file, LOCK_EX | LOCK_NB) == 0;
    const bool held = !free && errno == EWOULDBLOCK;
    close(file);
    return free ? Owner::gone : held ? Owner::alive : Owner::unknown;
}

Leftover deal_with(const fs::path& folder) {
    Leftover leftover{.folder = folder, .state = Leftover::State::failed, .note = {}};
    struct stat facts {};
    if (lstat(folder.c_str(), &facts) != 0 || !S_ISDIR(facts.st_mode)) {
        leftover.note = "it is no folder";
        return leftover;
    }
    if (geteuid() != 0 && facts.st_uid != geteuid()) {
        leftover.state = Leftover::State::not_ours;
        return leftover;
    }
    switch (owner_of(folder, leftover.note)) {
        case Owner::alive:
            leftover.state = Leftover::State::alive;
            return leftover;
        case Owner::unknown:
            return leftover;
        case Owner::gone:
            break;
    }
    if (!stop_postmaster(folder)) {
        leftover.note = "its server does not stop";
        return leftover;
    }
    if (const auto error = remove_folder(folder)) {
        leftover.note = error.message();
        return leftover;
    }
    leftover.state = Leftover::State::removed;
    return leftover;
}

}  // namespace

ThrowawayFolder::ThrowawayFolder(const ServerUser& user) {
    const fs::path parent = choose_parent(user.drop);
    std::string name = (parent / (std::string{name_start} + "XXXXXX")).string();
    if (mkdtemp(name.data()) == nullptr) {
        fail("cannot make a folder in " + parent.string(), errno);
    }
    path_ = name;
    // Under another name until it is locked: a run that begins at the same time would take an owner
    // without a lock for a dead one, and the folder for a leftover.
    const fs::path unlocked = path_ / "owner.new";
    owner_file_ = open(unlocked.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    const std::string text =
        "pid " + std::to_string(getpid()) + " started " + start_time_of(getpid()) + "\n";
    if (owner_file_ < 0 || flock(owner_file_, LOCK_EX | LOCK_NB) != 0 ||
        write(owner_file_, text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
        rename(unlocked.c_str(), (path_ / "owner").c_str()) != 0 ||
        (user.drop && chown(path_.c_str(), user.uid, user.gid) != 0)) {
        const int error = errno;
        remove_folder(path_);
        if (owner_file_ >= 0) {
            close(owner_file_);
        }
        fail("cannot prepare " + path_.string(), error);
    }
}

ThrowawayFolder::~ThrowawayFolder() {
    // The lock goes last: nobody else may take the folder for a leftover meanwhile.
    if (const auto error = remove_folder(path_)) {
        std::fprintf(stderr, "rehearse: cannot remove %s: %s\n", path_.c_str(),
                     error.message().c_str());
    }
    close(owner_file_);
}

std::vector<Leftover> remove_leftover_folders() {
    std::vector<Leftover> leftovers;
    for (const auto& parent : all_parents()) {
        std::error_code unreadable;  // then there is nothing of ours in it
        for (const auto& entry : fs::directory_iterator{parent, unreadable}) {
            if (entry.path().filename().string().starts_with(name_start)) {
                leftovers.push_back(deal_with(entry.path()));
            }
        }
    }
    return leftovers;
}

}  // namespace harness::postgres
