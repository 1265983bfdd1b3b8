// Files that a scenario names.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>

namespace scenarios {

struct FileError {
    std::string message;
};

// Why the file cannot be read ("does not exist", "is a directory" ...); empty: it is a regular file
// that can be opened.
[[nodiscard]] std::optional<FileError> why_unreadable(const std::filesystem::path& file);

// The whole file, if it can be read and is no larger than `most_bytes`.
[[nodiscard]] std::variant<std::string, FileError> read_text_file(const std::filesystem::path& file,
                                                                  std::size_t most_bytes);

}  // namespace scenarios
