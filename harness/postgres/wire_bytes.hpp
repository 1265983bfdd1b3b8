// What the server's protocols are made of: big-endian integers, and bytes that are never read past
// their end.
#pragma once

#include "checksum/bytes.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace harness::postgres {

// MaxAllocSize: no value of the server's is longer.
inline constexpr std::int32_t longest_value = 0x3FFFFFFF;

template <typename Integer>
[[nodiscard]] Integer load_big_endian(const char* from) noexcept {
    return checksum::swap_bytes(checksum::load<Integer>(from));
}

template <typename Integer>
void append_big_endian(std::string& to, std::type_identity_t<Integer> value) {
    checksum::append<Integer>(to, checksum::swap_bytes(value));
}

// What is left of a message or of a field. `Derived` knows which, and throws in
// refuse(const std::string& what) const.
template <typename Derived>
class WireInput {
public:
    [[nodiscard]] std::size_t left() const noexcept { return rest_.size(); }
    [[nodiscard]] std::string_view take(std::size_t size) {
        if (size > rest_.size()) {
            refuse("it ends early");
        }
        const auto taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }
    template <typename Integer>
    [[nodiscard]] Integer integer() {
        return load_big_endian<Integer>(take(sizeof(Integer)).data());
    }
    void require_end() const {
        if (!rest_.empty()) {
            refuse(std::to_string(rest_.size()) + " bytes are too many");
        }
    }

protected:
    explicit WireInput(std::string_view bytes) noexcept : rest_{bytes} {}
    [[nodiscard]] std::string_view rest() const noexcept { return rest_; }

private:
    [[noreturn]] void refuse(const std::string& what) const {
        static_cast<const Derived&>(*this).refuse(what);
    }

    std::string_view rest_;
};

}  // namespace harness::postgres
