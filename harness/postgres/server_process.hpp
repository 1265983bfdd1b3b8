// Runs a server's programs: as an unprivileged user, in a session of their own, never longer than
// we live.
#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <sys/types.h>

namespace harness::postgres {

// Whom a server runs as. PostgreSQL refuses to run as root.
struct ServerUser {
    uid_t uid = 0;
    gid_t gid = 0;
    std::string name;
    bool drop = false;  // we are root and must become this user
};

// Ourselves; as root the user postgres, else nobody. Throws database::Outage if there is neither.
[[nodiscard]] ServerUser server_user();

struct Program {
    std::vector<std::string> arguments;  // the program's absolute path first
    std::filesystem::path folder;        // works there
    std::filesystem::path output;        // stdout and stderr, appended
    ServerUser user;
};

// A running program. It is the leader of its own session, so that Ctrl-C in the terminal does not
// reach it, and gets `signal_at_our_death` when this process dies, however it dies.
//
// The kernel sends that signal when the *thread* that forked ends; so a thread of the object's own
// forks, and lives until the program has ended.
class ServerProcess {
public:
    // Throws database::Outage if the program cannot be run.
    ServerProcess(Program program, int signal_at_our_death);
    ServerProcess(const ServerProcess&) = delete;
    ServerProcess& operator=(const ServerProcess&) = delete;
    ~ServerProcess();  // if it still runs: the same signal, SIGKILL after 10 s

    [[nodiscard]] pid_t pid() const noexcept { return pid_; }

    // The status as of waitpid(); empty if it still runs after `limit`.
    std::optional<int> wait_for(std::chrono::milliseconds limit);

    // Does nothing if it has ended.
    void signal(int number);

private:
    void run(const Program& program, int signal_at_our_death);

    const int death_signal_;
    std::mutex mutex_;
    std::condition_variable changed_;
    pid_t pid_ = 0;
    std::string start_error_;
    bool started_ = false;
    std::optional<int> status_;
    std::thread keeper_;
};

// Runs a program to its end; empty status: killed after `limit`.
[[nodiscard]] std::optional<int> run_to_end(const Program& program,
                                            std::chrono::milliseconds limit);

// "exited with 1", "was killed by signal 9".
[[nodiscard]] std::string describe_status(int status);

// The last `lines` lines of a file; empty if it cannot be read.
[[nodiscard]] std::string tail_of(const std::filesystem::path& file, int lines);

}  // namespace harness::postgres
