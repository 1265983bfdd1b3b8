#include "reports/html.hpp"

#include "reports/verdict.hpp"
#include "tests/unit/reports/full_record.hpp"
#include "tests/unit/reports/sample_record.hpp"

#include <algorithm>
#include <regex>
#include <set>

#include <gtest/gtest.h>

namespace reports {
namespace {

// The page without the script, style and data, which are ours.
std::string told(const Record& record) {
    auto page = to_html(record);
    for (const char* element : {"style", "script"}) {
        const auto end = std::string{"</"} + element + ">";
        for (auto from = page.find(std::string{"<"} + element); from != std::string::npos;
             from = page.find(std::string{"<"} + element)) {
            page.erase(from, page.find(end, from) + end.size() - from);
        }
    }
    return page;
}

void expect_in_order(const std::string& page, const std::vector<std::string>& parts) {
    std::size_t at = 0;
    for (const auto& part : parts) {
        const auto found = page.find(part, at);
        ASSERT_NE(found, std::string::npos) << part;
        at = found + part.size();
    }
}

std::size_t times(const std::string& page, const std::string& what) {
    std::size_t count = 0;
    for (auto at = page.find(what); at != std::string::npos; at = page.find(what, at + 1)) {
        ++count;
    }
    return count;
}

TEST(Html, TellsTheVerdictItsCauseAndTheStatementFirst) {
    auto record = samples::naive();
    decide(record, default_gates());
    expect_in_order(
        told(record),
        {"<title>FAIL: naive</title>", "<h1 id=\"title\">naive</h1>", "exit code 1",
         "class=\"verdict fail\"", ">FAIL</p>", "The application waited up to 8.43 s for a lock",
         "behind", "step &quot;add the column&quot;", "AccessExclusiveLock", "31 sessions",
         "ALTER TABLE orders ADD COLUMN region uuid", "<h2>Gates</h2>", "lock_wait.max",
         "743 % over", "<h2>What happened</h2>"});
}

TEST(Html, GivesEachVerdictAShapeOfItsOwn) {
    std::set<std::string> shapes;
    for (const auto verdict : {Verdict::pass, Verdict::fail, Verdict::inconclusive}) {
        auto record = samples::healthy();
        record.verdict = verdict;
        const auto page = told(record);
        const auto from = page.find("<svg");
        shapes.insert(page.substr(from, page.find("</svg>") - from));
    }
    EXPECT_EQ(shapes.size(), 3U);
}

TEST(Html, HasEverySectionInTheOrderOfTheOtherReports) {
    const auto page = told(samples::full());
    std::vector<std::string> parts;
    for (const char* prefix : {"", "rollback-"}) {
        for (const char* id :
             {"timeline", "operations", "locks", "steps", "data", "server", "honesty"}) {
            parts.push_back("<section id=\"" + std::string{prefix} + id + "\"");
        }
    }
    parts.insert(parts.begin(), "<section id=\"verdict\"");
    parts.insert(parts.begin() + 8, ">Rollback</h2>");
    expect_in_order(page, parts);
}

TEST(Html, GivesEveryElementAnIdOfItsOwn) {
    const auto page = to_html(samples::full());
    const std::regex pattern{" id=\"([^\"]+)\""};
    std::multiset<std::string> ids;
    for (auto at = std::sregex_iterator{page.begin(), page.end(), pattern};
         at != std::sregex_iterator{}; ++at) {
        ids.insert((*at)[1]);
    }
    EXPECT_GT(ids.size(), 20U);
    for (const auto& id : ids) {
        EXPECT_EQ(ids.count(id), 1U) << id;
    }
}

TEST(Html, TellsTheQueueEffectInASentence) {
    expect_in_order(
        told(samples::full()),
        {"<section id=\"locks\"", "class=\"effect\"", "step &quot;add the column&quot; (pid 902)",
         "waited 5.25 s for", "AccessExclusiveLock on orders",
         "adversary &quot;monthly report&quot; (pid 901)", "AccessShareLock",
         "2 sessions stood behind it, the longest for 5.00 s", "</p>"});
}

TEST(Html, RanksOperationsByTheExtraWaiting) {
    auto record = samples::healthy();
    record.operations[0].name = "slow_but_as_ever";
    record.operations[1].name = "slower_than_before";
    for (const auto phase : judged_phases) {
        samples::calls(record, 0, phase) = samples::calls_of(100, 5'000);
        samples::calls(record, 1, phase) = samples::calls_of(1'000, 2);
    }
    samples::calls(record, 1, PhaseName::during) = samples::calls_of(1'000, 12);
    decide(record, default_gates());
    // A thousand calls, each ten milliseconds longer.
    expect_in_order(told(record),
                    {"<section id=\"operations\"", ">slower_than_before</a>",
                     "data-v=\"10\">10.0 s", ">slow_but_as_ever</a>", "data-v=\"0\">0 ms"});
}

TEST(Html, ChargesFailedCallsWithAllTheTimeTheyTook) {
    auto record = samples::healthy();
    auto& calls = samples::calls(record, 1, PhaseName::after);
    calls.errors["57014"] = 4;
    calls.failed_response.record_us(2'000'000, 4);
    expect_in_order(told(record), {"<section id=\"operations\"", ">write</a>",
                                   "data-v=\"8\">8.00 s", "57014 x 4"});
}

TEST(Html, ShowsTheRatioWithItsIntervalOrWhatIsLacking) {
    expect_in_order(told(samples::full()),
                    {"<section id=\"operations\"", "\xC3\x97 1.50", "1.25 to 1.75",
                     "title=\"something that was said\">unknown</abbr>"});
}

TEST(Html, KeepsOldAndNewApplicationVersionsApart) {
    expect_in_order(told(samples::full()),
                    {"id=\"op-0\"", ">after</th><td>old</td>", ">after</th><td>new</td>", "40P01",
                     "deadlock detected"});
}

TEST(Html, ShowsWhatIsKnownOfTheData) {
    expect_in_order(
        told(samples::full()),
        {"<section id=\"data\"", "Keys that differ", ">id=eu</td>", "Rows that differ", "not there",
         "Tables", "aa11", "bb22", "Invariants", "Change stream", "300 changes in 30 transactions",
         "<section id=\"rollback-data\"", "12 rows held it"});
}

TEST(Html, SaysWhatThereIsNothingOf) {
    Record record;
    decide(record, {});
    const auto page = told(record);
    for (const char* sentence : {"The load never came on.", "The workload had no operation.",
                                 "The lock observer took no sample.", "The migration had no step.",
                                 "The scenario asks for no proof of the data."}) {
        EXPECT_NE(page.find(sentence), std::string::npos) << sentence;
    }
    EXPECT_EQ(page.find("<section id=\"server\""), std::string::npos);
}

TEST(Html, ShowsHostileTextAsText) {
    const std::string evil =
        "</script></style><img src=x onerror=alert(1)>\"'&amp;\x1b[31m\x01"
        "\xE2\x80\xAE"
        "drow\xE2\x80\xAC\xFF";
    const auto page = told(samples::full_of(evil));
    EXPECT_EQ(page.find("<img"), std::string::npos);
    for (const char* forbidden : {"\x1b", "\x01", "\xE2\x80\xAE", "\xE2\x80\xAC", "\xFF"}) {
        EXPECT_EQ(page.find(forbidden), std::string::npos);
    }
    EXPECT_GT(times(page,
                    "&lt;/script&gt;&lt;/style&gt;&lt;img src=x onerror=alert(1)&gt;"
                    "&quot;&#39;&amp;amp;"),
              100U);
    // Quotes end no attribute: whatever stands in a tag is a name and a value.
    const std::regex tag{"<[a-z][a-z0-9]*(\\s+[a-z-]+(=\"[^\"<>]*\")?)*\\s*/?>",
                         std::regex::optimize};
    std::size_t tags = 0;
    for (auto at = page.find('<'); at != std::string::npos; at = page.find('<', at + 1)) {
        if (page[at + 1] == '/' || page[at + 1] == '!') {
            continue;
        }
        const auto text = page.substr(at, page.find('>', at) - at + 1);
        ASSERT_TRUE(std::regex_match(text, tag) || text.find("viewBox") != std::string::npos ||
                    text.rfind("<meta", 0) == 0)
            << text;
        ++tags;
    }
    EXPECT_GT(tags, 500U);
}

TEST(Html, ShowsLongStatementsBehindTheirBeginning) {
    auto record = samples::naive();
    record.locks.episodes[0].blocker.query = "SELECT '" + std::string(1'000'000, 'x') + "'";
    decide(record, default_gates());
    const auto page = told(record);
    EXPECT_NE(page.find("<details class=\"long\"><summary>"), std::string::npos);
    EXPECT_NE(page.find(std::string(html_statement_bytes_max - 8, 'x')), std::string::npos);
    EXPECT_NE(page.find("900,009 more bytes"), std::string::npos);
    EXPECT_LT(page.size(), 1'000'000U);
}

TEST(Html, StaysReadableWhateverTheRun) {
    const std::string evil(1'000, '<');
    auto record = samples::full_of(evil);
    record.steps.resize(3'000, record.steps[0]);
    record.operations.resize(1'100, record.operations[0]);
    record.locks.episodes.resize(10'000, record.locks.episodes[0]);
    record.warnings.assign(10'000, evil);
    record.gates.resize(3'000, record.gates[0]);
    record.rollback = nullptr;
    const auto page = to_html(record);
    EXPECT_LT(page.size(), 60'000'000U);
    EXPECT_NE(page.find("2,000 more in <code>result.json</code>"), std::string::npos);
    EXPECT_NE(page.find("<section id=\"honesty\""), std::string::npos);
}

TEST(Html, AllowsNothingButItsOwnScriptAndStyle) {
    const auto page = to_html(samples::full());
    EXPECT_TRUE(std::regex_search(
        page, std::regex{"content=\"default-src 'none'; script-src 'sha256-[A-Za-z0-9+/=]{44}'; "
                         "style-src 'sha256-[A-Za-z0-9+/=]{44}'; base-uri 'none'; "
                         "form-action 'none'\""}));
    const auto text = told(samples::full());
    for (const char* forbidden : {" style=\"", " src=\"", "<link", "http://", "https://"}) {
        EXPECT_EQ(text.find(forbidden), std::string::npos) << forbidden;
    }
    EXPECT_FALSE(std::regex_search(text, std::regex{"<[^>]* on[a-z]+="}));
}

}  // namespace
}  // namespace reports
