// Files that only their owner may read: what a rehearsal leaves may quote the database.
#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string_view>

namespace harness {

struct CloseFile {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using PrivateFile = std::unique_ptr<std::FILE, CloseFile>;

// Made, or emptied, with mode 0600. Throws std::runtime_error.
[[nodiscard]] PrivateFile open_private_file(const std::filesystem::path& path);

// A whole file: written beside, then renamed, so that no reader sees half of one; its folder is
// made. Throws std::runtime_error (disk full, ...), and then nothing is left.
void write_private_file(const std::filesystem::path& path, std::string_view content);

}  // namespace harness
