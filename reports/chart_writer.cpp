#include "reports/chart_writer.hpp"

#include "reports/text.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include <nlohmann/json.hpp>

namespace reports::charts {

namespace {

constexpr std::size_t text_columns = 160;
constexpr std::size_t text_bytes = 4'000;     // that one is cut from
constexpr std::size_t all_bytes = 1'000'000;  // then no new ones: shown as an ellipsis
constexpr const char* ellipsis = "\xE2\x80\xA6";

}  // namespace

void Writer::separate() {
    if (!out_.empty() && out_.back() != '[' && out_.back() != '{' && out_.back() != ':') {
        out_ += ',';
    }
}

Writer& Writer::open(char bracket) {
    separate();
    out_ += bracket;
    return *this;
}

Writer& Writer::close(char bracket) {
    out_ += bracket;
    return *this;
}

Writer& Writer::key(const char* name) {
    separate();
    out_ += '"';
    out_ += name;
    out_ += "\":";
    return *this;
}

Writer& Writer::number(std::int64_t value) {
    separate();
    std::array<char, 24> buffer{};
    out_.append(buffer.data(),
                std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr);
    return *this;
}

Writer& Writer::null() {
    separate();
    out_ += "null";
    return *this;
}

Writer& Writer::text(std::string_view text) {
    separate();
    out_ += nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
    return *this;
}

Writer& Writer::numbers(const std::vector<std::uint32_t>& values) {
    open('[');
    for (const auto value : values) {
        number(value);
    }
    return close(']');
}

std::int64_t Strings::number_of(std::string_view text) {
    text = text.substr(0, text_bytes);
    // A hundred thousand waits ask for a hundred names: each is made harmless once.
    if (const auto known = asked_.find(text); known != asked_.end()) {
        return known->second;
    }
    auto shown = fitted(one_line(text), text_columns);
    if (bytes_ + shown.size() > all_bytes && !numbers_.contains(shown)) {
        shown = ellipsis;
    }
    const auto [at, added] = numbers_.try_emplace(shown, static_cast<std::int64_t>(texts_.size()));
    if (added) {
        bytes_ += shown.size();
        texts_.push_back(std::move(shown));
        asked_.emplace(text, at->second);
    }
    return at->second;
}

void Strings::put(Writer& out) const {
    out.key("strings").open('[');
    for (const auto& text : texts_) {
        out.text(text);
    }
    out.close(']');
}

std::int64_t ms_of(double s) {
    constexpr double most = 1e12;
    return std::isfinite(s) && std::abs(s) < most ? std::llround(s * 1e3) : 0;
}

}  // namespace reports::charts
