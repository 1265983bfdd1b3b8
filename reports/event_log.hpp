// events.ndjson: one JSON object a line for whatever happened, in the order in which it was told.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace reports {

struct EventField {
    // Texts need not outlive the call.
    using Value = std::variant<std::string_view, double, std::int64_t, std::uint64_t, bool>;

    EventField(std::string_view field, std::string_view text) : name{field}, value{text} {}
    EventField(std::string_view field, const std::string& text)
        : name{field}, value{std::string_view{text}} {}
    EventField(std::string_view field, const char* text)
        : name{field}, value{std::string_view{text}} {}
    EventField(std::string_view field, double number) : name{field}, value{number} {}
    EventField(std::string_view field, bool truth) : name{field}, value{truth} {}
    EventField(std::string_view field, int number) : name{field}, value{std::int64_t{number}} {}
    EventField(std::string_view field, std::int64_t number) : name{field}, value{number} {}
    EventField(std::string_view field, std::uint64_t number) : name{field}, value{number} {}
    EventField(std::string_view field, std::uint32_t number)
        : name{field}, value{std::uint64_t{number}} {}

    std::string_view name;
    Value value;
};

// {"time_s":1.25,"type":"step_started","step":"add the column"} and a line feed. Numbers that are
// not finite become null, broken UTF-8 becomes U+FFFD.
[[nodiscard]] std::string event_line(double time_s, std::string_view type,
                                     std::initializer_list<EventField> fields = {});

}  // namespace reports
