// A set of log files on disk: opened, unpacked, put in order.
#pragma once

#include "harness/recording/mapped_file.hpp"
#include "workloads/logs/log_format.hpp"
#include "workloads/logs/log_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace harness::recording {

// A file, mapped for as long as this lives; what gzip or zstd compressed is unpacked before.
class MappedLog {
public:
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] std::string_view text() const noexcept { return bytes_.text(); }
    [[nodiscard]] const workloads::logs::LogFormat& format() const noexcept { return format_; }
    // What the user should know: a compressed file that is cut off or damaged.
    [[nodiscard]] const std::vector<std::string>& warnings() const noexcept { return warnings_; }

    [[nodiscard]] workloads::logs::LogReader reader() const { return {text(), format_}; }
    // Throws CutShort where the file is no longer what was opened: to be asked before anything is
    // made of what was read.
    void check() const { bytes_.check(name_); }

private:
    friend class LogFiles;
    MappedLog() = default;

    std::string name_;
    MappedFile bytes_;
    workloads::logs::LogFormat format_;
    std::vector<std::string> warnings_;
    std::int64_t first_us_ = 0;  // when its first record was written
    std::string_view first_record_;
};

// The files of one log, in the order in which they were written: by their first records' time.
// Sessions go on from one file into the next, so one LogClock and one builder of sessions go
// through all of them; a record is never in two files, because the server changes files between
// records.
class LogFiles {
public:
    struct Options {
        std::optional<std::string> prefix;  // log_line_prefix, where the user names it
        std::filesystem::path folder;       // for what is unpacked; empty: TMPDIR, or /tmp
        // Told how many bytes of compressed files were unpacked; may throw to end it.
        std::function<void(std::uint64_t)> unpacked;
    };

    // Throws UsageError, naming every file that cannot be taken: it cannot be read, is a folder, no
    // log of PostgreSQL's, given twice, of another format than the others (the same work would be
    // read twice), or all are empty. A single empty file is left out with a warning. Throws
    // std::runtime_error where there is no room to unpack, and CutShort.
    LogFiles(const std::vector<std::filesystem::path>& paths, const Options& options);

    [[nodiscard]] const std::vector<MappedLog>& files() const noexcept { return files_; }
    // Of files that were left out.
    [[nodiscard]] const std::vector<std::string>& warnings() const noexcept { return warnings_; }

private:
    struct Opening;
    void unify_prefixes();
    void find_first_records(std::vector<std::string>& wrong);

    std::vector<MappedLog> files_;
    std::vector<std::string> warnings_;
};

}  // namespace harness::recording
