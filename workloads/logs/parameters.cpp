#include "workloads/logs/parameters.hpp"

#include "workloads/letters.hpp"

#include <charconv>

namespace workloads::logs {
namespace {

constexpr ParameterList broken{ParameterState::broken, 0};

// A quoted value from its quote on; moves behind it. Quotes within are doubled, nothing else is
// escaped. Empty: never closed.
std::optional<std::string_view> take_quoted(std::string_view& text) {
    std::size_t at = 1;
    for (;;) {
        at = text.find('\'', at);
        if (at == std::string_view::npos) {
            return std::nullopt;
        }
        if (at + 1 >= text.size() || text[at + 1] != '\'') {
            const auto inner = text.substr(1, at - 1);
            text.remove_prefix(at + 1);
            return inner;
        }
        at += 2;
    }
}

std::string undoubled(std::string_view inner) {
    std::string value;
    value.reserve(inner.size());
    for (std::size_t i = 0; i < inner.size(); ++i) {
        value += inner[i];
        if (inner[i] == '\'') {
            ++i;
        }
    }
    return value;
}

// "$1 = 'a', $2 = NULL" and nothing behind it.
ParameterList read_list(std::string_view text, ParameterValues* values) {
    ParameterList read{ParameterState::whole, 0};
    for (;;) {
        std::size_t number = 0;
        if (!take(text, "$")) {
            return broken;
        }
        const auto digits = std::from_chars(text.data(), text.data() + text.size(), number);
        if (digits.ec != std::errc{} || number != read.count + 1) {
            return broken;
        }
        text.remove_prefix(static_cast<std::size_t>(digits.ptr - text.data()));
        if (!take(text, " = ")) {
            return broken;
        }
        if (text.starts_with('\'')) {
            const auto inner = take_quoted(text);
            if (!inner) {
                return broken;
            }
            if (inner->ends_with("...")) {
                read.state = ParameterState::perhaps_cut;
            }
            if (values != nullptr) {
                values->emplace_back(undoubled(*inner));
            }
        } else if (take(text, "NULL")) {
            if (values != nullptr) {
                values->emplace_back(std::nullopt);
            }
        } else {
            return broken;
        }
        ++read.count;
        if (text.empty()) {
            return read;
        }
        if (!take(text, ", ")) {
            return broken;
        }
    }
}

ParameterList of_detail(std::string_view detail, ParameterValues* values) {
    if (!take(detail, "parameters: ") && !take(detail, "Parameters: ")) {
        return {ParameterState::missing, 0};
    }
    return read_list(detail, values);
}

// The list that the callback of a portal adds; it is the outermost, so the last of the lines, but
// its values may hold lines themselves, and a line of an inner context may look like one. It is
// the first that reads to the very end.
ParameterList of_context(std::string_view context, ParameterValues* values) {
    constexpr std::string_view mark = "portal with parameters: $1 = ";
    constexpr std::string_view named_mark = "\" with parameters: $1 = ";
    // One that the type's input function refused; the others are not said.
    constexpr std::string_view refused_mark = "portal parameter $1 = ";
    constexpr std::size_t longest_name = 1'000;
    constexpr int most_tries =
        100;  // each reads to the end: hostile lines must not cost their square
    ParameterList read;
    std::size_t line = 0;
    for (int tries = 0; tries < most_tries && line < context.size();) {
        const auto text = context.substr(line);
        std::size_t list = std::string_view::npos;
        if (text.starts_with("unnamed ") && text.substr(8).starts_with(mark)) {
            list = 8 + mark.size() - 5;
        } else if (text.starts_with("unnamed ") && text.substr(8).starts_with(refused_mark)) {
            list = 8 + refused_mark.size() - 5;
        } else if (text.starts_with("portal \"")) {
            const auto end = text.substr(0, longest_name).find(named_mark);
            list = end == std::string_view::npos ? end : end + named_mark.size() - 5;
        }
        if (list != std::string_view::npos) {
            ++tries;
            read = read_list(text.substr(list), values);
            if (read.state != ParameterState::broken) {
                return read;
            }
            if (values != nullptr) {
                values->clear();
            }
        }
        const auto end = context.find('\n', line);
        line = end == std::string_view::npos ? context.size() : end + 1;
    }
    return read;
}

}  // namespace

ParameterList read_parameters(const LogEntry& entry, ParameterValues* values) {
    if (values != nullptr) {
        values->clear();
    }
    auto read = of_detail(entry.detail, values);
    if (read.state == ParameterState::missing && !entry.context.empty()) {
        read = of_context(entry.context, values);
    }
    if (read.state == ParameterState::broken && values != nullptr) {
        values->clear();
    }
    return read;
}

std::string_view prepared_by(const LogEntry& entry) {
    auto detail = entry.detail;
    return take(detail, "prepare: ") || take(detail, "Prepare: ") ? detail : std::string_view{};
}

}  // namespace workloads::logs
