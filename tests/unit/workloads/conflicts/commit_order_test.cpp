#include "workloads/conflicts/commit_order.hpp"

#include "workloads/conflicts/order_progress.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace workloads::conflicts {
namespace {

using logs::StatementKind;

constexpr std::int64_t origin_us = 1'700'000'000'000'000;

// Calls of sessions on a few rows, each with its moment; the recording is put together at the end.
class History {
public:
    struct Call {
        std::int64_t start_ms = 0, end_ms = 0;
        StatementKind kind = StatementKind::query;
        std::vector<RowAccess> accesses = {};
        bool failed = false;
        bool replayed = true;
        bool has_duration = true;
    };

    void add(const std::string& name, std::uint32_t session, Call call) {
        calls_[session].push_back({name, std::move(call)});
    }

    // "b after a1": for each call that waits, the calls that must have ended.
    std::string order() {
        make();
        std::string out;
        for (const auto& [name, index] : names_) {
            OrderProgress progress{made_};
            if (progress.may_go(index)) {
                continue;
            }
            out += (out.empty() ? "" : "; ") + name + " after";
            std::set<std::string> needed;
            for (const auto& [other, event] : names_) {
                OrderProgress without{made_};
                for (const auto& [each, its] : names_) {
                    if (each != other) {
                        without.ended(its);
                    }
                }
                if (!without.may_go(index)) {
                    needed.insert(other);
                }
            }
            for (const auto& each : needed) {
                out += " " + each;
            }
        }
        return out;
    }

    const CommitOrder& make() {
        recording_ = {};
        recording_.sqlstates = {"XX000"};
        names_.clear();
        std::vector<std::vector<RowAccess>> accesses;
        std::vector<std::uint32_t> sessions;
        for (const auto& [number, calls] : calls_) {
            Session session;
            session.first_event = recording_.events.size();
            session.events = calls.size();
            for (const auto& [name, call] : calls) {
                Event event;
                event.start_us = origin_us + call.start_ms * 1'000;
                if (call.has_duration) {
                    event.set_duration((call.end_ms - call.start_ms) * 1'000);
                }
                event.session = static_cast<std::uint32_t>(recording_.sessions.size());
                const auto logged_ms = call.has_duration ? call.end_ms : call.start_ms;
                event.set_place({0, static_cast<std::uint64_t>(logged_ms) * 100'000 +
                                        number * 1'000 + recording_.events.size() -
                                        session.first_event});
                event.set_kind(logs::Protocol::simple, call.kind);
                event.outcome = call.failed ? 1 : Event::went_through;
                event.set_reason(call.replayed ? logs::Reason::none
                                               : logs::Reason::prepare_not_seen);
                names_[name] = recording_.events.size();
                recording_.events.push_back(event);
                accesses.push_back(call.accesses);
            }
            sessions.push_back(static_cast<std::uint32_t>(recording_.sessions.size()));
            recording_.sessions.push_back(session);
        }
        made_ = commit_order(
            recording_, sessions, [&](const Event& event, std::vector<RowAccess>& found) {
                found = accesses[static_cast<std::size_t>(&event - recording_.events.data())];
            });
        return made_;
    }

    [[nodiscard]] std::size_t index_of(const std::string& name) const { return names_.at(name); }
    [[nodiscard]] const CommitOrder& made() const { return made_; }

private:
    std::map<std::uint32_t, std::vector<std::pair<std::string, Call>>> calls_;
    std::map<std::string, std::size_t> names_;
    Recording recording_;
    CommitOrder made_;
};

RowAccess row(std::uint64_t number, Mode mode) {
    return {.space = 0, .mode = mode, .rows = Rows::listed, .row = number};
}
RowAccess any(Mode mode) {
    return {.space = 0, .mode = mode, .rows = Rows::any, .row_known = false};
}
RowAccess fresh() {
    return {.space = 0, .mode = Mode::writes, .rows = Rows::fresh, .row_known = false};
}

TEST(CommitOrder, StatementsOnTheSameRowFollowOneAnother) {
    History history;
    history.add("a", 0, {.start_ms = 0, .end_ms = 10, .accesses = {row(1, Mode::writes)}});
    history.add("b", 1, {.start_ms = 20, .end_ms = 30, .accesses = {row(1, Mode::writes)}});
    history.add("c", 2, {.start_ms = 40, .end_ms = 50, .accesses = {row(2, Mode::writes)}});
    history.add("d", 0, {.start_ms = 60, .end_ms = 70, .accesses = {row(1, Mode::writes)}});
    EXPECT_EQ(history.order(), "b after a; d after b");
    EXPECT_EQ(history.made().transactions, 4U);
    EXPECT_EQ(history.made().waiting_calls, 2U);
    EXPECT_EQ(history.made().guessed, 0U);
}

TEST(CommitOrder, ASessionDoesNotWaitForItself) {
    History history;
    history.add("a", 0, {.start_ms = 0, .end_ms = 10, .accesses = {row(1, Mode::writes)}});
    history.add("b", 0, {.start_ms = 20, .end_ms = 30, .accesses = {row(1, Mode::writes)}});
    EXPECT_EQ(history.order(), "");
}

TEST(CommitOrder, ReadersWaitForWritersAndNobodyForReaders) {
    History history;
    history.add("write", 0, {.start_ms = 0, .end_ms = 10, .accesses = {row(1, Mode::writes)}});
    history.add("read", 1, {.start_ms = 20, .end_ms = 30, .accesses = {row(1, Mode::reads)}});
    history.add("write again", 2,
                {.start_ms = 40, .end_ms = 50, .accesses = {row(1, Mode::writes)}});
    EXPECT_EQ(history.order(), "read after write; write again after write");
}

TEST(CommitOrder, WritersWaitForWhoLockedAndNotLockersForLockers) {
    History history;
    history.add("lock 1", 0, {.start_ms = 0, .end_ms = 10, .accesses = {row(1, Mode::locks)}});
    history.add("lock 2", 1, {.start_ms = 20, .end_ms = 30, .accesses = {row(1, Mode::locks)}});
    history.add("write", 2, {.start_ms = 40, .end_ms = 50, .accesses = {row(1, Mode::writes)}});
    EXPECT_EQ(history.order(), "write after lock 1 lock 2");
}

TEST(CommitOrder, WhatMayTouchAnyRowWaitsForAllAndAllForIt) {
    History history;
    history.add("1", 0, {.start_ms = 0, .end_ms = 10, .accesses = {row(1, Mode::writes)}});
    history.add("2", 1, {.start_ms = 0, .end_ms = 11, .accesses = {row(2, Mode::writes)}});
    history.add("3", 2, {.start_ms = 0, .end_ms = 12, .accesses = {fresh()}});
    history.add("all", 3, {.start_ms = 20, .end_ms = 30, .accesses = {any(Mode::writes)}});
    history.add("4", 4, {.start_ms = 40, .end_ms = 50, .accesses = {row(4, Mode::writes)}});
    history.add("5", 5, {.start_ms = 41, .end_ms = 51, .accesses = {fresh()}});
    history.add("sum", 6, {.start_ms = 60, .end_ms = 70, .accesses = {any(Mode::reads)}});
    EXPECT_EQ(history.order(),
              "4 after 3 all; 5 after all; all after 1 2 3; sum after 1 2 3 4 5 all");
}

// Its key is one that the server drew: whoever names a row for the first time may mean it.
TEST(CommitOrder, ARowThatNobodyNamedBeforeMayBeOneThatWasJustInserted) {
    History history;
    history.add("named", 0, {.start_ms = 0, .end_ms = 1, .accesses = {row(1, Mode::writes)}});
    history.add("insert", 1, {.start_ms = 2, .end_ms = 10, .accesses = {fresh()}});
    history.add("its row", 2, {.start_ms = 20, .end_ms = 30, .accesses = {row(77, Mode::writes)}});
    history.add("another", 3, {.start_ms = 20, .end_ms = 30, .accesses = {row(1, Mode::writes)}});
    EXPECT_EQ(history.order(), "another after named; its row after insert");
}

// Announced with whole milliseconds and timed with more, a call may seem to end before the one that
// went before it.
TEST(CommitOrder, ASessionsCallsEndedOneAfterAnother) {
    History history;
    history.add("begin", 0, {.start_ms = 0, .end_ms = 5, .kind = StatementKind::begin});
    history.add("write", 0, {.start_ms = 0, .end_ms = 9, .accesses = {row(1, Mode::writes)}});
    history.add("commit", 0, {.start_ms = 0, .end_ms = 1, .kind = StatementKind::commit});
    history.add("read", 1, {.start_ms = 20, .end_ms = 30, .accesses = {row(1, Mode::reads)}});
    history.add("next", 1, {.start_ms = 40, .end_ms = 50, .accesses = {row(1, Mode::writes)}});
    EXPECT_EQ(history.order(), "next after commit; read after commit");
}

TEST(CommitOrder, MoreThanAFewAreWaitedForToo) {
    History history;
    for (std::uint32_t i = 0; i < 50; ++i) {
        history.add("w" + std::to_string(i), i,
                    {.start_ms = i, .end_ms = i + 1, .accesses = {row(i, Mode::writes)}});
    }
    history.add("all", 99, {.start_ms = 100, .end_ms = 110, .accesses = {any(Mode::writes)}});
    history.make();
    OrderProgress progress{history.made()};
    for (std::uint32_t i = 0; i < 50; ++i) {
        EXPECT_FALSE(progress.may_go(history.index_of("all"))) << i;
        progress.ended(history.index_of("w" + std::to_string(i)));
        progress.ended(history.index_of("w" + std::to_string(i)));  // again does nothing
    }
    EXPECT_TRUE(progress.may_go(history.index_of("all")));
    EXPECT_TRUE(progress.take_released());
    EXPECT_FALSE(progress.take_released());
}

TEST(CommitOrder, ATransactionCountsFromItsCommitOn) {
    History history;
    history.add("begin", 0, {.start_ms = 0, .end_ms = 1, .kind = StatementKind::begin});
    history.add("write", 0, {.start_ms = 2, .end_ms = 3, .accesses = {row(1, Mode::writes)}});
    history.add("commit", 0, {.start_ms = 20, .end_ms = 21, .kind = StatementKind::commit});
    history.add("read before", 1, {.start_ms = 9, .end_ms = 10, .accesses = {row(1, Mode::reads)}});
    history.add("read after", 1, {.start_ms = 30, .end_ms = 31, .accesses = {row(1, Mode::reads)}});
    EXPECT_EQ(history.order(), "read after after commit");
}

TEST(CommitOrder, WhatWaitedForACommitWaitsThoughItsRecordCameFirst) {
    History history;
    history.add("begin", 0, {.start_ms = 0, .end_ms = 1, .kind = StatementKind::begin});
    history.add("write", 0, {.start_ms = 2, .end_ms = 3, .accesses = {row(1, Mode::writes)}});
    history.add("commit", 0, {.start_ms = 20, .end_ms = 25, .kind = StatementKind::commit});
    history.add("next", 1, {.start_ms = 4, .end_ms = 24, .accesses = {row(1, Mode::writes)}});
    EXPECT_EQ(history.order(), "next after commit");
}

TEST(CommitOrder, AWriterThatWentOnWorkingCannotHaveHeldTheRow) {
    History history;
    history.add("begin", 0, {.start_ms = 0, .end_ms = 1, .kind = StatementKind::begin});
    history.add("write", 0, {.start_ms = 2, .end_ms = 3, .accesses = {row(1, Mode::writes)}});
    history.add("more", 0, {.start_ms = 30, .end_ms = 31, .accesses = {row(2, Mode::writes)}});
    history.add("commit", 0, {.start_ms = 32, .end_ms = 33, .kind = StatementKind::commit});
    history.add("other", 1, {.start_ms = 4, .end_ms = 24, .accesses = {row(1, Mode::writes)}});
    EXPECT_EQ(history.order(), "");
}

// It let its locks go, and the record that tells of it came late.
TEST(CommitOrder, AStatementThatWasLoggedAfterWhatWaitedForItComesFirst) {
    History history;
    history.add("begin", 0, {.start_ms = 0, .end_ms = 1, .kind = StatementKind::begin});
    history.add("waited", 0, {.start_ms = 2, .end_ms = 12, .accesses = {row(1, Mode::writes)}});
    history.add("more", 0, {.start_ms = 20, .end_ms = 21, .accesses = {row(2, Mode::writes)}});
    history.add("commit", 0, {.start_ms = 22, .end_ms = 23, .kind = StatementKind::commit});
    history.add("earlier", 1, {.start_ms = 0, .end_ms = 1, .accesses = {row(7, Mode::writes)}});
    history.add("all", 1, {.start_ms = 3, .end_ms = 13, .accesses = {any(Mode::writes)}});
    EXPECT_EQ(history.order(), "more after all; waited after all");
    EXPECT_EQ(history.made().guessed, 0U);
}

TEST(CommitOrder, WhereOnlyACommitIsLeftWhoTookLongerHasWaited) {
    for (const std::int64_t began_ms : {2, 12}) {
        History history;
        history.add("begin", 0, {.start_ms = 0, .end_ms = 1, .kind = StatementKind::begin});
        history.add("write", 0,
                    {.start_ms = began_ms, .end_ms = 13, .accesses = {row(1, Mode::writes)}});
        history.add("commit", 0, {.start_ms = 14, .end_ms = 15, .kind = StatementKind::commit});
        history.add("other", 1, {.start_ms = 8, .end_ms = 14, .accesses = {row(1, Mode::writes)}});
        EXPECT_EQ(history.order(), began_ms == 2 ? "write after other" : "other after commit");
        EXPECT_EQ(history.made().guessed, 1U);
    }
}

TEST(CommitOrder, WhoHeldARowBeforeHeldItUntilItsCommit) {
    History history;
    history.add("begin", 0, {.start_ms = 0, .end_ms = 1, .kind = StatementKind::begin});
    history.add("write", 0, {.start_ms = 2, .end_ms = 3, .accesses = {row(1, Mode::writes)}});
    history.add("waited for another", 0,
                {.start_ms = 4, .end_ms = 13, .accesses = {row(2, Mode::writes)}});
    history.add("commit", 0, {.start_ms = 14, .end_ms = 15, .kind = StatementKind::commit});
    history.add("all", 1, {.start_ms = 8, .end_ms = 14, .accesses = {any(Mode::writes)}});
    EXPECT_EQ(history.order(), "all after commit");
}

TEST(CommitOrder, WhoBeganAfterwardsCannotHaveBeenWaitedFor) {
    History history;
    history.add("begin", 0, {.start_ms = 0, .end_ms = 1, .kind = StatementKind::begin});
    history.add("write", 0, {.start_ms = 2, .end_ms = 12, .accesses = {row(1, Mode::writes)}});
    history.add("commit", 0, {.start_ms = 13, .end_ms = 20, .kind = StatementKind::commit});
    history.add("other", 1, {.start_ms = 15, .end_ms = 19, .accesses = {row(1, Mode::writes)}});
    EXPECT_EQ(history.order(), "other after commit");
    EXPECT_EQ(history.made().guessed, 0U);
}

TEST(CommitOrder, WithoutDurationsAWriterWaitsForTheOpenTransactionBeforeIt) {
    History history;
    history.add("begin", 0, {.start_ms = 0, .kind = StatementKind::begin, .has_duration = false});
    history.add("write", 0,
                {.start_ms = 2, .accesses = {row(1, Mode::writes)}, .has_duration = false});
    history.add("commit", 0,
                {.start_ms = 900, .kind = StatementKind::commit, .has_duration = false});
    history.add("next", 1,
                {.start_ms = 4, .accesses = {row(1, Mode::writes)}, .has_duration = false});
    EXPECT_EQ(history.order(), "next after commit");
}

TEST(CommitOrder, WhatWasOverWhenATransactionBeganIsWaitedForBeforeIt) {
    History history;
    history.add("first", 0, {.start_ms = 0, .end_ms = 10, .accesses = {row(1, Mode::writes)}});
    history.add("begin", 1, {.start_ms = 20, .end_ms = 21, .kind = StatementKind::begin});
    history.add("write", 1, {.start_ms = 30, .end_ms = 31, .accesses = {row(1, Mode::writes)}});
    history.add("commit", 1, {.start_ms = 40, .end_ms = 41, .kind = StatementKind::commit});
    EXPECT_EQ(history.order(), "begin after first");
}

TEST(CommitOrder, WhatCameToNothingIsNotWaitedFor) {
    History history;
    history.add("failed", 0,
                {.start_ms = 0, .end_ms = 1, .accesses = {row(1, Mode::writes)}, .failed = true});
    history.add("begin", 1, {.start_ms = 2, .end_ms = 3, .kind = StatementKind::begin});
    history.add("undone", 1, {.start_ms = 4, .end_ms = 5, .accesses = {row(1, Mode::writes)}});
    history.add("rollback", 1, {.start_ms = 6, .end_ms = 7, .kind = StatementKind::rollback});
    history.add("open", 2, {.start_ms = 8, .end_ms = 9, .kind = StatementKind::begin});
    history.add("left", 2, {.start_ms = 10, .end_ms = 11, .accesses = {row(1, Mode::writes)}});
    history.add(
        "gone", 3,
        {.start_ms = 12, .end_ms = 13, .accesses = {row(1, Mode::writes)}, .replayed = false});
    history.add("next", 4, {.start_ms = 20, .end_ms = 30, .accesses = {row(1, Mode::writes)}});
    EXPECT_EQ(history.order(), "");
}

TEST(CommitOrder, AFailureWithinATransactionUndoesItUnlessASavepointWasGoneBackTo) {
    for (const bool goes_back : {false, true}) {
        History history;
        history.add("begin", 0, {.start_ms = 0, .end_ms = 1, .kind = StatementKind::begin});
        history.add("write", 0, {.start_ms = 2, .end_ms = 3, .accesses = {row(1, Mode::writes)}});
        history.add("failed", 0, {.start_ms = 4, .end_ms = 5, .failed = true});
        if (goes_back) {
            history.add("back", 0,
                        {.start_ms = 6, .end_ms = 7, .kind = StatementKind::rollback_to});
        }
        history.add("commit", 0, {.start_ms = 8, .end_ms = 9, .kind = StatementKind::commit});
        history.add("next", 1, {.start_ms = 20, .end_ms = 21, .accesses = {row(1, Mode::writes)}});
        EXPECT_EQ(history.order(), goes_back ? "next after commit" : "");
    }
}

TEST(CommitOrder, TellsWhichPlacesAreAGuess) {
    History history;
    history.add("a", 0, {.start_ms = 0, .end_ms = 10, .accesses = {row(1, Mode::writes)}});
    history.add("b", 1, {.start_ms = 5, .end_ms = 11, .accesses = {row(1, Mode::writes)}});
    history.add("c", 2, {.start_ms = 20, .end_ms = 21, .accesses = {row(1, Mode::writes)}});
    history.make();
    EXPECT_EQ(history.made().guessed, 1U);
}

// Whatever the history: played in any order that the waits allow, everything comes to its end.
TEST(CommitOrder, NeverMakesACircle) {
    std::uint64_t seed = 1;
    const auto random = [&seed](std::uint64_t below) {
        seed = seed * 6364136223846793005U + 1442695040888963407U;
        return (seed >> 33U) % below;
    };
    for (int round = 0; round < 200; ++round) {
        History history;
        const auto sessions = 2 + random(5);
        std::vector<std::vector<std::string>> names(sessions);
        for (std::uint32_t session = 0; session < sessions; ++session) {
            std::int64_t at = static_cast<std::int64_t>(random(20));
            bool open = false;
            for (int i = 0; i < 12; ++i) {
                History::Call call{.start_ms = at};
                call.end_ms = at + static_cast<std::int64_t>(random(15));
                at = call.end_ms + static_cast<std::int64_t>(random(5));
                call.has_duration = random(4) > 0;
                if (!open && random(3) == 0) {
                    call.kind = StatementKind::begin;
                    open = true;
                } else if (open && random(3) == 0) {
                    call.kind = StatementKind::commit;
                    open = false;
                } else {
                    const auto mode = static_cast<Mode>(random(4));
                    call.accesses = {random(6) == 0 ? any(mode) : row(random(3), mode)};
                }
                names[session].push_back("s" + std::to_string(session) + "." + std::to_string(i));
                history.add(names[session].back(), session, call);
            }
        }
        history.make();
        OrderProgress progress{history.made()};
        std::vector<std::size_t> next(sessions, 0);
        for (bool moved = true; moved;) {
            moved = false;
            for (std::size_t session = 0; session < sessions; ++session) {
                if (next[session] < names[session].size()) {
                    const auto event = history.index_of(names[session][next[session]]);
                    if (progress.may_go(event)) {
                        progress.ended(event);
                        ++next[session];
                        moved = true;
                    }
                }
            }
        }
        for (std::size_t session = 0; session < sessions; ++session) {
            EXPECT_EQ(next[session], names[session].size()) << "round " << round;
        }
    }
}

}  // namespace
}  // namespace workloads::conflicts
