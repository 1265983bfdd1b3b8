// What a rehearsal leaves behind: a folder of files that only its owner may read.
#pragma once

#include "harness/private_file.hpp"

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace harness {

class RunDirectory {
public:
    // Makes the folder (and its parents). Throws std::runtime_error when it is there and not empty,
    // or cannot be made or written.
    explicit RunDirectory(std::filesystem::path path);
    // "runs/2026-01-31T12-00-00Z-<name>", with what a file name cannot hold taken out.
    [[nodiscard]] static std::filesystem::path default_path(std::string_view scenario_name);

    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

    // A line of events.ndjson (with its line feed, as reports::event_line makes it) or of
    // migration.log (without), written at once. Thread-safe. A write that fails is kept in fault():
    // the run goes on, but what was lost is said.
    void event(std::string_view line);
    void log(std::string_view line);
    [[nodiscard]] std::optional<std::string> fault() const;

    // A whole file beside them. Throws std::runtime_error when it cannot be written.
    void keep(const std::string& name, std::string_view content);

    // Of a run that touched nothing: removes what was made here, and only that. Where something was
    // logged (the setup has begun) everything stays.
    void discard() noexcept;

private:
    void append(PrivateFile& file, const char* name, std::string_view text);

    std::filesystem::path path_;
    bool made_ = false;  // the folder was not there before
    std::vector<std::filesystem::path> kept_;
    mutable std::mutex mutex_;
    PrivateFile events_, log_;
    std::optional<std::string> fault_;
};

}  // namespace harness
