#include "scenarios/text_file.hpp"

#include <array>
#include <cerrno>
#include <fstream>
#include <system_error>

namespace scenarios {
namespace {

namespace fs = std::filesystem;

std::string megabytes(std::size_t bytes) {
    return std::to_string(bytes >> 20U) + " MB";
}

}  // namespace

std::optional<FileError> why_unreadable(const fs::path& file) {
    std::error_code failure;
    const auto status = fs::status(file, failure);
    if (status.type() == fs::file_type::not_found) {
        return FileError{"does not exist"};
    }
    if (failure) {
        return FileError{"cannot be read: " + failure.message()};
    }
    if (fs::is_directory(status)) {
        return FileError{"is a directory, not a file"};
    }
    if (!fs::is_regular_file(status)) {
        return FileError{"is not a regular file"};
    }
    errno = 0;
    if (!std::ifstream{file, std::ios::binary}) {
        return FileError{"cannot be read: " + std::generic_category().message(errno)};
    }
    return std::nullopt;
}

std::variant<std::string, FileError> read_text_file(const fs::path& file, std::size_t most_bytes) {
    if (auto error = why_unreadable(file)) {
        return *error;
    }
    std::ifstream in{file, std::ios::binary};
    std::string text;
    std::array<char, 1 << 16> part{};
    while (in && text.size() <= most_bytes) {  // by parts: its size may be told wrongly
        in.read(part.data(), part.size());
        text.append(part.data(), static_cast<std::size_t>(in.gcount()));
    }
    if (in.bad()) {
        return FileError{"cannot be read: " + std::generic_category().message(errno)};
    }
    if (text.size() > most_bytes) {
        return FileError{"is larger than " + megabytes(most_bytes)};
    }
    return text;
}

}  // namespace scenarios
