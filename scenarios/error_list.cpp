#include "scenarios/error_list.hpp"

#include <algorithm>
#include <tuple>

namespace scenarios {

std::string Error::text() const {
    std::string out = file.string();
    if (place.line > 0) {
        out += ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
    }
    return out + ": " + message;
}

void ErrorList::add(const Origin& origin, std::string message) {
    if (!origin.set_by.empty()) {
        message = "--set " + origin.set_by + ": " + message;
    }
    errors_.push_back({scenario_file_, origin.place, std::move(message)});
}

void ErrorList::add_in(const std::filesystem::path& file, Place place, std::string message) {
    errors_.push_back({file, place, std::move(message)});
}

std::vector<Error> ErrorList::sorted() const {
    const auto key = [this](const Error& error) {
        return std::tuple{error.file != scenario_file_, error.file.native(), error.place.line,
                          error.place.column};
    };
    auto errors = errors_;
    std::stable_sort(errors.begin(), errors.end(),
                     [&](const Error& a, const Error& b) { return key(a) < key(b); });
    const auto same = [&](const Error& a, const Error& b) {
        return key(a) == key(b) && a.message == b.message;
    };
    errors.erase(std::unique(errors.begin(), errors.end(), same), errors.end());
    return errors;
}

std::string shown(std::string_view value) {
    constexpr std::size_t longest = 60;
    std::string out = "`";
    std::size_t taken = 0;
    for (; taken < value.size(); ++taken) {
        const auto byte = static_cast<unsigned char>(value[taken]);
        const bool starts_character = (byte & 0xC0) != 0x80;
        if (taken >= longest && starts_character) {
            break;
        }
        out += byte < 0x20 || byte == 0x7F ? ' ' : value[taken];
    }
    out += taken < value.size() ? "...`" : "`";
    return out;
}

}  // namespace scenarios
