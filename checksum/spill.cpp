#include "checksum/spill.hpp"

#include "checksum/bytes.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace checksum {
namespace {

constexpr std::size_t page_bytes = 4096;
// next block (8), bytes used (4), partition (4)
constexpr std::uint32_t header_bytes = 16;

SpillError io_error(const std::string& what, int code) {
    return {SpillError::Kind::io, what + ": " + std::system_category().message(code)};
}

}  // namespace

bool SpillBudget::take(std::uint64_t bytes) noexcept {
    if (used_.fetch_add(bytes) + bytes <= max_bytes_) {
        return true;
    }
    used_ -= bytes;
    return false;
}

void SpillBudget::give_back(std::uint64_t bytes) noexcept {
    used_ -= bytes;
}

std::variant<SpillFile, SpillError> SpillFile::create(Options options) {
    std::string path = options.directory + "/rehearse-spill-XXXXXX";
    const int fd = ::mkostemp(path.data(), O_CLOEXEC);  // 0600
    if (fd < 0) {
        return io_error("cannot make a file in " + options.directory, errno);
    }
    if (::unlink(path.c_str()) != 0) {
        const int code = errno;
        ::close(fd);
        return io_error("cannot unlink " + path, code);
    }
    return SpillFile{fd, std::move(options)};
}

SpillFile::SpillFile(int fd, Options options)
    : fd_{fd},
      options_{std::move(options)},
      block_bytes_{static_cast<std::uint32_t>(
          std::max(options_.buffer_bytes / partition_count / page_bytes, std::size_t{1}) *
          page_bytes)},
      // Not initialised: what no row touches takes no memory.
      buffer_{new char[std::size_t{block_bytes_} * partition_count]} {}

SpillFile::SpillFile(SpillFile&& other) noexcept
    : fd_{std::exchange(other.fd_, -1)},
      options_{std::move(other.options_)},
      block_bytes_{other.block_bytes_},
      end_{std::exchange(other.end_, 0)},
      records_{other.records_},
      buffer_{std::move(other.buffer_)},
      chains_{other.chains_},
      error_{std::move(other.error_)} {}

SpillFile& SpillFile::operator=(SpillFile&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(options_, other.options_);
    std::swap(block_bytes_, other.block_bytes_);
    std::swap(end_, other.end_);
    std::swap(records_, other.records_);
    std::swap(buffer_, other.buffer_);
    std::swap(chains_, other.chains_);
    std::swap(error_, other.error_);
    return *this;
}

SpillFile::~SpillFile() {
    if (fd_ >= 0) {
        ::close(fd_);
        options_.budget->give_back(end_);
    }
}

SpillResult SpillFile::fail(SpillError error) {
    error_ = std::move(error);
    return error_;
}

SpillResult SpillFile::reserve(std::uint64_t& offset) {
    if (!options_.budget->take(block_bytes_)) {
        return fail({SpillError::Kind::bound, "the records need more than the " +
                                                  std::to_string(options_.budget->max_bytes()) +
                                                  " bytes that they may take in " +
                                                  options_.directory});
    }
    offset = end_;
    end_ += block_bytes_;
    return std::nullopt;
}

SpillResult SpillFile::write_block(unsigned partition, std::uint64_t next) {
    Chain& chain = chains_[partition];
    char* const from = block(partition);
    store(from, next);
    store(from + 8, chain.used);
    store(from + 12, static_cast<std::uint32_t>(partition));
    for (std::size_t done = 0; done < block_bytes_;) {
        const ssize_t wrote = ::pwrite(fd_, from + done, block_bytes_ - done,
                                       static_cast<off_t>(chain.current + done));
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote <= 0) {
            return fail(io_error("cannot write to a file in " + options_.directory,
                                 wrote < 0 ? errno : ENOSPC));
        }
        done += static_cast<std::size_t>(wrote);
    }
    chain.used = 0;
    return std::nullopt;
}

SpillResult SpillFile::append(unsigned partition, std::string_view record) {
    if (error_) {
        return error_;
    }
    Chain& chain = chains_[partition];
    if (chain.first == none) {
        if (auto error = reserve(chain.first)) {
            return error;
        }
        chain.current = chain.first;
    }
    char length[4];
    store(length, static_cast<std::uint32_t>(record.size()));
    for (std::string_view part : {std::string_view{length, 4}, record}) {
        while (!part.empty()) {
            if (header_bytes + chain.used == block_bytes_) {
                std::uint64_t next = 0;
                if (auto error = reserve(next)) {
                    return error;
                }
                if (auto error = write_block(partition, next)) {
                    return error;
                }
                chain.current = next;
            }
            const std::size_t fitting =
                std::min<std::size_t>(part.size(), block_bytes_ - header_bytes - chain.used);
            std::memcpy(block(partition) + header_bytes + chain.used, part.data(), fitting);
            chain.used += static_cast<std::uint32_t>(fitting);
            part.remove_prefix(fitting);
        }
    }
    chain.bytes += sizeof length + record.size();
    ++records_;
    return std::nullopt;
}

SpillResult SpillFile::finish() {
    for (unsigned partition = 0; buffer_ && !error_ && partition < partition_count; ++partition) {
        if (chains_[partition].first != none) {
            (void)write_block(partition, none);
        }
    }
    buffer_.reset();
    return error_;
}

SpillReader::SpillReader(const SpillFile& file, unsigned partition)
    : file_{file},
      partition_{partition},
      next_block_{file.chains_[partition].first},
      block_(file.block_bytes_) {
    if (file.buffer_ || file.error_) {
        error_ = SpillError{SpillError::Kind::io, "the file was not written to its end"};
    }
}

bool SpillReader::read_block() {
    if (error_ || next_block_ == SpillFile::none) {
        return false;
    }
    for (std::size_t done = 0; done < block_.size();) {
        const ssize_t got = ::pread(file_.fd_, block_.data() + done, block_.size() - done,
                                    static_cast<off_t>(next_block_ + done));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            error_ = io_error("cannot read back a file in " + file_.options_.directory,
                              got < 0 ? errno : EIO);
            return false;
        }
        done += static_cast<std::size_t>(got);
    }
    next_block_ = load<std::uint64_t>(block_.data());
    used_ = load<std::uint32_t>(block_.data() + 8);
    at_ = 0;
    if (load<std::uint32_t>(block_.data() + 12) != partition_ ||
        used_ > block_.size() - header_bytes) {
        error_ = SpillError{SpillError::Kind::io,
                            "a file in " + file_.options_.directory + " was damaged"};
        return false;
    }
    return true;
}

bool SpillReader::read(char* to, std::size_t size) {
    while (size > 0) {
        if (at_ == used_ && !read_block()) {
            return false;
        }
        const std::size_t part = std::min(size, used_ - at_);
        std::memcpy(to, block_.data() + header_bytes + at_, part);
        at_ += part;
        to += part;
        size -= part;
    }
    return true;
}

std::optional<std::string_view> SpillReader::next() {
    char length[4];
    if (!read(length, sizeof length)) {
        return std::nullopt;
    }
    const std::size_t size = load<std::uint32_t>(length);
    if (size <= used_ - at_) {
        const std::string_view record{block_.data() + header_bytes + at_, size};
        at_ += size;
        return record;
    }
    record_.resize(size);
    if (!read(record_.data(), size)) {
        if (!error_) {
            error_ = SpillError{SpillError::Kind::io, "a record was cut off"};
        }
        return std::nullopt;
    }
    return record_;
}

}  // namespace checksum
