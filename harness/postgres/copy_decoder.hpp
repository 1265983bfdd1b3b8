// The stream of COPY ... TO STDOUT (FORMAT binary), taken apart. No I/O: it is fed pieces of any
// size.
//
//   11 bytes signature · int32 flags · int32 n · n bytes
//   per row: int16 fields · per field: int32 length (-1: NULL) · bytes
//   int16 -1
// All integers big-endian (PostgreSQL's documentation of COPY, "Binary Format").
#pragma once

#include "harness/postgres/field_decoder.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace harness::postgres {

class MalformedCopy : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// A piece that ends between two rows, as the server's messages do, is read where it stands; what is
// left of another is kept until the next one. Allocates nothing per row.
class CopyDecoder {
public:
    CopyDecoder(std::vector<FieldType> fields, checksum::Scale scale);

    // Requires that next() has given nothing since the last one. The piece must stay until it does
    // again.
    void feed(std::string_view piece);

    // The next whole row, or nothing: feed more. The values refer to the piece and to memory of the
    // decoder's; they stay until the next call. Throws MalformedCopy; after that, only restart().
    [[nodiscard]] std::optional<std::span<const checksum::Value>> next();

    // The trailer came: the stream is whole.
    [[nodiscard]] bool finished() const noexcept { return state_ == State::finished; }
    // For another stream of the same columns.
    void restart() noexcept;

private:
    enum class State : std::uint8_t { header, rows, finished };

    bool take_header();
    bool take_row();
    void keep_rest();

    std::vector<FieldType> fields_;
    FieldDecoder decoder_;
    checksum::Arena arena_;
    std::vector<checksum::Value> row_;
    State state_ = State::header;
    std::string kept_;       // the beginning of what did not end with its piece
    std::string_view rest_;  // of the piece, or of kept_
    bool rest_is_kept_ = false;
};

}  // namespace harness::postgres
