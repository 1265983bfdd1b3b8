#include "reports/exposition.hpp"

#include "reports/text.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace reports {

namespace {

constexpr std::size_t label_columns = 200;

std::string escaped(const std::string& value) {
    std::string out;
    for (const char c : fitted(one_line(value), label_columns)) {
        if (c == '\\' || c == '"') {
            out += '\\';
        }
        out += c;
    }
    return out;
}

std::string label_text(const Exposition::Labels& labels) {
    std::string out;
    for (const auto& [name, value] : labels) {
        out += (out.empty() ? "" : ",") + std::string{name} + "=\"" + escaped(value) + '"';
    }
    return out;
}

std::string number_text(double value) {
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    return {digits.data(), end};
}

}  // namespace

void Exposition::family(const char* name, const char* type, const char* unit, const char* help) {
    name_ = name;
    series_.clear();
    heading_ = "# TYPE " + name_ + ' ' + type + '\n';
    heading_ += *unit == '\0' ? "" : "# UNIT " + name_ + ' ' + unit + '\n';
    heading_ += "# HELP " + name_ + ' ' + help + '\n';
}

void Exposition::sample(const char* suffix, const Labels& labels, double value) {
    if (!std::isfinite(value)) {
        return;
    }
    text_ += std::exchange(heading_, {});
    auto inside = label_text(labels);
    if (const int before = series_[suffix + inside]++; before > 0) {
        inside += (inside.empty() ? "" : ",") + std::string{"again=\""} +
                  std::to_string(before + 1) + '"';
    }
    text_ += name_ + suffix + (inside.empty() ? "" : '{' + inside + '}') + ' ' +
             number_text(value) + '\n';
}

void Exposition::states(const Labels& labels, const std::vector<const char*>& all,
                        const std::string& now) {
    for (const char* state : all) {
        auto of_state = labels;
        const auto name = name_;
        of_state.emplace_back(name.c_str(), state);
        sample(of_state, now == state ? 1 : 0);
    }
}

}  // namespace reports
