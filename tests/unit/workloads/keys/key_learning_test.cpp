#include "workloads/keys/key_learning.hpp"

#include "workloads/keys/key_map.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace workloads::keys {
namespace {

using logs::StatementKind;

constexpr Domain orders = 0, tokens = 1;  // a sequence, and UUIDs

// Sessions' calls, each 10 ms after the one before it.
class History {
public:
    void call(std::uint32_t session, StatementKind kind = StatementKind::query,
              std::vector<Step> steps = {}, bool failed = false) {
        calls_[session].push_back({++now_, kind, std::move(steps), failed});
    }
    void begin(std::uint32_t session) { call(session, StatementKind::begin); }
    void commit(std::uint32_t session) { call(session, StatementKind::commit); }
    // Names the call for the answer.
    void draw(std::uint32_t session, const std::string& name, std::uint64_t rows = 1,
              Domain domain = orders, Step::Kind kind = Step::Kind::draws) {
        call(session, StatementKind::query, {step(rows, domain, kind)},
             kind == Step::Kind::draws ? false : rows == 0);
        calls_[session].back().name = name;
    }
    void use(std::uint32_t session, std::uint64_t value, Domain domain = orders) {
        call(session, StatementKind::query, {step(value, domain, Step::Kind::uses)});
    }
    const Learning& learn(std::optional<std::int64_t> highest = 100,
                          std::vector<std::uint64_t> absent = {}, bool undecided = false) {
        make();
        std::unordered_set<std::uint64_t> gone;
        for (const auto value : absent) {
            gone.insert(KeyLearning::key_of(value < 100 ? tokens : orders, value));
        }
        const std::vector<std::optional<std::int64_t>> above{highest, std::nullopt};
        learning_ =
            KeyLearning{recording_, columns_, steps_}.learn(above, gone, {false, undecided});
        return learning_;
    }
    std::vector<Question> questions(std::optional<std::int64_t> highest = 100) {
        make();
        const std::vector<std::optional<std::int64_t>> above{highest, std::nullopt};
        return KeyLearning{recording_, columns_, steps_}.questions(above);
    }

    // "a=101 b.1=103?": what the named calls drew.
    std::string learned(std::optional<std::int64_t> highest = 100,
                        std::vector<std::uint64_t> absent = {}) {
        std::map<std::string, std::string> all;
        for (const auto& key : learn(highest, std::move(absent)).keys) {
            all[names_.at(key.event) + (key.row > 0 ? "." + std::to_string(key.row) : "")] =
                std::to_string(key.value) + (key.is_guess ? "?" : "");
        }
        std::string out;
        for (const auto& [name, value] : all) {
            out += (out.empty() ? "" : " ") + name + "=" + value;
        }
        return out;
    }
    const std::string& name_of(std::uint32_t event) const { return names_.at(event); }

private:
    struct Call {
        std::int64_t at_ms = 0;
        StatementKind kind = StatementKind::query;
        std::vector<Step> steps;
        bool failed = false;
        std::string name = {};
    };

    static Step step(std::uint64_t value, Domain domain, Step::Kind kind) {
        return {.value = value, .event = 0, .domain = domain, .kind = kind};
    }

    void make() {
        recording_ = {};
        recording_.sqlstates = {"XX000"};
        steps_.clear();
        names_.clear();
        for (const auto& [number, calls] : calls_) {
            Session session;
            session.first_event = recording_.events.size();
            session.events = calls.size();
            const auto index = static_cast<std::uint32_t>(recording_.sessions.size());
            for (const auto& call : calls) {
                Event event;
                event.session = index;
                event.start_us = call.at_ms * 10'000;
                event.set_place({0, static_cast<std::uint64_t>(call.at_ms)});
                event.set_kind(logs::Protocol::simple, call.kind);
                event.outcome = call.failed ? 1 : Event::went_through;
                const auto place = static_cast<std::uint32_t>(recording_.events.size());
                names_[place] = call.name;
                for (auto each : call.steps) {
                    each.event = place;
                    steps_.push_back(each);
                }
                recording_.events.push_back(event);
            }
            recording_.sessions.push_back(session);
        }
    }

    std::int64_t now_ = 0;
    std::map<std::uint32_t, std::vector<Call>> calls_;
    std::vector<KeyColumn> columns_{{0, "id", synthesis::TypeClass::integer, 0},
                                    {1, "id", synthesis::TypeClass::uuid, 0}};
    Recording recording_;
    std::vector<Step> steps_;
    std::map<std::uint32_t, std::string> names_;
    Learning learning_;
};

TEST(KeyLearning, TakesWhatTheTransactionUsesNext) {
    History history;
    history.begin(1);
    history.draw(1, "a");
    history.use(1, 7);    // an old one
    history.use(1, 101);  // its own
    history.use(1, 102);  // of which nobody knows
    history.commit(1);

    EXPECT_EQ(history.learned(), "a=101");
    EXPECT_EQ(history.learn().drawn, 1U);
    EXPECT_EQ(history.learn().mapped_calls, 1U);
    EXPECT_EQ(history.learn().unmapped_calls, 1U);
    EXPECT_EQ(history.learned(std::nullopt), "");  // where nobody knows what is new
}

TEST(KeyLearning, TakesSeveralInTheirOrderOnceAllAreSeen) {
    History history;
    history.begin(1);
    history.draw(1, "a");
    history.draw(1, "b", 2);
    history.use(1, 103);
    history.use(1, 101);
    history.use(1, 103);
    history.commit(1);
    EXPECT_EQ(history.learned(), "");

    history.begin(1);
    history.draw(1, "c", 2);
    history.use(1, 105);
    history.use(1, 104);
    history.commit(1);
    EXPECT_EQ(history.learned(), "c=104 c.1=105");
}

TEST(KeyLearning, TakesNothingThatWasUsedBeforeTheInsert) {
    History history;
    history.use(2, 101);
    history.begin(1);
    history.draw(1, "a");
    history.use(1, 101);
    history.use(1, 102);
    history.commit(1);

    EXPECT_EQ(history.learned(), "a=102");
}

TEST(KeyLearning, AnotherTransactionsInsertForgetsTheOneBefore) {
    History history;
    history.begin(1);
    history.draw(1, "a");  // its key is never used
    history.commit(1);
    history.begin(1);
    history.draw(1, "b");
    history.use(1, 102);
    history.commit(1);

    EXPECT_EQ(history.learned(), "b=102");
}

TEST(KeyLearning, WithoutTransactionsTheSessionsNextUseCountsUnlessKeysAreShared) {
    History history;
    for (std::uint64_t i = 0; i < 30; ++i) {
        const auto session = static_cast<std::uint32_t>(i % 3);
        history.draw(session, "i" + std::to_string(i));
        history.use(session, 101 + i);
    }
    EXPECT_EQ(history.learn().keys.size(), 30U);

    for (std::uint64_t i = 0; i < 30; i += 2) {  // a pool's connections
        history.use(static_cast<std::uint32_t>((i + 1) % 3), 101 + i);
    }
    EXPECT_EQ(history.learn().keys.size(), 0U);
    EXPECT_EQ(history.learn().unmapped_calls, 45U);
}

TEST(KeyLearning, GuessesBetweenTwoOfASequence) {
    History history;
    const auto known = [&](std::uint32_t session, const std::string& name, std::uint64_t value) {
        history.begin(session);
        history.draw(session, name);
        history.use(session, value);
        history.commit(session);
    };
    known(1, "a", 101);
    history.draw(2, "b");  // used by another session only
    history.draw(2, "c", 1, orders, Step::Kind::draws_untold);
    known(1, "d", 104);
    history.use(3, 102);
    history.use(3, 103);
    EXPECT_EQ(history.learned(), "a=101 b=102? d=104");
    EXPECT_EQ(history.learn().unmapped_calls, 1U);  // 103: no result tells it

    history.draw(2, "e");
    history.draw(2, "", 0, orders, Step::Kind::draws_untold);  // failed: it drew one, or none
    known(1, "f", 106);
    history.use(3, 105);
    EXPECT_EQ(history.learned(), "a=101 b=102? d=104 f=106");
}

TEST(KeyLearning, AsksForWhatIsNoSequenceAndOrdersNone) {
    History history;
    history.use(1, 900, tokens);  // before any was drawn
    history.begin(1);
    history.draw(1, "a", 1, tokens);
    history.use(1, 5, tokens);   // is there already
    history.use(1, 77, tokens);  // its own
    history.commit(1);
    history.begin(2);
    history.draw(2, "b", 2, tokens);
    history.use(2, 80, tokens);
    history.use(2, 81, tokens);
    history.commit(2);

    std::vector<std::uint64_t> asked;
    for (const auto& question : history.questions()) {
        asked.push_back(question.value);
    }
    EXPECT_EQ(asked, (std::vector<std::uint64_t>{5, 77, 80, 81}));
    EXPECT_EQ(history.learned(100, {77, 80, 81}), "a=77");
}

TEST(KeyLearning, KnowsASequenceByItsAscentWhereTheTargetHasGoneOn) {
    History history;
    for (std::uint64_t i = 0; i < 20; ++i) {
        history.begin(1);
        history.draw(1, "i" + std::to_string(i));
        history.use(1, i == 10 ? 5'000 : 7 + i * 3);  // now and then an old one first
        history.use(1, 10'001 + i);
        history.commit(1);
    }
    EXPECT_EQ(history.learn(10'000).keys.size(), 20U);

    History plain;
    for (std::uint64_t i = 0; i < 20; ++i) {
        plain.begin(1);
        plain.draw(1, "i" + std::to_string(i));
        plain.use(1, 10'001 + i);
        plain.use(1, 7);
        plain.commit(1);
    }
    EXPECT_EQ(plain.learn(99'999).keys.size(), 20U);
    EXPECT_EQ(plain.learn(std::nullopt).keys.size(), 20U);
}

TEST(KeyLearning, CountsWhatNobodyDecidesAsLost) {
    History history;
    history.use(1, 5, tokens);  // before any was drawn
    history.draw(1, "a", 1, tokens, Step::Kind::draws_untold);
    history.use(1, 5, tokens);
    history.use(1, 6, tokens);

    EXPECT_EQ(history.learn().astray_calls, 0U);  // the target has all of them
    EXPECT_EQ(history.learn(100, {6}).astray_calls, 1U);
    EXPECT_EQ(history.learn(100, {}, true).astray_calls, 1U);
}

TEST(KeyLearning, LearnsNothingFromBounds) {
    History history;
    history.begin(1);
    history.draw(1, "a");
    history.call(1, StatementKind::query,
                 {{.value = INT64_MAX, .event = 0, .domain = orders, .kind = Step::Kind::bounds}});
    history.use(1, 101);
    history.commit(1);

    EXPECT_EQ(history.learned(), "a=101");
    EXPECT_EQ(history.learn().unmapped_calls, 0U);
}

TEST(KeyLearning, OneKeyFarOffMakesNoOtherSequence) {
    History history;
    for (std::uint64_t i = 0; i < 300; ++i) {
        history.draw(1, "i" + std::to_string(i), 1, orders, Step::Kind::draws_untold);
        history.use(2, 101 + i);
    }
    history.use(2, INT64_MAX);

    EXPECT_EQ(history.learn().unmapped_calls, 301U);
    EXPECT_EQ(history.learn().astray_calls, 0U);
    EXPECT_EQ(history.learn(-50'000).astray_calls, 301U);
}

TEST(KeyLearning, TakesForNewWhatTheTargetHasNot) {
    History history;  // and its sequence has gone on
    history.begin(1);
    history.draw(1, "a");
    history.use(1, 102);  // is there
    history.use(1, 104);
    history.commit(1);

    EXPECT_EQ(history.questions().size(), 0U);
    EXPECT_EQ(history.questions(5'000).size(), 2U);
    EXPECT_EQ(history.learned(5'000), "");
    EXPECT_EQ(history.learned(5'000, {104}), "a=104");
    EXPECT_EQ(history.learn(5'000, {104}).astray_calls, 0U);

    history.use(2, 105);
    EXPECT_EQ(history.learn(5'000, {104, 105}).astray_calls, 1U);
    EXPECT_EQ(history.learn(100).astray_calls, 0U);  // it may well come out so again
}

TEST(KeyLearning, TakesNoOldRowThatASmallerCopyLacks) {
    History history;
    std::vector<std::uint64_t> absent;
    for (std::uint64_t i = 0; i < 20; ++i) {
        history.begin(1);
        history.draw(1, "i" + std::to_string(i));
        if (i == 9) {
            history.use(1, 333);
        }
        history.use(1, 10'001 + i);
        history.commit(1);
        absent.push_back(10'001 + i);
    }
    absent.push_back(333);

    for (const auto& learned : {history.learned(10'000, {333}), history.learned(90'000, absent)}) {
        EXPECT_NE(learned.find("i9=10010"), std::string::npos) << learned;
        EXPECT_EQ(std::count(learned.begin(), learned.end(), '='), 20);
    }
}

TEST(KeyLearning, TakesNoValueThatTheApplicationGaveItself) {
    History history;
    history.begin(1);
    history.draw(1, "a");
    history.call(1, StatementKind::query,
                 {{.value = 200, .event = 0, .domain = orders, .kind = Step::Kind::gives}});
    history.use(1, 200);
    history.use(1, 101);
    history.commit(1);

    EXPECT_EQ(history.learned(), "a=101");
    EXPECT_EQ(history.learn().unmapped_calls, 0U);
}

// Applications of every kind, whose truth is known: what is learned is so.
TEST(KeyLearning, IsNeverWrongOfWhatATransactionUses) {
    std::size_t learned = 0;
    for (unsigned seed = 0; seed < 200; ++seed) {
        std::mt19937 random{seed};
        const auto below = [&](unsigned limit) { return static_cast<unsigned>(random() % limit); };
        History history;
        std::uint64_t next = 100;
        std::map<std::string, std::uint64_t> truth;
        std::vector<std::vector<std::uint64_t>> open(5);
        std::vector<unsigned> left(5, 0);
        std::size_t made = 0;
        // Keys that the session has used which drew them; once they are committed, all do.
        std::vector<std::vector<std::uint64_t>> used(5);
        std::vector<std::uint64_t> shared;
        for (int i = 0; i < 300; ++i) {
            const auto session = below(5);
            if (left[session] == 0) {
                history.begin(session);
                open[session].clear();
                left[session] = 2 + below(4);
                continue;
            }
            if (--left[session] == 0) {
                history.commit(session);
                shared.insert(shared.end(), used[session].begin(), used[session].end());
                used[session].clear();
            } else if (open[session].empty()) {
                const auto name = "n" + std::to_string(made++);
                history.draw(session, name);
                truth[name] = ++next;
                open[session].push_back(next);
            } else if (below(3) == 0) {
                history.use(session, 1 + below(100));       // an old one
            } else if (below(6) == 0 && !shared.empty()) {  // another session's
                history.use(session, shared[below(static_cast<unsigned>(shared.size()))]);
            } else {
                history.use(session, open[session].back());
                used[session].push_back(open[session].back());
            }
        }
        learned += history.learn(100).keys.size();
        for (const auto& key : history.learn(100).keys) {
            EXPECT_EQ(key.value, truth.at(history.name_of(key.event))) << "seed " << seed;
        }
    }
    EXPECT_GT(learned, 200U * 20U);
}

TEST(KeyMap, FindsByValueAndByCall) {
    const std::vector<LearnedKey> keys{{.event = 9, .row = 0, .domain = orders, .value = 101},
                                       {.event = 4, .row = 0, .domain = tokens, .value = 101},
                                       {.event = 9, .row = 1, .domain = orders, .value = 102}};
    const KeyMap map{keys};

    EXPECT_EQ(map.size(), 3U);
    ASSERT_TRUE(map.find(orders, 102));
    EXPECT_EQ(map.recorded(*map.find(orders, 102)), 102U);
    EXPECT_FALSE(map.find(tokens, 102));
    EXPECT_NE(map.find(orders, 101), map.find(tokens, 101));
    EXPECT_EQ(map.drawn_by(9).size(), 2U);
    EXPECT_EQ(map.drawn_by(5).size(), 0U);
    EXPECT_EQ(map.drawn_by(4).front().domain, tokens);
}

}  // namespace
}  // namespace workloads::keys
