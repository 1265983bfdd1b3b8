#include "harness/private_file.hpp"

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace harness {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, const char* what, int error) {
    throw std::runtime_error{path.string() + ": " + what + ": " + std::strerror(error)};
}

}  // namespace

PrivateFile open_private_file(const fs::path& path) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        fail(path, "cannot be written", errno);
    }
    PrivateFile file{fdopen(fd, "w")};
    if (!file) {
        const int error = errno;
        close(fd);
        fail(path, "cannot be written", error);
    }
    return file;
}

void write_private_file(const fs::path& path, std::string_view content) {
    std::error_code error;
    if (path.has_parent_path()) {
        fs::create_directories(path.parent_path(), error);
    }
    if (error) {
        fail(path.parent_path(), "cannot be made", error.value());
    }
    fs::path beside = path;
    beside += ".part";
    {
        auto file = open_private_file(beside);
        if (std::fwrite(content.data(), 1, content.size(), file.get()) != content.size() ||
            std::fclose(file.release()) != 0) {
            const int failure = errno;
            fs::remove(beside, error);
            fail(path, "cannot be written", failure);
        }
    }
    fs::rename(beside, path, error);
    if (error) {
        std::error_code ignored;
        fs::remove(beside, ignored);
        fail(path, "cannot be written", error.value());
    }
}

}  // namespace harness
