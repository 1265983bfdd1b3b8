#include "scenarios/suggestion.hpp"

#include <algorithm>
#include <vector>

namespace scenarios {
namespace {

char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Optimal string alignment distance; case does not count.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), now(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) {
        last[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        now[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const bool same = lower(a[i - 1]) == lower(b[j - 1]);
            now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                lower(a[i - 2]) == lower(b[j - 1])) {
                now[j] = std::min(now[j], before[j - 2] + 1);
            }
        }
        before.swap(last);
        last.swap(now);
    }
    return last[b.size()];
}

}  // namespace

std::optional<std::string_view> nearest(std::string_view written,
                                        std::span<const std::string_view> known) {
    constexpr std::size_t longest_name = 100;  // the distance costs the product of both lengths
    if (written.empty() || written.size() > longest_name) {
        return std::nullopt;
    }
    std::optional<std::string_view> best;
    std::size_t best_distance = std::max<std::size_t>(written.size() / 3, 1) + 1;
    for (const auto name : known) {
        const auto d = distance(written, name);
        // A change of every letter is no likeness.
        if (d < best_distance && d < std::max(written.size(), name.size())) {
            best = name;
            best_distance = d;
        }
    }
    return best;
}

std::string listed(std::span<const std::string_view> names, std::string_view last_word) {
    std::string out;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (i > 0) {
            out += i + 1 == names.size() ? " " + std::string{last_word} + " " : ", ";
        }
        out += "`" + std::string{names[i]} + "`";
    }
    return out;
}

std::string suggestion(std::string_view written, std::span<const std::string_view> known) {
    if (const auto name = nearest(written, known)) {
        return "; did you mean `" + std::string{*name} + "`?";
    }
    constexpr std::size_t most_listed = 40;
    if (known.empty() || known.size() > most_listed) {
        return "";
    }
    return "; known are " + listed(known);
}

}  // namespace scenarios
