#include "harness/migration/output_lines.hpp"

#include <gtest/gtest.h>

namespace {

using harness::migration::OutputLines;
using harness::migration::printable;
using harness::migration::utf8_prefix;
using harness::migration::without_secrets;
using Lines = std::vector<std::string>;

Lines lines(std::string_view bytes, std::size_t chunk = 1'000'000) {
    Lines result;
    OutputLines splitter{[&](std::string_view line) { result.emplace_back(line); }};
    for (std::size_t at = 0; at < bytes.size(); at += chunk) {
        splitter.feed(bytes.substr(at, chunk));
    }
    splitter.finish();
    return result;
}

TEST(OutputLines, KeepEmptyLinesAndALastOneWithoutAnEnd) {
    EXPECT_EQ(lines("a\n\nb"), (Lines{"a", "", "b"}));
    EXPECT_EQ(lines(""), Lines{});
    EXPECT_EQ(lines("\n"), Lines{""});
}

TEST(OutputLines, WindowsLineEndsAndProgressBarsAreLines) {
    for (const std::size_t chunk : {1U, 2U, 100U}) {
        EXPECT_EQ(lines("a\r\n\r\nb\r\n", chunk), (Lines{"a", "", "b"}));
        EXPECT_EQ(lines("10%\r20%\r30%\ndone", chunk), (Lines{"10%", "20%", "30%", "done"}));
    }
}

TEST(OutputLines, ALongLineComesInPiecesAndNothingIsLost) {
    const std::string text(3 * OutputLines::longest + 17, 'x');
    std::string together;
    for (const auto& line : lines(text + "\nend")) {
        EXPECT_LE(line.size(), OutputLines::longest);
        together += line;
    }
    EXPECT_EQ(together, text + "end");
}

TEST(OutputLines, ALongLineIsCutBetweenCharacters) {
    std::string text;
    while (text.size() < 3 * OutputLines::longest) {
        text += "日";
    }
    const auto pieces = lines(text);
    ASSERT_GT(pieces.size(), 2U);
    for (const auto& piece : pieces) {
        EXPECT_EQ(printable(piece), piece);
    }
}

TEST(OutputLines, ALongLineOfGarbageStillEnds) {
    std::size_t total = 0;
    for (const auto& piece : lines(std::string(2 * OutputLines::longest, '\x80'))) {
        total += piece.size();
    }
    EXPECT_EQ(total, 2 * OutputLines::longest);
}

TEST(Printable, LetsTextPass) {
    EXPECT_EQ(printable("a\tü日🎉"), "a\tü日🎉");
    EXPECT_EQ(printable("\xF4\x8F\xBF\xBF"), "\xF4\x8F\xBF\xBF");
}

TEST(Printable, ReplacesWhatIsNoTextByteForByte) {
    const std::string r = "\xEF\xBF\xBD";
    EXPECT_EQ(printable("a\xFF"
                        "b"),
              "a" + r + "b");
    EXPECT_EQ(printable("\xC3"), r) << "cut off";
    EXPECT_EQ(printable("\xC0\xAF"), r + r) << "overlong";
    EXPECT_EQ(printable("\xED\xA0\x80"), r + r + r) << "a surrogate";
    EXPECT_EQ(printable("\xF4\x90\x80\x80"), r + r + r + r) << "beyond Unicode";
    EXPECT_EQ(printable(std::string_view{"a\0b", 3}), "a" + r + "b");
    EXPECT_EQ(printable("\x1B[2J"), r + "[2J") << "no terminal is to be driven from a log";
    EXPECT_EQ(printable("\xC2\x9B"
                        "2J")
                  .find('\x9B'),
              std::string::npos)
        << "nor with C1";
}

TEST(Utf8Prefix, NeverCutsACharacter) {
    EXPECT_EQ(utf8_prefix("abc", 3), "abc");
    EXPECT_EQ(utf8_prefix("abc", 2), "ab");
    EXPECT_EQ(utf8_prefix("a日", 3), "a");
    EXPECT_EQ(utf8_prefix("a日", 4), "a日");
    EXPECT_EQ(utf8_prefix("日", 2), "");
    EXPECT_EQ(utf8_prefix("\x80\x80\x80\x80\x80\x80", 5).size(), 5U)
        << "garbage is cut where it is";
}

TEST(WithoutSecrets, HidesEveryOccurrence) {
    EXPECT_EQ(without_secrets("a pw b pw", {"pw"}), "a *** b ***");
    EXPECT_EQ(without_secrets("nothing", {""}), "nothing");
    EXPECT_EQ(without_secrets("a*b", {"*"}), "a***b") << "ends, though the mask holds the secret";
}

}  // namespace
