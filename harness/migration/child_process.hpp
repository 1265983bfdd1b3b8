// A program that is run beside the harness, in a process group of its own.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <sys/types.h>

namespace harness::migration {

// The program could not be started; says which and why.
class SpawnFailure : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

struct ChildExit {
    int status = 0;  // where it ended by itself
    int signal = 0;  // where a signal ended it; else 0

    [[nodiscard]] bool ok() const noexcept { return status == 0 && signal == 0; }
    [[nodiscard]] std::string text() const;  // "exit status 3", "killed by signal 9 (Killed)"
};

class ChildProcess {
public:
    struct Options {
        std::vector<std::string> arguments;    // the first is the program, looked for in `path`
        std::vector<std::string> environment;  // NAME=value
        std::string path;                      // as $PATH
        std::filesystem::path directory;       // empty: the harness's own
    };

    // stdin is /dev/null, stdout and stderr are one pipe; no other descriptor is inherited. Throws
    // SpawnFailure.
    explicit ChildProcess(const Options& options);
    ~ChildProcess();  // kills the group where the child still runs, and reaps it
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    [[nodiscard]] pid_t pid() const noexcept { return pid_; }

    // Appends output; waits up to `limit` for some. After the end of the output it only waits.
    void read(std::string& output, std::chrono::milliseconds limit);
    [[nodiscard]] bool output_ended() const noexcept { return output_ < 0; }

    // Whether the child itself has ended. It is not reaped yet, so that its process group's number
    // stays taken and signal_group can hit nobody else.
    [[nodiscard]] bool ended() const noexcept;

    void signal_group(int signal) const noexcept;

    // Waits for the end where it has not come.
    ChildExit reap();

private:
    pid_t pid_ = -1;
    int output_ = -1;
    bool reaped_ = false;
};

// The program's file: the name itself where it holds a slash, else the first executable of that
// name in `path`.
[[nodiscard]] std::optional<std::string> find_program(const std::string& name,
                                                      const std::string& path);

}  // namespace harness::migration
