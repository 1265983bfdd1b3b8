#include "harness/postgres/copy_stream.hpp"

#include "harness/postgres/errors.hpp"
#include "harness/postgres/wire_bytes.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>
#include <thread>
#include <utility>

#include <poll.h>
#include <sys/socket.h>

namespace harness::postgres {
namespace {

using database::Error;
using database::ErrorKind;
using database::Outage;

// What a Unix socket holds at most by default (net.core.rmem_default is 208 kB): one call takes
// all.
constexpr std::size_t usual_capacity = std::size_t{256} << 10;
// The server sends 8 kB at a time, and whoever waits for the socket is woken for each. Left alone
// for a moment it fills the socket: over 5 M rows of 130 bytes on two cores 5,000 context switches
// in place of 67,000, 0.15 s of system time in place of 0.32, and the scan takes 1.33 s, not 1.46.
constexpr std::chrono::microseconds gathering{300};
constexpr std::uint32_t longest_message = std::uint32_t{longest_value} + 16;

bool is_encrypted(PGconn* connection) {
    return PQsslInUse(connection) == 1 || PQgssEncInUse(connection) == 1;
}

// ErrorResponse: fields of a letter and a zero-terminated text, and a zero byte.
Error error_in(std::string_view message) {
    Error error;
    std::string routine;
    while (!message.empty() && message[0] != '\0') {
        const char field = message[0];
        message.remove_prefix(1);
        const std::size_t length = std::min(message.find('\0'), message.size());
        const std::string text{message.substr(0, length)};
        message.remove_prefix(std::min(length + 1, message.size()));
        switch (field) {
            case 'C':
                error.code = text;
                break;
            case 'M':
                error.message = text;
                break;
            case 'D':
                error.detail = scrub(text) + (error.detail.empty() ? "" : "\n" + error.detail);
                break;
            case 'W':
                error.detail += (error.detail.empty() ? "" : "\n") + scrub(text);
                break;
            case 'H':
                error.hint = scrub(text);
                break;
            case 'R':
                routine = text;
                break;
            default:
                break;
        }
    }
    error.kind = kind_of(error.code, routine, error.message);
    error.message = scrub(error.message);
    return error;
}

}  // namespace

CopyStream::CopyStream(TimedConnection& connection, Via via)
    : connection_{connection},
      direct_{via == Via::fastest && !is_encrypted(connection.get())},
      buffer_{std::make_unique<char[]>(usual_capacity)},
      capacity_{usual_capacity},
      begin_{buffer_.get()},
      end_{buffer_.get()} {}

std::uint32_t CopyStream::length_at(const char* at) noexcept {
    return load_big_endian<std::uint32_t>(at);
}

void CopyStream::lost(const std::string& why) {
    Error error;
    if (failure_) {
        error = *failure_;
    } else if (connection_.given_up()) {
        error = *connection_.given_up();
    } else {
        error.message = why;
    }
    error.kind = ErrorKind::connection_lost;
    throw Outage{error};
}

void CopyStream::start(const std::string& sql) {
    failure_.reset();
    flowing_ = false;
    if (direct_) {
        std::string message = "Q";
        append_big_endian<std::uint32_t>(message, static_cast<std::uint32_t>(4 + sql.size() + 1));
        message.append(sql.c_str(), sql.size() + 1);
        send(message);
        return;
    }
    if (PQsendQuery(connection_.get(), sql.c_str()) == 0) {
        throw Outage{connection_.error()};
    }
    const Result answer = connection_.next_result();
    if (PQresultStatus(answer.get()) != PGRES_COPY_OUT) {
        throw Outage{connection_.error(answer.get())};
    }
}

void CopyStream::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent =
            ::send(PQsocket(connection_.get()), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent > 0) {
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            if (!connection_.wait(POLLOUT)) {
                lost("the server took no statement");
            }
        } else if (errno != EINTR) {
            lost("the statement could not be sent: " + std::generic_category().message(errno));
        }
    }
}

// At least one byte more.
void CopyStream::receive() {
    bool may_gather = flowing_;
    for (;;) {
        const auto room = static_cast<std::size_t>(buffer_.get() + capacity_ - end_);
        const ssize_t came = recv(PQsocket(connection_.get()), end_, room, MSG_DONTWAIT);
        if (came > 0) {
            end_ += came;
            received_ += static_cast<std::uint64_t>(came);
            flowing_ = true;
            return;
        }
        if (came == 0) {
            lost("the server closed the connection in the middle of the data");
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            if (std::exchange(may_gather, false)) {
                std::this_thread::sleep_for(gathering);
            } else if (!connection_.wait(POLLIN)) {
                lost("the connection was lost in the middle of the data");
            }
        } else if (errno != EINTR) {
            lost("the connection was lost in the middle of the data: " +
                 std::generic_category().message(errno));
        }
    }
}

// So many bytes from begin_ on.
void CopyStream::require(std::size_t bytes) {
    auto have = static_cast<std::size_t>(end_ - begin_);
    if (have >= bytes) {
        return;
    }
    // A row of many megabytes had a buffer of its own.
    const std::size_t wanted = std::max(bytes, usual_capacity);
    if (wanted > capacity_ || (capacity_ > usual_capacity && wanted == usual_capacity)) {
        auto other = std::make_unique_for_overwrite<char[]>(wanted);
        std::memcpy(other.get(), begin_, have);
        buffer_ = std::move(other);
        capacity_ = wanted;
    } else {
        std::memmove(buffer_.get(), begin_, have);
    }
    begin_ = buffer_.get();
    end_ = begin_ + have;
    for (; have < bytes; have = static_cast<std::size_t>(end_ - begin_)) {
        receive();
    }
}

std::optional<std::string_view> CopyStream::next_message() {
    for (;;) {
        require(header_bytes);
        const char type = *begin_;
        const std::uint32_t length = length_at(begin_ + 1);
        if (length < 4 || length > longest_message) {
            lost("the server's answer is not of PostgreSQL's protocol");
        }
        require(std::size_t{length} + 1);
        const std::string_view data{begin_ + header_bytes, length - 4};
        begin_ += std::size_t{length} + 1;
        switch (type) {
            case 'd':  // CopyData
                return data;
            case 'E':  // ErrorResponse; after a fatal one the connection is closed
                if (!failure_) {
                    failure_ = error_in(data);
                }
                break;
            case 'Z':  // ReadyForQuery
                if (failure_) {
                    throw Outage{*failure_};
                }
                return std::nullopt;
            case 'H':  // CopyOutResponse
            case 'c':  // CopyDone
            case 'C':  // CommandComplete
            case 'N':  // NoticeResponse
            case 'A':  // NotificationResponse
            case 'S':  // ParameterStatus
                break;
            default:
                lost("the server's answer is not COPY's");
        }
    }
}

std::optional<std::string_view> CopyStream::next_of_libpq() {
    row_.reset();
    for (;;) {
        char* row = nullptr;
        const int length = PQgetCopyData(connection_.get(), &row, 1);
        if (length > 0) {
            row_.reset(row);
            received_ += static_cast<std::uint64_t>(length) + header_bytes;
            return std::string_view{row, static_cast<std::size_t>(length)};
        }
        if (length == 0) {
            if (!connection_.wait_for_input()) {
                lost("the connection was lost in the middle of the data");
            }
            continue;
        }
        if (length == -2) {
            throw Outage{connection_.error()};
        }
        while (const Result result = connection_.next_result()) {
            if (is_failure(result.get())) {
                throw Outage{connection_.error(result.get())};
            }
            if (PQstatus(connection_.get()) == CONNECTION_BAD) {
                lost("the connection was lost at the end of the data");
            }
        }
        return std::nullopt;
    }
}

}  // namespace harness::postgres
