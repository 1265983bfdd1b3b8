#include "harness/recording/recording_reader.hpp"

#include "harness/usage_error.hpp"
#include "reports/figures.hpp"
#include "workloads/logs/csvlog.hpp"
#include "workloads/logs/jsonlog.hpp"
#include "workloads/logs/session_builder.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>
#include <variant>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace harness::recording {
namespace {

using workloads::logs::CsvReader;
using workloads::logs::JsonReader;
using workloads::logs::LogEntry;

class MappedFile {
public:
    explicit MappedFile(const std::filesystem::path& path) : path_{path} {
        const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        if (file < 0) {
            throw UsageError{path.string() + ": " + std::strerror(errno)};
        }
        struct stat status {};
        ::fstat(file, &status);
        size_ = static_cast<std::size_t>(status.st_size);
        if (S_ISREG(status.st_mode) && size_ > 0) {
            bytes_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0);
        }
        ::close(file);
        if (!S_ISREG(status.st_mode) || size_ == 0 || bytes_ == MAP_FAILED) {
            throw UsageError{path.string() + (size_ == 0 ? ": the file is empty" : ": no file")};
        }
    }
    ~MappedFile() { ::munmap(bytes_, size_); }
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;

    [[nodiscard]] std::string_view text() const {
        return {static_cast<const char*>(bytes_), size_};
    }
    [[nodiscard]] std::string path() const { return path_.string(); }

private:
    std::filesystem::path path_;
    std::size_t size_ = 0;
    void* bytes_ = nullptr;
};

}  // namespace

struct RecordingReader::Implementation {
    std::vector<std::unique_ptr<MappedFile>> mapped;
    std::vector<ReadFile> files;
    std::optional<CsvReader> again;

    template <typename Reader>
    void read_file(std::uint16_t number, workloads::logs::SessionBuilder& builder,
                   ReadProgress& progress, const std::stop_token& stop) {
        Reader reader{mapped[number]->text()};
        auto& file = files[number];
        LogEntry entry;
        const auto before = progress.bytes.load();
        while (reader.next(entry)) {
            builder.add(entry, number, entry.time.local_us);
            if ((++file.records & 0x3ffU) == 0) {
                progress.bytes = before + entry.offset;
                progress.statements = builder.statements();
                if (stop.stop_requested()) {
                    throw Stopped{};
                }
            }
        }
        progress.bytes = before + file.bytes;
        file.problems = reader.problems().kept();
        file.problem_count = reader.problems().count();
        file.passed_over_bytes = reader.problems().bytes();
    }
};

std::string ReadProgress::line() const {
    const auto all = std::max<std::uint64_t>(all_bytes, 1);
    return "reading: " +
           reports::decimal_text(100.0 * static_cast<double>(bytes) / static_cast<double>(all), 0) +
           " %, " + reports::count_text(statements) + " statements";
}

RecordingReader::RecordingReader(const std::vector<std::filesystem::path>& paths,
                                 const std::string& prefix)
    : implementation_{std::make_unique<Implementation>()} {
    (void)prefix;
    for (const auto& path : paths) {
        auto mapped = std::make_unique<MappedFile>(path);
        ReadFile file;
        file.path = path.string();
        file.bytes = mapped->text().size();
        file.format = CsvReader::begins_record(mapped->text()) ? "csvlog" : "jsonlog";
        implementation_->files.push_back(std::move(file));
        implementation_->mapped.push_back(std::move(mapped));
    }
}

RecordingReader::~RecordingReader() = default;

workloads::Recording RecordingReader::read(ReadProgress& progress, const std::stop_token& stop) {
    workloads::logs::SessionBuilder builder;
    std::uint64_t bytes = 0;
    for (const auto& file : implementation_->files) {
        bytes += file.bytes;
    }
    progress.all_bytes = bytes;
    builder.expect(bytes);
    for (std::size_t i = 0; i < implementation_->files.size(); ++i) {
        const auto number = static_cast<std::uint16_t>(i);
        if (implementation_->files[i].format == "csvlog") {
            implementation_->read_file<CsvReader>(number, builder, progress, stop);
        } else {
            implementation_->read_file<JsonReader>(number, builder, progress, stop);
        }
    }
    return builder.finish();
}

const std::vector<ReadFile>& RecordingReader::files() const noexcept {
    return implementation_->files;
}

bool RecordingReader::read_again(workloads::Place place, LogEntry& entry) {
    auto& all = *implementation_;
    if (place.file >= all.mapped.size() || place.offset >= all.mapped[place.file]->text().size()) {
        return false;
    }
    all.again.emplace(all.mapped[place.file]->text().substr(place.offset));
    return all.again->next(entry);
}

}  // namespace harness::recording
