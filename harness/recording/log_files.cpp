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
#include <utility>
#include <variant>

#include <fcntl.h>
#include <sys/mman.h>
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

// Mapped privately: what the server appends meanwhile is not seen.
std::string_view map(int file) {
    const auto size = static_cast<std::size_t>(status_of(file).st_size);
    if (size == 0) {
        return {};
    }
    void* bytes = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
    if (bytes == MAP_FAILED) {
        throw NotTaken{std::string{"cannot be mapped: "} + std::strerror(errno)};
    }
    ::madvise(bytes, size, MADV_SEQUENTIAL);
    return {static_cast<const char*>(bytes), size};
}

void unmap(std::string_view text) {
    if (!text.empty()) {
        ::munmap(const_cast<char*>(text.data()), text.size());
    }
}

fs::path folder_for_unpacking(const LogFiles::Options& options) {
    if (!options.folder.empty()) {
        return options.folder;
    }
    const char* named = std::getenv("TMPDIR");
    return named != nullptr && *named != '\0' ? named : "/tmp";
}

const char* name_of(Format format) {
    switch (format) {
        case Format::csvlog:
            return "csvlog";
        case Format::jsonlog:
            return "jsonlog";
        case Format::stderr_log:
            return "stderr log";
    }
    return "";
}

std::string lines(const std::vector<std::string>& all) {
    std::string text;
    for (const auto& line : all) {
        text += (text.empty() ? "" : "\n") + line;
    }
    return text;
}

}  // namespace

MappedLog::MappedLog(MappedLog&& other) noexcept
    : name_{std::move(other.name_)},
      text_{std::exchange(other.text_, {})},
      format_{std::move(other.format_)},
      warnings_{std::move(other.warnings_)},
      first_us_{other.first_us_},
      first_record_{other.first_record_} {}

MappedLog& MappedLog::operator=(MappedLog&& other) noexcept {
    MappedLog taken{std::move(other)};
    std::swap(name_, taken.name_);
    std::swap(text_, taken.text_);
    std::swap(format_, taken.format_);
    std::swap(warnings_, taken.warnings_);
    std::swap(first_us_, taken.first_us_);
    std::swap(first_record_, taken.first_record_);
    return *this;
}

MappedLog::~MappedLog() {
    unmap(text_);
}

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
        log.text_ = map(file.get());
        const Compression compression = compression_of(log.text_);
        if (compression != Compression::none) {
            unpack(log, compression);
        }
        return log;
    }

    void unpack(MappedLog& log, Compression compression) {
        const std::uint64_t size = log.text_.size();
        const Decompressed done = decompress(log.text_, compression, folder_for_unpacking(options),
                                             [&](std::uint64_t bytes) {
                                                 if (options.unpacked) {
                                                     options.unpacked(unpacked_before + bytes);
                                                 }
                                             });
        unpacked_before += size;
        const Descriptor file{done.file};
        unmap(std::exchange(log.text_, {}));
        log.text_ = map(file.get());
        if (!done.damage.empty()) {
            log.warnings_.push_back(log.name_ + ": " + done.damage);
        }
    }
};

LogFiles::LogFiles(const std::vector<fs::path>& paths, const Options& options) {
    std::vector<std::string> wrong;
    Opening opening{options, {}, 0};
    for (const auto& path : paths) {
        try {
            MappedLog log = opening.open(path);
            if (log.text().find_first_not_of(" \t\r\n") == std::string_view::npos) {
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
        } catch (const NotTaken& reason) {
            wrong.push_back(path.string() + ": " + reason.what());
        }
    }
    if (files_.empty() && wrong.empty()) {
        wrong = warnings_.empty() ? std::vector<std::string>{"no log file is given"} : warnings_;
    }
    unify_prefixes();
    find_first_records(wrong);
    for (const auto& log : files_) {
        if (log.format().format != files_.front().format().format) {
            wrong.push_back(log.name() + ": is a " + name_of(log.format().format) + ", but " +
                            files_.front().name() + " is a " +
                            name_of(files_.front().format().format) +
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
        return a.first_us_ < b.first_us_;
    });
    for (std::size_t i = 1; i < files_.size(); ++i) {
        const auto same = std::find_if(files_.begin(), files_.begin() + static_cast<long>(i),
                                       [&](const MappedLog& before) {
                                           return before.first_us_ == files_[i].first_us_ &&
                                                  before.first_record_ == files_[i].first_record_;
                                       });
        if (same != files_.begin() + static_cast<long>(i) && !same->first_record_.empty()) {
            wrong.push_back(files_[i].name() + ": begins with the same record as " + same->name() +
                            ": the same log twice?");
        }
    }
}

}  // namespace harness::recording
