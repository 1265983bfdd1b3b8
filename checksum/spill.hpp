// Records on disk, filed under 256 partitions and read back partition by partition in the order
// they were written. Memory and disk are bounded; a full disk or a reached bound is a result.
//
// One file without a name (mode 0600, unlinked as soon as it is open, so that it is gone with the
// process): chains of blocks, each of which tells where its partition goes on. A block's place is
// reserved when the one before it is written, so that chains can be read forward and the memory
// needed does not grow with the file.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace checksum {

inline constexpr unsigned partition_count = 256;

struct SpillError {
    enum class Kind : std::uint8_t { io, bound };
    Kind kind = Kind::io;
    std::string message;
};
// Nothing: it went well.
using SpillResult = std::optional<SpillError>;

// The bytes that all files of a run may take on disk together. Workers share it.
class SpillBudget {
public:
    explicit SpillBudget(std::uint64_t max_bytes) noexcept : max_bytes_{max_bytes} {}
    [[nodiscard]] bool take(std::uint64_t bytes) noexcept;
    void give_back(std::uint64_t bytes) noexcept;
    [[nodiscard]] std::uint64_t used() const noexcept { return used_; }
    [[nodiscard]] std::uint64_t max_bytes() const noexcept { return max_bytes_; }

private:
    std::uint64_t max_bytes_;
    std::atomic<std::uint64_t> used_ = 0;
};

class SpillFile {
public:
    struct Options {
        std::string directory;
        std::shared_ptr<SpillBudget> budget;
        // Memory for the blocks not yet written; at least 256 blocks of 4 KB.
        std::size_t buffer_bytes = std::size_t{4} << 20;
    };
    [[nodiscard]] static std::variant<SpillFile, SpillError> create(Options options);

    SpillFile(SpillFile&& other) noexcept;
    SpillFile& operator=(SpillFile&& other) noexcept;
    ~SpillFile();

    // After an error every further call returns that error. A record is at most 1 GB.
    [[nodiscard]] SpillResult append(unsigned partition, std::string_view record);
    // Writes what is still in memory and frees it: from now on the file can only be read.
    [[nodiscard]] SpillResult finish();

    [[nodiscard]] std::uint64_t records() const noexcept { return records_; }
    // Of one partition's records, with 4 bytes each for their length.
    [[nodiscard]] std::uint64_t partition_bytes(unsigned partition) const noexcept {
        return chains_[partition].bytes;
    }
    [[nodiscard]] std::uint64_t file_bytes() const noexcept { return end_; }

private:
    friend class SpillReader;
    static constexpr std::uint64_t none = ~std::uint64_t{0};
    struct Chain {
        std::uint64_t first = none;
        std::uint64_t current = none;
        std::uint32_t used = 0;
        std::uint64_t bytes = 0;
    };

    SpillFile(int fd, Options options);
    [[nodiscard]] SpillResult reserve(std::uint64_t& offset);
    [[nodiscard]] SpillResult write_block(unsigned partition, std::uint64_t next);
    [[nodiscard]] SpillResult fail(SpillError error);
    [[nodiscard]] char* block(unsigned partition) noexcept {
        return buffer_.get() + std::size_t{partition} * block_bytes_;
    }

    int fd_ = -1;
    Options options_;
    std::uint32_t block_bytes_;
    std::uint64_t end_ = 0;
    std::uint64_t records_ = 0;
    std::unique_ptr<char[]> buffer_;
    std::array<Chain, partition_count> chains_;
    SpillResult error_;
};

// Reads one partition of a finished file. Holds one block, and a record that crosses blocks. The
// file must outlive it.
class SpillReader {
public:
    SpillReader(const SpillFile& file, unsigned partition);

    // The next record, valid until the next call; nothing at the end or after an error.
    [[nodiscard]] std::optional<std::string_view> next();
    [[nodiscard]] const SpillResult& error() const noexcept { return error_; }

private:
    [[nodiscard]] bool read_block();
    [[nodiscard]] bool read(char* to, std::size_t size);

    const SpillFile& file_;
    unsigned partition_;
    std::uint64_t next_block_;
    std::vector<char> block_;
    std::size_t at_ = 0;
    std::size_t used_ = 0;
    std::string record_;
    SpillResult error_;
};

}  // namespace checksum
