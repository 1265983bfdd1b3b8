#include "harness/migration/child_process.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace harness::migration {

namespace {

class Descriptor {
public:
    explicit Descriptor(int fd) noexcept : fd_{fd} {}
    ~Descriptor() { close(); }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    [[nodiscard]] int get() const noexcept { return fd_; }
    int release() noexcept { return std::exchange(fd_, -1); }
    void close() noexcept {
        if (fd_ >= 0) {
            ::close(std::exchange(fd_, -1));
        }
    }

private:
    int fd_;
};

std::string system_text(int code) {
    return std::strerror(code);
}  // NOLINT: messages only

struct Pipe {
    Descriptor from, to;
};

Pipe make_pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
        throw SpawnFailure{"no pipe for the command: " + system_text(errno)};
    }
    return {Descriptor{ends[0]}, Descriptor{ends[1]}};
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> result;
    result.reserve(texts.size() + 1);
    for (const auto& text : texts) {
        result.push_back(const_cast<char*>(text.c_str()));  // execve's old signature
    }
    result.push_back(nullptr);
    return result;
}

enum class Stage : int { output, directory, exec };

struct Failure {
    Stage stage;
    int code;
};

struct Plan {
    const char* file;
    char* const* arguments;
    char* const* environment;
    const char* directory;  // nullptr: stay
    int null, output, report;
    pid_t parent;
};

[[noreturn]] void report_failure(const Plan& plan, Stage stage) noexcept {
    const Failure failure{stage, errno};
    [[maybe_unused]] const auto written = ::write(plan.report, &failure, sizeof failure);
    _exit(127);
}

// Only async-signal-safe calls: the harness has other threads, and a lock that one of them held at
// the fork stays locked here for ever.
[[noreturn]] void become(const Plan& plan) noexcept {
    setpgid(0, 0);
    // Whatever happens to the harness (kill -9), the migration must not go on unobserved.
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != plan.parent) {
        _exit(127);  // it died before the line above
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    for (const int signal : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGXFSZ, SIGCHLD}) {
        ::signal(signal, SIG_DFL);
    }
    if (dup2(plan.null, 0) < 0 || dup2(plan.output, 1) < 0 || dup2(plan.output, 2) < 0) {
        report_failure(plan, Stage::output);
    }
    if (plan.directory != nullptr && chdir(plan.directory) != 0) {
        report_failure(plan, Stage::directory);
    }
    // A descriptor that some library opened without O_CLOEXEC must not live on in the child. Closed
    // at the exec, so that the report's end survives until then. Linux before 5.11 says no: then
    // those libraries' own flags have to do.
#ifdef SYS_close_range
    constexpr unsigned close_on_exec = 1U << 2U;  // CLOSE_RANGE_CLOEXEC
    syscall(SYS_close_range, 3U, ~0U, close_on_exec);
#endif
    execve(plan.file, plan.arguments, plan.environment);
    report_failure(plan, Stage::exec);
}

std::string explain(const Failure& failure, const ChildProcess::Options& options,
                    const std::string& file) {
    switch (failure.stage) {
        case Stage::output:
            return "the command's output cannot be redirected: " + system_text(failure.code);
        case Stage::directory:
            return "the command's folder " + options.directory.string() +
                   " cannot be entered: " + system_text(failure.code);
        case Stage::exec:
            break;
    }
    std::string text = "the command " + file + " cannot be run: " + system_text(failure.code);
    if (failure.code == ENOENT && access(file.c_str(), F_OK) == 0) {
        text += " (its interpreter, named in its first line, is not there)";
    } else if (failure.code == ENOEXEC) {
        text += " (a script needs a first line such as #!/bin/sh)";
    }
    return text;
}

}  // namespace

std::string ChildExit::text() const {
    if (signal != 0) {
        return "killed by signal " + std::to_string(signal) + " (" + strsignal(signal) + ")";
    }
    return "exit status " + std::to_string(status);
}

std::optional<std::string> find_program(const std::string& name, const std::string& path) {
    if (name.find('/') != std::string::npos) {
        return name;
    }
    std::string_view rest = path;
    while (!name.empty()) {
        const auto end = rest.find(':');
        const auto folder = rest.substr(0, end);
        std::string file = (folder.empty() ? "." : std::string{folder}) + "/" + name;
        std::error_code ignored;
        if (access(file.c_str(), X_OK) == 0 && !std::filesystem::is_directory(file, ignored)) {
            return file;
        }
        if (end == std::string_view::npos) {
            break;
        }
        rest.remove_prefix(end + 1);
    }
    return std::nullopt;
}

ChildProcess::ChildProcess(const Options& options) {
    if (options.arguments.empty()) {
        throw SpawnFailure{"the command is empty"};
    }
    const auto file = find_program(options.arguments.front(), options.path);
    if (!file) {
        throw SpawnFailure{"command not found: " + options.arguments.front() +
                           " is in no folder of PATH (" + options.path + ")"};
    }
    Descriptor null{open("/dev/null", O_RDONLY | O_CLOEXEC)};
    if (null.get() < 0) {
        throw SpawnFailure{"/dev/null cannot be opened: " + system_text(errno)};
    }
    Pipe output = make_pipe();
    Pipe report = make_pipe();
    const auto arguments = pointers(options.arguments);
    const auto environment = pointers(options.environment);
    const std::string directory = options.directory.string();
    const Plan plan{file->c_str(),      arguments.data(),
                    environment.data(), directory.empty() ? nullptr : directory.c_str(),
                    null.get(),         output.to.get(),
                    report.to.get(),    getpid()};
    pid_ = fork();
    if (pid_ < 0) {
        throw SpawnFailure{"no process for the command: " + system_text(errno)};
    }
    if (pid_ == 0) {
        become(plan);
    }
    setpgid(pid_, pid_);  // here too: a signal to the group may be wanted before the child ran
    output.to.close();
    report.to.close();
    Failure failure{};
    ssize_t got = 0;
    while ((got = ::read(report.from.get(), &failure, sizeof failure)) < 0 && errno == EINTR) {
    }
    if (got == static_cast<ssize_t>(sizeof failure)) {
        reap();
        throw SpawnFailure{explain(failure, options, *file)};
    }
    fcntl(output.from.get(), F_SETFL, O_NONBLOCK);
    output_ = output.from.release();
}

ChildProcess::~ChildProcess() {
    if (!reaped_) {
        signal_group(SIGKILL);
        reap();
    }
    if (output_ >= 0) {
        ::close(output_);
    }
}

void ChildProcess::read(std::string& output, std::chrono::milliseconds limit) {
    pollfd waited{};
    waited.fd = output_;  // negative: poll only sleeps
    waited.events = POLLIN;
    if (poll(&waited, 1, static_cast<int>(limit.count())) <= 0 || output_ < 0) {
        return;
    }
    std::array<char, 65536> bytes;
    const ssize_t got = ::read(output_, bytes.data(), bytes.size());
    if (got > 0) {
        output.append(bytes.data(), static_cast<std::size_t>(got));
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        ::close(std::exchange(output_, -1));
    }
}

bool ChildProcess::ended() const noexcept {
    if (reaped_) {
        return true;
    }
    siginfo_t info{};
    return waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == pid_;
}

void ChildProcess::signal_group(int signal) const noexcept {
    if (!reaped_ && pid_ > 0) {
        kill(-pid_, signal);
    }
}

ChildExit ChildProcess::reap() {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    reaped_ = true;
    return WIFSIGNALED(status) ? ChildExit{0, WTERMSIG(status)} : ChildExit{WEXITSTATUS(status), 0};
}

}  // namespace harness::migration
