// Logs on disk, read into a recording, and single records read again.
#pragma once

#include "harness/recording/inspection.hpp"
#include "workloads/logs/log_entry.hpp"
#include "workloads/recording.hpp"

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

namespace harness::recording {

// Ctrl-C came while logs were read.
struct Stopped : std::runtime_error {
    Stopped() : std::runtime_error{"interrupted while logs were read"} {}
};

// How far the reading is; read from another thread.
struct ReadProgress {
    std::atomic<std::uint64_t> unpacked{0}, bytes{0}, all_bytes{0}, statements{0};

    [[nodiscard]] std::string line() const;
};

// Single records once more.
class RecordRereader {
public:
    virtual ~RecordRereader() = default;
    // The record at a place that read() gave; false where the file changed meanwhile. The entry's
    // views hold until the next call. Throws CutShort.
    [[nodiscard]] virtual bool read(workloads::Place place, workloads::logs::LogEntry& entry) = 0;
    // Of the record's first line, from 1; takes as long as reading all that is before it.
    [[nodiscard]] virtual std::uint64_t line_of(workloads::Place place) const = 0;
};

// The logs stay mapped while this lives.
class RecordingReader {
public:
    // Opens the files and puts them in the order in which they were written. `prefix`:
    // log_line_prefix of stderr logs; none: found out. Throws UsageError for what is no log, with
    // the file's name and the remedy, and Stopped. `progress` must outlive the reader.
    RecordingReader(const std::vector<std::filesystem::path>& paths,
                    const std::optional<std::string>& prefix, ReadProgress& progress,
                    std::stop_token stop);
    ~RecordingReader();
    RecordingReader(const RecordingReader&) = delete;
    RecordingReader& operator=(const RecordingReader&) = delete;

    // Once. Throws Stopped, and CutShort where a file became shorter meanwhile.
    [[nodiscard]] workloads::Recording read();

    // As they were read.
    [[nodiscard]] const std::vector<ReadFile>& files() const noexcept;

    // "postgresql.csv:120"; takes as long as reading all that is before it.
    [[nodiscard]] std::string place_text(workloads::Place place) const;

    // One for each thread; valid while this lives.
    [[nodiscard]] std::unique_ptr<RecordRereader> reread() const;

private:
    struct Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace harness::recording
