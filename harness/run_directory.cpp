#include "harness/run_directory.hpp"

#include "harness/usage_error.hpp"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <stdexcept>

namespace harness {

namespace fs = std::filesystem;

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
        throw std::runtime_error{path_.string() +
                                 ": the run directory cannot be made: " + error.message()};
    }
    events_ = open_private_file(path_ / "events.ndjson");
    log_ = open_private_file(path_ / "migration.log");
}

void RunDirectory::append(PrivateFile& file, const char* name, std::string_view text) {
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

void RunDirectory::keep(const std::string& name, std::string_view content) {
    write_private_file(path_ / name, content);
    kept_.push_back(path_ / name);
}

void RunDirectory::discard() noexcept {
    std::error_code ignored;  // at worst two empty files are left
    if (fs::file_size(path_ / "migration.log", ignored) != 0) {
        return;
    }
    fs::remove(path_ / "events.ndjson", ignored);
    fs::remove(path_ / "migration.log", ignored);
    for (const auto& file : kept_) {
        fs::remove(file, ignored);
    }
    if (made_) {
        fs::remove(path_, ignored);  // only if it is empty
    }
}

std::optional<std::string> RunDirectory::fault() const {
    const std::scoped_lock lock{mutex_};
    return fault_;
}

}  // namespace harness
