#include "workloads/conflicts/row_values.hpp"

#include "workloads/letters.hpp"

#include <algorithm>

#include <xxhash.h>

namespace workloads::conflicts {
namespace {

using synthesis::TypeClass;

constexpr std::size_t uuid_digits = 32;

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && is_space(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_space(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

std::optional<std::string> integer(std::string_view text) {
    text = trimmed(text);
    std::string out;
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
        out = text[0] == '-' ? "-" : "";
        text.remove_prefix(1);
    }
    if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) {
        return std::nullopt;
    }
    while (text.size() > 1 && text[0] == '0') {
        text.remove_prefix(1);
    }
    return text == "0" ? "0" : out.append(text);
}

std::optional<std::string> uuid(std::string_view text) {
    std::string out;
    for (const char c : trimmed(text)) {
        if (c == '-' || c == '{' || c == '}') {
            continue;
        }
        const char digit = lower(c);
        if (!is_digit(digit) && (digit < 'a' || digit > 'f')) {
            return std::nullopt;
        }
        out += digit;
    }
    return out.size() == uuid_digits ? std::optional{out} : std::nullopt;
}

}  // namespace

bool tells_rows_apart(TypeClass type) noexcept {
    return type == TypeClass::integer || type == TypeClass::uuid || type == TypeClass::text;
}

std::optional<std::string> canonical(std::string_view value, TypeClass type) {
    switch (type) {
        case TypeClass::integer:
            return integer(value);
        case TypeClass::uuid:
            return uuid(value);
        case TypeClass::text: {
            while (!value.empty() && value.back() == ' ') {
                value.remove_suffix(1);
            }
            std::string out{value};
            std::transform(out.begin(), out.end(), out.begin(), lower);
            return out;
        }
        default:
            return std::nullopt;
    }
}

std::optional<std::vector<std::string>> elements(std::string_view array) {
    if (array.size() < 2 || array.front() != '{' || array.back() != '}') {
        return std::nullopt;
    }
    array = array.substr(1, array.size() - 2);
    std::vector<std::string> found;
    while (!array.empty()) {
        const auto comma = std::min(array.find(','), array.size());
        const auto element = trimmed(array.substr(0, comma));
        if (element.empty() || element.find_first_of("\"\\{}") != std::string_view::npos ||
            element == "NULL" || element == "null") {
            return std::nullopt;
        }
        found.emplace_back(element);
        array.remove_prefix(std::min(comma + 1, array.size()));
    }
    return found;
}

std::uint64_t hash_of_row(const std::vector<std::string>& values) noexcept {
    std::uint64_t hash = values.size();
    for (const auto& value : values) {
        hash = XXH3_64bits_withSeed(value.data(), value.size(), hash);
    }
    return hash;
}

}  // namespace workloads::conflicts
