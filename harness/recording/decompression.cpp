#include "harness/recording/decompression.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <stdexcept>

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

namespace harness::recording {
namespace {

constexpr std::size_t chunk = 1U << 20;
constexpr const char* cut_off = "it is cut off";

class UnnamedFile {
public:
    explicit UnnamedFile(const std::filesystem::path& folder) : folder_{folder.string()} {
        std::string path = folder_ + "/rehearse-log-XXXXXX";
        file_ = ::mkostemp(path.data(), O_CLOEXEC);  // 0600
        if (file_ < 0) {
            fail("cannot be written", errno);
        }
        ::unlink(path.c_str());
    }
    ~UnnamedFile() {
        if (file_ >= 0) {
            ::close(file_);
        }
    }
    UnnamedFile(const UnnamedFile&) = delete;
    UnnamedFile& operator=(const UnnamedFile&) = delete;

    void write(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t written = ::write(file_, bytes.data(), bytes.size());
            if (written < 0 && errno != EINTR) {
                fail("a compressed log cannot be unpacked there", errno);
            }
            bytes.remove_prefix(written < 0 ? 0 : static_cast<std::size_t>(written));
        }
    }
    [[nodiscard]] int release() {
        const int file = file_;
        file_ = -1;
        return file;
    }

private:
    [[noreturn]] void fail(const char* what, int error) const {
        throw std::runtime_error{folder_ + ": " + what + ": " + std::strerror(error) +
                                 "; TMPDIR names another folder"};
    }

    std::string folder_;
    int file_ = -1;
};

// Gives why the rest could not be had.
std::string inflate_all(std::string_view compressed, UnnamedFile& out,
                        const std::function<void(std::uint64_t)>& progress) {
    z_stream stream{};
    constexpr int gzip_alone = 15 + 16;
    if (::inflateInit2(&stream, gzip_alone) != Z_OK) {
        throw std::bad_alloc{};
    }
    const std::unique_ptr<z_stream, int (*)(z_stream*)> end{&stream, ::inflateEnd};
    const auto buffer = std::make_unique<char[]>(chunk);
    std::size_t at = 0;
    while (at < compressed.size()) {
        const std::size_t given = std::min(chunk, compressed.size() - at);
        stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data() + at));
        stream.avail_in = static_cast<uInt>(given);
        int status = Z_OK;
        do {
            stream.next_out = reinterpret_cast<Bytef*>(buffer.get());
            stream.avail_out = chunk;
            status = ::inflate(&stream, Z_NO_FLUSH);
            out.write({buffer.get(), chunk - stream.avail_out});
        } while (status == Z_OK && (stream.avail_in > 0 || stream.avail_out == 0));
        at += given - stream.avail_in;
        progress(at);
        if (status == Z_STREAM_END) {
            const std::string_view rest = compressed.substr(at);
            if (compression_of(rest) != Compression::gzip) {
                const bool padding = rest.find_first_not_of('\0') == std::string_view::npos;
                return padding ? "" : "what follows its compressed data is none";
            }
            ::inflateReset(&stream);
        } else if (status != Z_OK && status != Z_BUF_ERROR) {
            return "its compressed data is damaged (" +
                   std::string{stream.msg != nullptr ? stream.msg : "zlib"} + ")";
        }
    }
    return cut_off;
}

std::string expand_all(std::string_view compressed, UnnamedFile& out,
                       const std::function<void(std::uint64_t)>& progress) {
    const std::unique_ptr<ZSTD_DStream, std::size_t (*)(ZSTD_DStream*)> stream{
        ::ZSTD_createDStream(), ::ZSTD_freeDStream};
    if (!stream) {
        throw std::bad_alloc{};
    }
    const auto buffer = std::make_unique<char[]>(chunk);
    ZSTD_inBuffer in{compressed.data(), 0, 0};
    std::size_t left = 0;  // of the frame; 0: it is whole
    while (in.pos < compressed.size()) {
        in.size = std::min(in.pos + chunk, compressed.size());
        bool full = true;
        while (in.pos < in.size || full) {
            ZSTD_outBuffer to{buffer.get(), chunk, 0};
            left = ::ZSTD_decompressStream(stream.get(), &to, &in);
            if (::ZSTD_isError(left) != 0U) {
                if (::ZSTD_getErrorCode(left) == ZSTD_error_frameParameter_windowTooLarge) {
                    return "it was compressed with a window that takes too much memory (unpack it "
                           "with zstd -d --long=31 and give what comes out)";
                }
                return "its compressed data is damaged (" + std::string{::ZSTD_getErrorName(left)} +
                       ")";
            }
            out.write({buffer.get(), to.pos});
            full = to.pos == to.size && left != 0;
        }
        progress(in.pos);
    }
    return left == 0 ? "" : cut_off;
}

}  // namespace

Compression compression_of(std::string_view start) noexcept {
    if (start.starts_with("\x1F\x8B")) {
        return Compression::gzip;
    }
    // pzstd begins with a frame to skip.
    const bool to_skip =
        start.size() >= 4 && (start[0] & 0xF0) == 0x50 && start.substr(1, 3) == "\x2A\x4D\x18";
    return to_skip || start.starts_with("\x28\xB5\x2F\xFD") ? Compression::zstd : Compression::none;
}

Decompressed decompress(std::string_view compressed, Compression compression,
                        const std::filesystem::path& folder,
                        const std::function<void(std::uint64_t)>& progress) {
    UnnamedFile out{folder};
    Decompressed done;
    done.damage = compression == Compression::gzip ? inflate_all(compressed, out, progress)
                                                   : expand_all(compressed, out, progress);
    done.file = out.release();
    return done;
}

}  // namespace harness::recording
