#include "workloads/values.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace workloads {
namespace {

Generator generator(std::string_view text) {
    auto result = Generator::parse(text);
    if (const auto* error = std::get_if<TextError>(&result)) {
        throw std::runtime_error{error->message};
    }
    return std::get<Generator>(result);
}

std::string draw(const Generator& from, Random& random, std::uint64_t index = 0,
                 std::int64_t wall_clock_us = 0) {
    DrawContext context{random, index, wall_clock_us};
    std::string out;
    from.draw(context, out);
    return out;
}

std::string draw_at(std::int64_t wall_clock_us) {
    Random random{1, 1};
    return draw(generator("now()"), random, 0, wall_clock_us);
}

TEST(Generator, AppendsToWhatIsThere) {
    Random random{1, 1};
    DrawContext context{random, 5, 0};
    std::string out = "id=";
    generator("sequence(10)").draw(context, out);
    EXPECT_EQ(out, "id=15");
}

TEST(Generator, WritesEveryIntegerInFull) {
    Random random{1, 1};
    EXPECT_EQ(draw(generator("uniform(-9223372036854775808, -9223372036854775808)"), random),
              "-9223372036854775808");
    EXPECT_EQ(draw(generator("zipfian(42, 42, 1)"), random), "42");
    EXPECT_EQ(draw(generator("gaussian(-42, -42, 3)"), random), "-42");
    EXPECT_EQ(draw(generator("exponential(0, 0, 3)"), random), "0");
}

TEST(Generator, WritesRealsSoThatTheyReadBack) {
    Random random{1, 1};
    const Generator from = generator("uniform(0.5, 9.5)");
    bool fraction = false;
    for (int i = 0; i < 1000; ++i) {
        const std::string text = draw(from, random);
        double value = 0;
        const auto [stop, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
        ASSERT_EQ(failure, std::errc{});
        ASSERT_EQ(stop, text.data() + text.size());
        ASSERT_TRUE(value >= 0.5 && value <= 9.5);
        fraction = fraction || text.find('.') != std::string::npos;
    }
    EXPECT_TRUE(fraction);
    EXPECT_EQ(draw(generator("uniform(-2.5, -2.5)"), random), "-2.5");
    EXPECT_EQ(
        draw(generator("uniform(-2.2250738585072014e-308, -2.2250738585072014e-308)"), random),
        "-2.2250738585072014e-308");
}

TEST(Generator, CountsASequenceByTheOperationsNumber) {
    Random random{1, 1};
    const Generator from = generator("sequence(1000)");
    EXPECT_EQ(draw(from, random, 0), "1000");
    EXPECT_EQ(draw(from, random, 1), "1001");
    EXPECT_EQ(draw(from, random, 5'000'000'000), "5000001000");
    EXPECT_EQ(draw(generator("sequence(-5)"), random, 3), "-2");
}

TEST(Generator, ChoosesEachValueAsOften) {
    Random random{1, 1};
    const Generator from = generator("choice(red, 'dark green', \"it's\")");
    std::map<std::string, int> counts;
    for (int i = 0; i < 30'000; ++i) {
        ++counts[draw(from, random)];
    }
    EXPECT_EQ(counts.size(), 3U);
    for (const std::string value : {"red", "dark green", "it's"}) {
        EXPECT_NEAR(counts[value], 10'000, 410) << value;
    }
}

TEST(Generator, WritesTextsOfTheLengthAskedFor) {
    Random random{1, 1};
    EXPECT_EQ(draw(generator("text(0)"), random), "");
    for (const std::size_t length : {1U, 7U, 8U, 9U, 64U, 1001U}) {
        const std::string text = draw(generator("text(" + std::to_string(length) + ")"), random);
        EXPECT_EQ(text.size(), length);
        EXPECT_TRUE(std::all_of(text.begin(), text.end(),
                                [](unsigned char c) { return c < 128 && std::isalnum(c) != 0; }));
    }
    EXPECT_EQ(draw(generator("text(10000000)"), random).size(), 10'000'000U);
}

TEST(Generator, UsesAllLettersEquallyAtEveryPlaceOfAText) {
    Random random{1, 1};
    const std::string text =
        draw(generator("text(4960000)"), random);  // 10,000 of each at 8 places
    std::map<std::pair<std::size_t, char>, double> counts;
    for (std::size_t i = 0; i < text.size(); ++i) {
        counts[{i % 8, text[i]}] += 1;
    }
    EXPECT_EQ(counts.size(), 8U * 62);
    double chi_square = 0;
    for (const auto& [place, count] : counts) {
        chi_square += (count - 10'000) * (count - 10'000) / 10'000;
    }
    EXPECT_LT(chi_square, 488 + 5 * 31.3);  // 8 * 61 degrees of freedom
}

TEST(Generator, WritesUuidsOfVersionFour) {
    Random random{1, 1};
    const Generator from = generator("uuid()");
    std::set<std::string> seen;
    std::set<char> variants;
    for (int i = 0; i < 10'000; ++i) {
        const std::string uuid = draw(from, random);
        ASSERT_EQ(uuid.size(), 36U);
        for (std::size_t k = 0; k < uuid.size(); ++k) {
            if (k == 8 || k == 13 || k == 18 || k == 23) {
                ASSERT_EQ(uuid[k], '-');
            } else {
                ASSERT_NE(std::string_view{"0123456789abcdef"}.find(uuid[k]), std::string::npos);
            }
        }
        ASSERT_EQ(uuid[14], '4');
        variants.insert(uuid[19]);
        seen.insert(uuid);
    }
    EXPECT_EQ(seen.size(), 10'000U);
    EXPECT_EQ(variants, (std::set<char>{'8', '9', 'a', 'b'}));
}

TEST(Generator, WritesEachDigitOfAUuidEquallyOften) {
    Random random{1, 1};
    const Generator from = generator("uuid()");
    std::map<std::pair<std::size_t, char>, double> counts;
    constexpr double n = 16'000;
    for (int i = 0; i < n; ++i) {
        const std::string uuid = draw(from, random);
        for (std::size_t k = 0; k < uuid.size(); ++k) {
            counts[{k, uuid[k]}] += 1;
        }
    }
    for (const auto& [place, count] : counts) {
        const auto [k, c] = place;
        const double share = c == '-' || k == 14 ? 1 : k == 19 ? 1.0 / 4 : 1.0 / 16;
        EXPECT_NEAR(count, n * share, 6 * std::sqrt(n * share * (1 - share)));
    }
}

TEST(Generator, WritesTheTimeInUtcWithMicroseconds) {
    EXPECT_EQ(draw_at(0), "1970-01-01 00:00:00.000000+00");
    EXPECT_EQ(draw_at(1'795'177'803'000'042), "2026-11-20 12:30:03.000042+00");
    EXPECT_EQ(draw_at(951'827'696'789'123), "2000-02-29 12:34:56.789123+00");
    EXPECT_EQ(draw_at(-1), "1969-12-31 23:59:59.999999+00");
}

Sample rows(std::vector<std::string> values) {
    return std::make_shared<const std::vector<std::string>>(std::move(values));
}

TEST(Generator, DrawsFromASample) {
    Generator from = generator("sample('SELECT id FROM t')");
    from.read_samples([](const std::string& query, std::size_t column) {
        EXPECT_EQ(query, "SELECT id FROM t");
        EXPECT_EQ(column, 0U);
        return rows({"10", "20", "it's"});
    });
    Random random{1, 1};
    std::set<std::string> seen;
    for (int i = 0; i < 100; ++i) {
        seen.insert(draw(from, random));
    }
    EXPECT_EQ(seen, (std::set<std::string>{"10", "20", "it's"}));
}

TEST(Generator, RefusesASampleThatCannotBeDrawnFrom) {
    Generator from = generator("sample('SELECT id FROM t')");
    Random random{1, 1};
    EXPECT_THROW(draw(from, random), std::logic_error);
    EXPECT_THROW(from.read_samples([](const auto&, auto) { return Sample{}; }), std::logic_error);
    EXPECT_THROW(from.read_samples([](const auto&, auto) { return rows({}); }), std::logic_error);
    Generator other = generator("uuid()");
    bool asked = false;
    other.read_samples([&](const auto&, auto) {
        asked = true;
        return rows({"a"});
    });
    EXPECT_FALSE(asked);
}

TEST(Generator, DrawsTheColumnsOfOneRowTogether) {
    const std::string query = "SELECT a, b FROM t";
    Generator a = generator("sample('" + query + "', 1)"),
              b = generator("sample('" + query + "', 2)");
    const SampleReader reader = [](const auto&, std::size_t column) {
        return column == 1 ? rows({"1", "2", "3"}) : rows({"one", "two", "three"});
    };
    a.read_samples(reader);
    b.read_samples(reader);
    const std::map<std::string, std::string> pairs{{"1", "one"}, {"2", "two"}, {"3", "three"}};
    std::set<std::string> seen;
    for (std::uint64_t run = 0; run < 100; ++run) {
        Random random{1, run};
        DrawContext context{random, run, 0, mix(7, run)};
        std::string first, second;
        a.draw(context, first);
        static_cast<void>(random.next());  // whatever other parameters take
        b.draw(context, second);
        EXPECT_EQ(pairs.at(first), second);
        seen.insert(first);
    }
    EXPECT_EQ(seen.size(), 3U);
}

TEST(Generator, StartsASequenceBehindWhatTheTargetHolds) {
    Generator from = generator("sequence('SELECT max(id) + 1 FROM t')");
    Random random{1, 1};
    EXPECT_THROW(draw(from, random), std::logic_error);
    from.read_samples([](const auto& query, auto) {
        EXPECT_EQ(query, "SELECT max(id) + 1 FROM t");
        return rows({"500"});
    });
    EXPECT_EQ(draw(from, random, 7), "507");
    for (const char* wrong : {"x", "1.5", "9223372036854775807", ""}) {
        EXPECT_THROW(from.read_samples([&](const auto&, auto) { return rows({wrong}); }),
                     std::invalid_argument);
    }
}

TEST(Generator, DrawsByWeightAndAlsoNothing) {
    Generator from = generator("weighted(6, eu, 3, 'sample(\"SELECT r FROM t\")', 1, NULL)");
    from.read_samples([](const auto&, auto) { return rows({"us"}); });
    Random random{3, 1};
    std::map<std::string, int> seen;
    constexpr int draws = 100'000;
    for (int i = 0; i < draws; ++i) {
        DrawContext context{random, 0, 0};
        std::string out;
        ++seen[from.draw(context, out) ? out : "(null)"];
    }
    ASSERT_EQ(seen.size(), 3U);
    EXPECT_NEAR(seen["eu"], draws * 0.6, draws * 0.01);  // six standard deviations
    EXPECT_NEAR(seen["us"], draws * 0.3, draws * 0.01);
    EXPECT_NEAR(seen["(null)"], draws * 0.1, draws * 0.01);
}

TEST(Generator, IsNumericWhereAllItsWeightedValuesAre) {
    EXPECT_TRUE(generator("weighted(1, 5, 1, 'uniform(1, 2)', 1, NULL)").numeric());
    EXPECT_FALSE(generator("weighted(1, 5, 1, '5')").numeric());
    EXPECT_FALSE(generator("weighted(1, 5, 1, x)").numeric());
}

TEST(Generator, DrawsALiteralAsItStands) {
    Random random{1, 1};
    EXPECT_EQ(draw(generator("'it''s'"), random), "it's");
    EXPECT_EQ(draw(generator("1.50"), random), "1.50");
}

TEST(Generator, AllocatesNothingOnceTheTextHasItsMemory) {
    for (const std::string_view text :
         {"uniform(1, 9223372036854775807)", "uniform(0.5, 9.5)", "zipfian(1, 1000000, 1.07)",
          "gaussian(1, 1000000, 2)", "exponential(1, 1000000, 5)", "sequence(1)", "choice(a, bb)",
          "text(30)", "uuid()", "now()", "literal"}) {
        const Generator from = generator(text);
        Random random{1, 1};
        DrawContext context{random, 1, 1'795'177'803'000'042};
        std::string out;
        out.reserve(64);
        const char* memory = out.data();
        for (int i = 0; i < 1000; ++i) {
            out.clear();
            from.draw(context, out);
            ASSERT_EQ(out.data(), memory) << text;
        }
    }
}

TEST(Random, GivesTheSameStreamForTheSameSeedAndNumber) {
    Random a{1, 2}, b{1, 2}, other_stream{1, 3}, other_seed{2, 2};
    const std::uint64_t first = a.next();
    EXPECT_EQ(first, b.next());
    EXPECT_NE(first, other_stream.next());
    EXPECT_NE(first, other_seed.next());
}

TEST(Random, StaysBelowItsBound) {
    Random random{1, 1};
    for (int i = 0; i < 10'000; ++i) {
        EXPECT_LT(random.below(3), 3U);
        const double unit = random.unit();
        EXPECT_TRUE(unit >= 0 && unit < 1);
    }
    EXPECT_EQ(random.below(1), 0U);
}

}  // namespace
}  // namespace workloads
