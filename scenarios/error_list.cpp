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

namespace {

std::string doubt(const std::string& parser_message) {
    return "libpg_query does not know this syntax (" + parser_message + "); the server decides";
}

}  // namespace

Error ErrorList::at(const Origin& origin, std::string message) const {
    if (!origin.set_by.empty()) {
        message = "--set " + origin.set_by + ": " + message;
    }
    return {scenario_file_, origin.place, std::move(message)};
}

void ErrorList::add(const Origin& origin, std::string message) {
    errors_.push_back(at(origin, std::move(message)));
}

void ErrorList::add_in(const std::filesystem::path& file, Place place, std::string message) {
    errors_.push_back({file, place, std::move(message)});
}

void ErrorList::add_doubt(const Origin& origin, const std::string& parser_message) {
    doubts_.push_back(at(origin, doubt(parser_message)));
}

void ErrorList::add_doubt_in(const std::filesystem::path& file, Place place,
                             const std::string& parser_message) {
    doubts_.push_back({file, place, doubt(parser_message)});
}

void ErrorList::add_remark(const Origin& origin, std::string sentence) {
    doubts_.push_back(at(origin, std::move(sentence)));
}

std::vector<Error> ErrorList::sorted(std::vector<Error> errors) const {
    const auto key = [this](const Error& error) {
        return std::tuple{error.file != scenario_file_, error.file.native(), error.place.line,
                          error.place.column};
    };
    std::stable_sort(errors.begin(), errors.end(),
                     [&](const Error& a, const Error& b) { return key(a) < key(b); });
    const auto same = [&](const Error& a, const Error& b) {
        return key(a) == key(b) && a.message == b.message;
    };
    errors.erase(std::unique(errors.begin(), errors.end(), same), errors.end());
    return errors;
}

std::vector<Error> ErrorList::sorted_with_doubts() const {
    auto all = errors_;
    all.insert(all.end(), doubts_.begin(), doubts_.end());
    return sorted(std::move(all));
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
