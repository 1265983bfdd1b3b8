// The folder that a throwaway server lives in, and how one tells a living one from what a killed
// run left.
#pragma once

#include "harness/postgres/server_process.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace harness::postgres {

// A new folder of mode 0700, owned by the server's user, short enough for a Unix socket in it. Its
// file `owner` names our process and is locked (flock) as long as we live: the kernel lets go of
// the lock at any death, and a lock, unlike a pid, is never another process's, not even in another
// container or after a reboot.
class ThrowawayFolder {
public:
    // Where: $TMPDIR if it is short enough and the server's user can get there, else /var/tmp
    // unless that is a memory file system, else /tmp. Throws database::Outage.
    explicit ThrowawayFolder(const ServerUser& user);
    ThrowawayFolder(const ThrowawayFolder&) = delete;
    ThrowawayFolder& operator=(const ThrowawayFolder&) = delete;
    ~ThrowawayFolder();  // removes it; complains on stderr if it cannot

    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
    [[nodiscard]] std::filesystem::path data() const { return path_ / "data"; }
    [[nodiscard]] std::filesystem::path log() const { return path_ / "server.log"; }

private:
    std::filesystem::path path_;
    int owner_file_ = -1;
};

// What was found of earlier runs.
struct Leftover {
    enum class State {
        alive,  // its owner lives: not touched
        removed,
        not_ours,  // another user's
        failed,    // see note
    };
    std::filesystem::path folder;
    State state = State::failed;
    std::string note;  // for the reader: the owner, or why it failed
};

// Stops the server and removes the folder of every run whose owner is gone, in all the places where
// folders are made. A postmaster gets a signal only if /proc says that it works in that very
// folder.
std::vector<Leftover> remove_leftover_folders();

}  // namespace harness::postgres
