#include "harness/postgres/server_process.hpp"

#include "harness/database/error.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <system_error>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace harness::postgres {

namespace {

[[noreturn]] void fail(std::string message, std::string hint = {}) {
    database::Error error;
    error.message = std::move(message);
    error.hint = std::move(hint);
    throw database::Outage{error};
}

bool look_up(const char* name, ServerUser& user) {
    std::array<char, 4096> buffer{};
    passwd entry{};
    passwd* found = nullptr;
    if (getpwnam_r(name, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
        return false;
    }
    user = {.uid = entry.pw_uid, .gid = entry.pw_gid, .name = name, .drop = true};
    return entry.pw_uid != 0;
}

// Only what a server needs: the user's PG* variables would steer initdb and postgres.
std::vector<std::string> environment(const Program& program) {
    std::vector<std::string> variables{"LC_ALL=C", "HOME=" + program.folder.string()};
    for (const char* name : {"PATH", "LD_LIBRARY_PATH", "TZ"}) {
        if (const char* value = std::getenv(name)) {
            variables.push_back(std::string{name} + "=" + value);
        }
    }
    return variables;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
    std::vector<char*> list;
    list.reserve(strings.size() + 1);
    for (auto& text : strings) {
        list.push_back(text.data());
    }
    list.push_back(nullptr);
    return list;
}

// What went wrong between fork and exec, told through a pipe.
struct StartFailure {
    int stage = 0;
    int error = 0;
};
constexpr const char* stages[] = {
    "?",      "open its output", "enter its folder", "become its user", "tie its life to ours",
    "execute"};

// Everything the child needs, made before fork(): between fork and exec only system calls are
// allowed, because another thread may have held any lock of the C library.
struct Prepared {
    const char* folder;
    const char* output;
    char* const* arguments;
    char* const* variables;
    uid_t uid;
    gid_t gid;
    bool drop;
    int death_signal;
    pid_t parent;
    int report;
};

[[noreturn]] void child_fail(int report, int stage) {
    const StartFailure failure{stage, errno};
    static_cast<void>(!write(report, &failure, sizeof failure));
    _exit(127);
}

[[noreturn]] void become(const Prepared& prepared) {
    setsid();
    for (const int number :
         {SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGPIPE, SIGXFSZ, SIGUSR1, SIGUSR2, SIGCHLD}) {
        std::signal(number, SIG_DFL);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);

    const int input = open("/dev/null", O_RDONLY);
    const int output = open(prepared.output, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0600);
    if (input < 0 || output < 0 || dup2(input, 0) < 0 || dup2(output, 1) < 0 ||
        dup2(output, 2) < 0) {
        child_fail(prepared.report, 1);
    }
    if (chdir(prepared.folder) != 0) {
        child_fail(prepared.report, 2);
    }
    if (prepared.drop &&
        (setgroups(0, nullptr) != 0 || setgid(prepared.gid) != 0 || setuid(prepared.uid) != 0)) {
        child_fail(prepared.report, 3);
    }
    // After setuid, which clears it. Our parent may have died before.
    if (prctl(PR_SET_PDEATHSIG, prepared.death_signal) != 0 || getppid() != prepared.parent) {
        child_fail(prepared.report, 4);
    }
    umask(0077);
    // Everything but the report pipe, which closes itself at exec.
    const auto report = static_cast<unsigned>(prepared.report);
    if (report > 3) {
        close_range(3, report - 1, 0);
    }
    close_range(report + 1, ~0U, 0);
    execve(prepared.arguments[0], prepared.arguments, prepared.variables);
    child_fail(prepared.report, 5);
}

}  // namespace

ServerUser server_user() {
    if (geteuid() != 0) {
        return {.uid = geteuid(), .gid = getegid(), .name = std::to_string(geteuid())};
    }
    ServerUser user;
    if (!look_up("postgres", user) && !look_up("nobody", user)) {
        fail("PostgreSQL does not run as root, and there is neither a user postgres nor nobody",
             "run rehearse as an ordinary user, or create the user postgres");
    }
    return user;
}

ServerProcess::ServerProcess(Program program, int signal_at_our_death)
    : death_signal_{signal_at_our_death},
      keeper_{[this, program = std::move(program), signal_at_our_death] {
          run(program, signal_at_our_death);
      }} {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return started_; });
    if (!start_error_.empty()) {
        lock.unlock();
        keeper_.join();
        fail(start_error_);
    }
}

ServerProcess::~ServerProcess() {
    if (keeper_.joinable()) {
        signal(death_signal_);
        if (!wait_for(std::chrono::seconds{10})) {
            signal(SIGKILL);
        }
        keeper_.join();
    }
}

void ServerProcess::run(const Program& program, int signal_at_our_death) {
    auto arguments = program.arguments;
    auto variables = environment(program);
    const auto argument_pointers = pointers(arguments);
    const auto variable_pointers = pointers(variables);
    std::array<int, 2> pipe_ends{-1, -1};
    StartFailure failure;
    pid_t child = -1;
    if (pipe2(pipe_ends.data(), O_CLOEXEC) == 0) {
        const Prepared prepared{.folder = program.folder.c_str(),
                                .output = program.output.c_str(),
                                .arguments = argument_pointers.data(),
                                .variables = variable_pointers.data(),
                                .uid = program.user.uid,
                                .gid = program.user.gid,
                                .drop = program.user.drop,
                                .death_signal = signal_at_our_death,
                                .parent = getpid(),
                                .report = pipe_ends[1]};
        child = fork();
        if (child == 0) {
            become(prepared);
        }
    }
    std::string error;
    if (child < 0) {
        error = "cannot start " + program.arguments[0] + ": " + std::strerror(errno);
    }
    if (pipe_ends[1] >= 0) {
        close(pipe_ends[1]);
        ssize_t got = -1;
        do {
            got = read(pipe_ends[0], &failure, sizeof failure);
        } while (got < 0 && errno == EINTR);
        close(pipe_ends[0]);
        if (child > 0 && got == static_cast<ssize_t>(sizeof failure)) {
            error = "cannot start " + program.arguments[0] + " as user " + program.user.name +
                    ": cannot " + stages[failure.stage] + ": " + std::strerror(failure.error);
        }
    }
    {
        const std::lock_guard lock{mutex_};
        pid_ = child;
        start_error_ = error;
        started_ = true;
    }
    changed_.notify_all();
    if (child < 0) {
        return;
    }
    // Only looks at first: as long as the child is not reaped its pid cannot be another process's,
    // so signal(), under the lock, never hits a stranger.
    siginfo_t info{};
    while (waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) != 0 &&
           errno == EINTR) {
    }
    {
        const std::lock_guard lock{mutex_};
        int status = 0;
        waitpid(child, &status, 0);
        status_ = status;
    }
    changed_.notify_all();
}

std::optional<int> ServerProcess::wait_for(std::chrono::milliseconds limit) {
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, limit, [this] { return status_.has_value(); });
    return status_;
}

void ServerProcess::signal(int number) {
    const std::lock_guard lock{mutex_};
    if (!status_ && pid_ > 0) {
        kill(pid_, number);
    }
}

std::optional<int> run_to_end(const Program& program, std::chrono::milliseconds limit) {
    ServerProcess process{program, SIGKILL};
    return process.wait_for(limit);
}

std::string describe_status(int status) {
    if (WIFEXITED(status)) {
        return "exited with " + std::to_string(WEXITSTATUS(status));
    }
    return "was killed by signal " + std::to_string(WTERMSIG(status));
}

std::string tail_of(const std::filesystem::path& file, int lines) {
    std::ifstream input{file};
    std::deque<std::string> last;
    for (std::string line; std::getline(input, line);) {
        last.push_back(line);
        if (last.size() > static_cast<std::size_t>(lines)) {
            last.pop_front();
        }
    }
    std::string text;
    for (const auto& line : last) {
        text += (text.empty() ? "" : "\n") + line;
    }
    return text;
}

}  // namespace harness::postgres
