#include "workloads/keys/sequence_places.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace workloads::keys {
namespace {

// "7 ? ? 10 | 12": draws in their order, known, unknown, or a break. The guesses as "1=8 2=9".
std::string guessed(const std::string& text) {
    std::vector<Draw> draws;
    std::size_t at = 0;
    while (at < text.size()) {
        const auto end = std::min(text.find(' ', at), text.size());
        const auto word = text.substr(at, end - at);
        Draw draw;
        draw.is_break = word == "|";
        if (word != "|" && word != "?") {
            draw.value = std::stoll(word);
        }
        draws.push_back(draw);
        at = end + 1;
    }
    std::string out;
    for (const auto& guess : guessed_places(draws)) {
        out += (out.empty() ? "" : " ") + std::to_string(guess.draw) + "=" +
               std::to_string(guess.value);
    }
    return out;
}

TEST(SequencePlaces, AreTakenWhereAsManyValuesAsDrawsLieBetweenTwoKnownOnes) {
    EXPECT_EQ(guessed("7 ? ? 10"), "1=8 2=9");
    EXPECT_EQ(guessed("7 ? 9 ? 11"), "1=8 3=10");
    EXPECT_EQ(guessed("? 7 8 ?"), "");  // nothing tells where it began or ended
    EXPECT_EQ(guessed("7 ? 10"), "");   // somebody else drew one
    EXPECT_EQ(guessed("7 ? 8"), "");    // drawn in another order than begun
    EXPECT_EQ(guessed("10 ? 7 ? 9"), "3=8");
    EXPECT_EQ(guessed("7 | ? 9"), "");
    EXPECT_EQ(guessed("7 ? | 9"), "");
    EXPECT_EQ(guessed(""), "");
    EXPECT_EQ(guessed("-9223372036854775808 ? 9223372036854775807"), "");
}

TEST(LongestAscent, KeepsMostOfWhatAscends) {
    const auto values_of = [](const std::vector<std::int64_t>& values) {
        std::vector<std::int64_t> kept;
        for (const auto index : longest_ascent(values)) {
            kept.push_back(values[index]);
        }
        return kept;
    };
    EXPECT_EQ(values_of({}), std::vector<std::int64_t>{});
    EXPECT_EQ(values_of({5}), std::vector<std::int64_t>{5});
    EXPECT_EQ(values_of({1, 900, 2, 3, 77, 4}), (std::vector<std::int64_t>{1, 2, 3, 4}));
    EXPECT_EQ(values_of({3, 3, 3}).size(), 1U);
    EXPECT_EQ(values_of({9, 8, 7}).size(), 1U);
}

}  // namespace
}  // namespace workloads::keys
