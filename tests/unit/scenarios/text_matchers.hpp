// Says what texts must look like, with a message that shows them when they do not.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace scenarios {

struct TextMatcher {
    std::function<bool(std::string_view)> holds;
    std::string says;

    TextMatcher(const char* text)  // NOLINT: a plain text stands for itself
        : holds{[t = std::string{text}](std::string_view other) { return other == t; }},
          says{"`" + std::string{text} + "`"} {}
    TextMatcher(const std::string& text) : TextMatcher{text.c_str()} {}  // NOLINT
    TextMatcher(std::function<bool(std::string_view)> matches, std::string description)
        : holds{std::move(matches)}, says{std::move(description)} {}
};

inline TextMatcher StartsWith(const std::string& start) {
    return {[start](std::string_view text) { return text.starts_with(start); },
            "`" + start + "...`"};
}
inline TextMatcher HasSubstr(const std::string& part) {
    return {[part](std::string_view text) { return text.find(part) != std::string_view::npos; },
            "`..." + part + "...`"};
}
inline TextMatcher Not(const TextMatcher& other) {
    return {[other](std::string_view text) { return !other.holds(text); }, "not " + other.says};
}
inline TextMatcher AllOf(const TextMatcher& a, const TextMatcher& b) {
    return {[a, b](std::string_view text) { return a.holds(text) && b.holds(text); },
            a.says + " and " + b.says};
}

struct ListMatcher {
    enum class Kind { elements, each, some } kind;
    std::vector<TextMatcher> matchers;
};

template <typename... Matchers>
ListMatcher ElementsAre(const Matchers&... matchers) {
    return {ListMatcher::Kind::elements, {TextMatcher{matchers}...}};
}
inline ListMatcher IsEmpty() {
    return {ListMatcher::Kind::elements, {}};
}
inline ListMatcher Each(const TextMatcher& matcher) {
    return {ListMatcher::Kind::each, {matcher}};
}
inline ListMatcher Contains(const TextMatcher& matcher) {
    return {ListMatcher::Kind::some, {matcher}};
}

inline testing::AssertionResult matches(std::string_view text, const TextMatcher& matcher) {
    return matcher.holds(text)
               ? testing::AssertionSuccess()
               : testing::AssertionFailure() << "found `" << text << "`, expected " << matcher.says;
}

// Each and Contains want at least one text: over none they would hold, or fail, without a look.
inline testing::AssertionResult matches(const std::vector<std::string>& texts,
                                        const ListMatcher& list) {
    std::size_t held = 0;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        const bool elements = list.kind == ListMatcher::Kind::elements;
        const auto which = elements ? i : 0;
        held += which < list.matchers.size() && list.matchers[which].holds(texts[i]) ? 1 : 0;
    }
    const bool good = list.kind == ListMatcher::Kind::some ? held > 0
                      : list.kind == ListMatcher::Kind::each
                          ? held == texts.size() && held > 0
                          : held == texts.size() && held == list.matchers.size();
    if (good) {
        return testing::AssertionSuccess();
    }
    auto failure = testing::AssertionFailure() << "found";
    for (const auto& text : texts) {
        failure << "\n  " << text;
    }
    failure << "\nexpected";
    for (const auto& matcher : list.matchers) {
        failure << "\n  " << matcher.says;
    }
    return failure;
}

#define EXPECT_THAT(value, matcher) EXPECT_TRUE(::scenarios::matches(value, matcher))

}  // namespace scenarios
