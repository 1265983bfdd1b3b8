// The answer to COPY ... TO STDOUT, message by message, read off the socket in large pieces.
//
// libpq's PQgetCopyData allocates and copies each message, that is each row: for 5 M rows of 130
// bytes that is a third of the whole client's CPU. Without TLS or GSSAPI the protocol's messages
// are read here instead, straight from the socket of a connection that libpq believes to be idle:
// the query is written, and everything up to ReadyForQuery read, without libpq. Where the bytes are
// encrypted, libpq reads them.
#pragma once

#include "harness/database/error.hpp"
#include "harness/postgres/timed_connection.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace harness::postgres {

// One thread at a time. After an error the connection is of no more use.
class CopyStream {
public:
    enum class Via : std::uint8_t { fastest, libpq };

    // The connection must be idle, outlive this, and be used by nobody else while a copy runs.
    explicit CopyStream(TimedConnection& connection, Via via = Via::fastest);

    // Sends the statement. Throws database::Outage.
    void start(const std::string& sql);
    // The next message's data, valid until the next call; nothing after the last, when the server
    // is ready for another statement. Throws database::Outage.
    [[nodiscard]] std::optional<std::string_view> next() {
        // Most messages are data and lie in the buffer already.
        if (direct_ && static_cast<std::size_t>(end_ - begin_) >= header_bytes && *begin_ == 'd') {
            const std::uint32_t length = length_at(begin_ + 1);
            if (length >= 4 && static_cast<std::size_t>(end_ - begin_) > length) {
                const char* const data = begin_ + header_bytes;
                begin_ += length + 1;
                return std::string_view{data, length - 4};
            }
        }
        return direct_ ? next_message() : next_of_libpq();
    }

    [[nodiscard]] std::uint64_t bytes_received() const noexcept { return received_; }

private:
    static constexpr std::size_t header_bytes = 5;  // a letter and the length, itself included

    [[nodiscard]] static std::uint32_t length_at(const char* at) noexcept;
    std::optional<std::string_view> next_message();
    std::optional<std::string_view> next_of_libpq();
    void require(std::size_t bytes);
    void receive();
    void send(std::string_view bytes);
    [[noreturn]] void lost(const std::string& why);

    TimedConnection& connection_;
    bool direct_;
    std::unique_ptr<char[]> buffer_;
    std::size_t capacity_;
    char* begin_;
    char* end_;
    std::uint64_t received_ = 0;
    bool flowing_ = false;                    // the running answer has begun
    std::optional<database::Error> failure_;  // told by the server; the end of its answer follows
    struct FreeRow {
        void operator()(char* row) const noexcept { PQfreemem(row); }
    };
    std::unique_ptr<char, FreeRow> row_;  // libpq's
};

}  // namespace harness::postgres
