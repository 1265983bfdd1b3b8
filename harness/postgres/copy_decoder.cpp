#include "harness/postgres/copy_decoder.hpp"

#include "harness/postgres/wire_bytes.hpp"

#include <utility>

namespace harness::postgres {
namespace {

constexpr std::string_view signature{"PGCOPY\n\377\r\n\0", 11};
// Nothing has defined an extension of the header so far.
constexpr std::uint32_t longest_extension = 1U << 16;

}  // namespace

CopyDecoder::CopyDecoder(std::vector<FieldType> fields, checksum::Scale scale)
    : fields_{std::move(fields)}, decoder_{scale}, row_(fields_.size()) {}

void CopyDecoder::restart() noexcept {
    state_ = State::header;
    kept_.clear();
    rest_ = {};
    rest_is_kept_ = false;
}

void CopyDecoder::feed(std::string_view piece) {
    if (kept_.empty()) {
        rest_ = piece;
        rest_is_kept_ = false;
        return;
    }
    kept_ += piece;
    rest_ = kept_;
    rest_is_kept_ = true;
}

std::optional<std::span<const checksum::Value>> CopyDecoder::next() {
    if (state_ == State::header && !take_header()) {
        keep_rest();
        return std::nullopt;
    }
    if (state_ == State::rows && take_row()) {
        return row_;
    }
    if (state_ == State::finished && !rest_.empty()) {
        throw MalformedCopy{"the stream goes on after its end"};
    }
    keep_rest();
    return std::nullopt;
}

void CopyDecoder::keep_rest() {
    if (rest_.empty() && kept_.empty()) {
        return;
    }
    if (rest_is_kept_) {
        kept_.erase(0, kept_.size() - rest_.size());
    } else {
        kept_ = rest_;
    }
    rest_ = {};
    rest_is_kept_ = false;
}

bool CopyDecoder::take_header() {
    const auto begin = rest_.substr(0, signature.size());
    if (begin != signature.substr(0, begin.size())) {
        throw MalformedCopy{"the stream does not begin as COPY's binary format does"};
    }
    constexpr std::size_t fixed = signature.size() + 8;
    if (rest_.size() < fixed) {
        return false;
    }
    // The upper half tells of what a reader must understand (16: rows have oids, before 12).
    if ((load_big_endian<std::uint32_t>(rest_.data() + signature.size()) >> 16) != 0) {
        throw MalformedCopy{"the stream has a critical flag that is not known"};
    }
    const auto extension = load_big_endian<std::uint32_t>(rest_.data() + signature.size() + 4);
    if (extension > longest_extension) {
        throw MalformedCopy{"the stream's header is too long"};
    }
    if (rest_.size() - fixed < extension) {
        return false;
    }
    rest_.remove_prefix(fixed + extension);
    state_ = State::rows;
    return true;
}

// False: the row, or the trailer, has not come whole.
bool CopyDecoder::take_row() {
    const char* at = rest_.data();
    std::size_t left = rest_.size();
    if (left < 2) {
        return false;
    }
    const auto count = load_big_endian<std::int16_t>(at);
    at += 2;
    left -= 2;
    if (count == -1) {
        state_ = State::finished;
        rest_ = {at, left};
        return false;
    }
    if (count < 0 || static_cast<std::size_t>(count) != fields_.size()) {
        throw MalformedCopy{"a row has " + std::to_string(count) + " fields, not " +
                            std::to_string(fields_.size())};
    }
    arena_.clear();
    // Not by index: what is stored through characters might be the lists' own ends to the compiler.
    checksum::Value* to = row_.data();
    const FieldType* const end = fields_.data() + fields_.size();
    for (const FieldType* field = fields_.data(); field != end; ++field, ++to) {
        if (left < 4) {
            return false;
        }
        const auto length = load_big_endian<std::int32_t>(at);
        at += 4;
        left -= 4;
        if (length == -1) {
            checksum::assign(*to, checksum::null_value);
            continue;
        }
        if (length < 0 || length > longest_value) {
            throw MalformedCopy{"a field's length is " + std::to_string(length)};
        }
        const auto size = static_cast<std::size_t>(length);
        if (left < size) {
            return false;
        }
        try {
            decoder_.decode_into(*to, *field, {at, size}, arena_);
        } catch (const MalformedField& wrong) {
            throw MalformedCopy{"field " + std::to_string(field - fields_.data() + 1) + ": " +
                                wrong.what()};
        }
        at += size;
        left -= size;
    }
    rest_ = {at, left};
    return true;
}

}  // namespace harness::postgres
