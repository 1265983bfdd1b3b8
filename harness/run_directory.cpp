#include "harness/run_directory.hpp"

#include "harness/usage_error.hpp"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <stdexcept>

#include <fcntl.h>
#include <unistd.h>

namespace harness {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, const char* what, int error) {
    throw std::runtime_error{path.string() + ": " + what + ": " + std::strerror(error)};
}

}  // namespace

fs::path RunDirectory::default_path(std::string_view scenario_name) {
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    gmtime_r(&now, &utc);
    char stamp[32];
    std::strftime(stamp, sizeof stamp, "%Y-%m-%dT%H-%M-%SZ", &utc);
    std::string name;
    for (const char c : scenario_name.substr(0, 80)) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '_';
        name += plain ? c : '-';
    }
    return fs::path{"runs"} / (std::string{stamp} + "-" + name);
}

RunDirectory::RunDirectory(fs::path path) : path_{std::move(path)} {
    std::error_code error;
    if (fs::exists(path_, error) &&
        (!fs::is_directory(path_, error) || !fs::is_empty(path_, error))) {
        throw UsageError{path_.string() +
                         ": the run directory must be new or empty; name another with --out"};
    }
    made_ = fs::create_directories(path_, error);
    if (error) {
        fail(path_, "the run directory cannot be made", error.value());
    }
    events_ = open("events.ndjson");
    log_ = open("migration.log");
}

RunDirectory::File RunDirectory::open(const fs::path& name) const {
    const fs::path path = path_ / name;
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        fail(path, "cannot be written", errno);
    }
    File file{fdopen(fd, "w")};
    if (!file) {
        const int error = errno;
        close(fd);
        fail(path, "cannot be written", error);
    }
    return file;
}

void RunDirectory::append(File& file, const char* name, std::string_view text) {
    const std::scoped_lock lock{mutex_};
    if (std::fwrite(text.data(), 1, text.size(), file.get()) != text.size() ||
        std::fflush(file.get()) != 0) {
        if (!fault_) {
            fault_ = std::string{name} + ": " + std::strerror(errno);
        }
        std::clearerr(file.get());
    }
}

void RunDirectory::event(std::string_view line) {
    append(events_, "events.ndjson", line);
}

void RunDirectory::log(std::string_view line) {
    append(log_, "migration.log", std::string{line} + "\n");
}

void RunDirectory::discard() noexcept {
    std::error_code ignored;  // at worst two empty files are left
    if (fs::file_size(path_ / "migration.log", ignored) != 0) {
        return;
    }
    fs::remove(path_ / "events.ndjson", ignored);
    fs::remove(path_ / "migration.log", ignored);
    if (made_) {
        fs::remove(path_, ignored);  // only if it is empty
    }
}

std::optional<std::string> RunDirectory::fault() const {
    const std::scoped_lock lock{mutex_};
    return fault_;
}

void RunDirectory::write(const fs::path& name, std::string_view content) const {
    const fs::path target = path_ / name;
    std::error_code error;
    fs::create_directories(target.parent_path(), error);
    if (error) {
        fail(target.parent_path(), "cannot be made", error.value());
    }
    fs::path beside = name;
    beside += ".part";
    {
        File file = open(beside);
        if (std::fwrite(content.data(), 1, content.size(), file.get()) != content.size() ||
            std::fclose(file.release()) != 0) {
            const int failure = errno;
            fs::remove(path_ / beside, error);
            fail(target, "cannot be written", failure);
        }
    }
    fs::rename(path_ / beside, target, error);
    if (error) {
        std::error_code ignored;
        fs::remove(path_ / beside, ignored);
        fail(target, "cannot be written", error.value());
    }
}

}  // namespace harness
