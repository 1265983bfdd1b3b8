#include "workloads/recording.hpp"

namespace workloads {

std::optional<std::int64_t> Event::duration_us() const noexcept {
    if (duration_ == unknown_duration) {
        return std::nullopt;
    }
    return (duration_ & in_ms) != 0 ? std::int64_t{duration_ & ~in_ms} * 1'000
                                    : std::int64_t{duration_};
}

void Event::set_duration(std::int64_t us) noexcept {
    if (us < 0) {
        duration_ = unknown_duration;
    } else if (us < std::int64_t{in_ms}) {
        duration_ = static_cast<std::uint32_t>(us);
    } else if (us / 1'000 < std::int64_t{unknown_duration & ~in_ms}) {
        duration_ = in_ms | static_cast<std::uint32_t>(us / 1'000);
    } else {
        duration_ = unknown_duration;
    }
}

Place Event::place() const noexcept {
    constexpr std::uint64_t offset_bits = (std::uint64_t{1} << 48U) - 1;
    return {static_cast<std::uint16_t>(place_ >> 48U), place_ & offset_bits};
}

void Event::set_place(Place place) noexcept {
    place_ = std::uint64_t{place.file} << 48U | place.offset;
}

void Event::set_kind(logs::Protocol protocol, logs::StatementKind kind) noexcept {
    bits_ = static_cast<std::uint8_t>(static_cast<unsigned>(protocol) << 5U |
                                      static_cast<unsigned>(kind));
}

}  // namespace workloads
