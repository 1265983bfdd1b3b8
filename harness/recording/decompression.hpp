// Compressed files, spread out on disk and not in memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace harness::recording {

enum class Compression { none, gzip, zstd };

// By a file's first bytes.
[[nodiscard]] Compression compression_of(std::string_view start) noexcept;

struct Decompressed {
    int file = -1;       // open for reading, without a name: gone with its last user; the caller's
    std::string damage;  // why the rest could not be had; empty: it is whole
};

// Writes what `compressed` holds, all its members or frames, into a file of `folder` that has no
// name there. What comes before damage or a cut-off end is kept. `progress` is told the bytes of
// `compressed` that are done, about every megabyte, and may throw.
//
// Throws std::runtime_error where the folder cannot be written or is full.
[[nodiscard]] Decompressed decompress(std::string_view compressed, Compression compression,
                                      const std::filesystem::path& folder,
                                      const std::function<void(std::uint64_t)>& progress);

}  // namespace harness::recording
