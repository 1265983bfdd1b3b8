// Messages that have come and are not to be looked at yet, first in, first out, in one piece of
// memory. No I/O.
#pragma once

#include "checksum/bytes.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace harness::postgres {

class HeldMessages {
public:
    void push(std::string_view message) {
        checksum::append<std::uint32_t>(bytes_, static_cast<std::uint32_t>(message.size()));
        bytes_ += message;
    }
    // Valid until the next push() or pop().
    [[nodiscard]] std::optional<std::string_view> front() const {
        if (at_ == bytes_.size()) {
            return std::nullopt;
        }
        return std::string_view{bytes_}.substr(at_ + length_bytes,
                                               checksum::load<std::uint32_t>(bytes_.data() + at_));
    }
    // Requires a front.
    void pop() {
        at_ += length_bytes + checksum::load<std::uint32_t>(bytes_.data() + at_);
        if (at_ == bytes_.size()) {
            bytes_.clear();
            at_ = 0;
        } else if (at_ > bytes_.size() / 2 && at_ > worth_moving) {
            bytes_.erase(0, at_);
            at_ = 0;
        }
    }
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_.size() - at_; }

private:
    static constexpr std::size_t length_bytes = 4;
    static constexpr std::size_t worth_moving = std::size_t{1} << 20;

    std::string bytes_;
    std::size_t at_ = 0;
};

}  // namespace harness::postgres
