#include "harness/recording/log_files.hpp"

#include "harness/recording/decompression.hpp"
#include "harness/usage_error.hpp"
#include "workloads/logs/log_clock.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <set>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <variant>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace harness::recording {
namespace {

namespace fs = std::filesystem;
using workloads::logs::Format;
using workloads::logs::LogEntry;
using workloads::logs::LogFormat;
using workloads::logs::Refusal;

// A file that cannot be taken; the reason is for the user.
struct NotTaken : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class Descriptor {
public:
    explicit Descriptor(int number) : number_{number} {}
    ~Descriptor() {
        if (number_ >= 0) {
            ::close(number_);
        }
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    [[nodiscard]] int get() const noexcept { return number_; }

private:
    int number_;
};

struct stat status_of(int file) {
    struct stat status {};
    if (::fstat(file, &status) != 0) {
        throw NotTaken{std::strerror(errno)};
    }
    return status;
}

fs::path folder_for_unpacking(const LogFiles::Options& options) {
    if (!options.folder.empty()) {
        return options.folder;
    }
    const char* named = std::getenv("TMPDIR");
    return named != nullptr && *named != '\0' ? named : "/tmp";
}

const char* name_of(const LogFormat& format) {
    switch (format.format) {
        case Format::csvlog:
            return "csvlog";
        case Format::jsonlog:
            return "jsonlog";
        case Format::stderr_log:
            return format.envelope == workloads::logs::Envelope::syslog ? "syslog" : "stderr log";
    }
    return "";
}

bool is_blank(std::string_view text) {
    return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

std::string lines(const std::vector<std::string>& all) {
    std::string text;
    for (const auto& line : all) {
        text += (text.empty() ? "" : "\n") + line;
    }
    return text;
}

}  // namespace

// Opens one file after the other, and knows which were opened before.
struct LogFiles::Opening {
    const Options& options;
    std::set<std::pair<dev_t, ino_t>> seen;
    std::uint64_t unpacked_before = 0;

    // Nothing but the bytes: the format is empty.
    MappedLog open(const fs::path& path) {
        const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
        if (file.get() < 0) {
            throw NotTaken{std::strerror(errno)};
        }
        const struct stat status = status_of(file.get());
        if (S_ISDIR(status.st_mode)) {
            throw NotTaken{"is a folder: name the log files in it, for example " + path.string() +
                           "/*.csv"};
        }
        if (!S_ISREG(status.st_mode)) {
            throw NotTaken{"is no regular file: write what it gives into one first"};
        }
        if (!seen.emplace(status.st_dev, status.st_ino).second) {
            throw NotTaken{"is given twice"};
        }
        MappedLog log;
        log.name_ = path.string();
        log.bytes_ = MappedFile{file.get()};
        const Compression compression = compression_of(log.text());
        if (compression != Compression::none) {
            unpack(log, compression);
        }
        return log;
    }

    void unpack(MappedLog& log, Compression compression) {
        const std::uint64_t size = log.text().size();
        const Decompressed done = decompress(log.text(), compression, folder_for_unpacking(options),
                                             [&](std::uint64_t bytes) {
                                                 if (options.unpacked) {
                                                     options.unpacked(unpacked_before + bytes);
                                                 }
                                             });
        unpacked_before += size;
        const Descriptor file{done.file};
        log.bytes_.check(log.name_);
        log.bytes_ = MappedFile{file.get()};
        if (!done.damage.empty()) {
            if (is_blank(log.text())) {
                throw NotTaken{"nothing of it can be read: " + done.damage};
            }
            log.warnings_.push_back(log.name_ + ": " + done.damage +
                                    ": what was before that is read");
        }
    }
};

LogFiles::LogFiles(const std::vector<fs::path>& paths, const Options& options) {
    std::vector<std::string> wrong;
    Opening opening{options, {}, 0};
    for (const auto& path : paths) {
        try {
            MappedLog log = opening.open(path);
            if (is_blank(log.text())) {
                warnings_.push_back(path.string() + ": the file is empty");
                warnings_.insert(warnings_.end(), log.warnings().begin(), log.warnings().end());
                continue;
            }
            auto format = workloads::logs::detect_format(log.text(), options.prefix);
            if (const auto* refusal = std::get_if<Refusal>(&format)) {
                throw NotTaken{refusal->message};
            }
            log.format_ = std::get<LogFormat>(std::move(format));
            files_.push_back(std::move(log));
            files_.back().check();
        } catch (const NotTaken& reason) {
            wrong.push_back(path.string() + ": " + reason.what());
        } catch (const std::system_error& error) {
            wrong.push_back(path.string() + ": " + error.what());
        }
    }
    if (files_.empty() && wrong.empty()) {
        wrong = warnings_.empty() ? std::vector<std::string>{"no log file is given"} : warnings_;
    }
    unify_prefixes();
    find_first_records(wrong);
    for (const auto& log : files_) {
        if (log.format().format != files_.front().format().format ||
            log.format().envelope != files_.front().format().envelope) {
            wrong.push_back(log.name() + ": is a " + name_of(log.format()) + ", but " +
                            files_.front().name() + " is a " + name_of(files_.front().format()) +
                            ": a server that writes both writes the same work twice; give the "
                            "files of one format");
            break;
        }
    }
    if (!wrong.empty()) {
        throw UsageError{lines(wrong)};
    }
}

// A short file may not show what the prefix holds for sessions: what a longer one showed is taken
// where it fits.
void LogFiles::unify_prefixes() {
    const MappedLog* longest = nullptr;
    for (const auto& log : files_) {
        if (log.format().guessed &&
            (longest == nullptr || log.text().size() > longest->text().size())) {
            longest = &log;
        }
    }
    if (longest == nullptr) {
        return;
    }
    const std::string prefix = longest->format().prefix;
    for (auto& log : files_) {
        if (!log.format().guessed || log.format().prefix == prefix) {
            continue;
        }
        auto found = workloads::logs::detect_format(log.text(), prefix);
        if (auto* format = std::get_if<LogFormat>(&found)) {
            log.format_ = *format;
            log.format_.guessed = true;
        }
    }
}

void LogFiles::find_first_records(std::vector<std::string>& wrong) {
    for (auto& log : files_) {
        auto reader = log.reader();
        LogEntry entry;
        if (!reader.next(entry)) {
            wrong.push_back(log.name() + ": holds no record that is whole");
            continue;
        }
        log.first_us_ = workloads::logs::LogClock{}.mentioned_us(entry.time);
        log.first_record_ = log.text().substr(entry.offset, entry.length);
    }
    std::stable_sort(files_.begin(), files_.end(), [](const MappedLog& a, const MappedLog& b) {
        // The records themselves, so that equal ones are neighbours.
        return a.first_us_ != b.first_us_ ? a.first_us_ < b.first_us_
                                          : a.first_record_ < b.first_record_;
    });
    for (std::size_t i = 1; i < files_.size(); ++i) {
        const auto& before = files_[i - 1];
        if (before.first_record_ == files_[i].first_record_ && !before.first_record_.empty()) {
            wrong.push_back(files_[i].name() + ": begins with the same record as " + before.name() +
                            ": the same log twice?");
        }
    }
}

}  // namespace harness::recording
