// Inside of html_data.cpp and chart_locks.cpp: compact JSON of whole numbers and numbered texts.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace reports::charts {

class Writer {
public:
    Writer& open(char bracket);
    Writer& close(char bracket);
    Writer& key(const char* name);  // plain letters
    Writer& number(std::int64_t value);
    Writer& null();
    Writer& text(std::string_view text);
    Writer& numbers(const std::vector<std::uint32_t>& values);
    [[nodiscard]] const std::string& text() const noexcept { return out_; }

private:
    void separate();

    std::string out_;
};

// Each text once, harmless and on one line, cut where it would not be shown whole anyway.
class Strings {
public:
    [[nodiscard]] std::int64_t number_of(std::string_view text);
    void put(Writer& out) const;  // as "strings"

private:
    std::map<std::string, std::int64_t, std::less<>> numbers_, asked_;
    std::vector<std::string> texts_;
    std::size_t bytes_ = 0;
};

// Of the run's clock; what is no time is 0.
[[nodiscard]] std::int64_t ms_of(double s);

}  // namespace reports::charts
