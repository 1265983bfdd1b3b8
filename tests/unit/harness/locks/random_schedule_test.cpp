// Random schedules of holds and statements, sampled, against what is known to have happened.

#include "tests/unit/harness/locks/samples.hpp"
#include "workloads/random.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

namespace harness::locks::tests {
namespace {

constexpr int tables = 3;
constexpr double run_ms = 20'000;

struct Hold {
    int table;
    double from, to;
    [[nodiscard]] std::int64_t session() const { return 900 + table; }
};

struct Statement {
    std::int64_t session;
    int table;
    double sent, since, granted, done;  // since < granted only where it waited
    const Hold* hold;                   // that it waited for
    [[nodiscard]] bool waited() const { return hold != nullptr; }
    [[nodiscard]] bool waiting_at(double ms) const { return since <= ms && ms < granted; }
};

// What happened: holds one after another on each table, sessions that run one statement after
// another.
struct Schedule {
    std::vector<Hold> holds;
    std::vector<Statement> statements;
    std::vector<double> samples;

    explicit Schedule(std::uint64_t seed) {
        workloads::Random random{seed, 1};
        const auto between = [&](double low, double high) {
            return std::round((low + (high - low) * random.unit()) * 1e3) / 1e3;
        };
        for (int table = 0; table < tables; ++table) {
            for (double ms = between(0, 300); ms < run_ms;) {
                const double to = ms + between(1, 400);
                holds.push_back({table, ms, to});
                ms = to + between(0.5, 200);
            }
        }
        for (std::int64_t session = 1; session <= 12; ++session) {
            for (double ms = between(0, 20); ms < run_ms;) {
                ms = add(session, static_cast<int>(random.below(tables)), ms, between(0.01, 1),
                         random.below(8) == 0 ? between(5, 30) : between(0.1, 4)) +
                     between(0.01, 30);
            }
        }
        for (double ms = 3; ms < run_ms + 1'000; ms += random.below(40) == 0 ? 60 : 20) {
            samples.push_back(ms + between(0, 3));
        }
    }

private:
    double add(std::int64_t session, int table, double sent, double travel, double work) {
        Statement statement{session, table, sent, sent + travel, sent + travel, 0, nullptr};
        for (const auto& hold : holds) {
            if (hold.table == table && hold.from <= statement.since && statement.since < hold.to) {
                statement.hold = &hold;
                statement.granted = hold.to;
            }
        }
        statement.done = statement.granted + work;
        statements.push_back(statement);
        return statement.done;
    }
};

void play(const Schedule& schedule, Bench& bench, bool starts_told) {
    for (const double ms : schedule.samples) {
        std::vector<database::LockWaiter> waiters;
        std::map<std::int64_t, database::LockSession> sessions;
        for (const auto& s : schedule.statements) {
            if (!s.waited() || !s.waiting_at(ms)) {
                continue;
            }
            const std::string table = "t" + std::to_string(s.table);
            waiters.push_back(waits(s.session, {s.hold->session()},
                                    starts_told ? std::optional{s.since} : std::nullopt,
                                    "RowExclusiveLock", table));
            sessions[s.session] = workload(s.session);
            sessions[s.hold->session()] =
                session(s.hold->session(), "rehearse/step/s", s.hold->from,
                        {{"relation", table, "AccessExclusiveLock"}});
        }
        std::vector<database::LockSession> list;
        for (auto& [id, session] : sessions) {
            list.push_back(session);
        }
        bench.sample(ms, waiters, list);
    }
    for (const auto& s : schedule.statements) {
        if (s.done - s.sent >= 5) {
            bench.ran(s.session, static_cast<std::uint16_t>(s.session % 2), s.sent, s.done);
        }
    }
}

bool was_seen(const Schedule& schedule, const Statement& s) {
    const auto next = std::lower_bound(schedule.samples.begin(), schedule.samples.end(), s.since);
    return s.waited() && next != schedule.samples.end() && *next < s.granted;
}

// The episodes that these samples must give: for each hold, runs of samples with a waiter.
struct Expected {
    std::int64_t root;
    std::string relation;
    double first, last;
    std::uint32_t max_blocked;
    auto operator<=>(const Expected&) const = default;
};

std::vector<Expected> expected_episodes(const Schedule& schedule) {
    std::map<const Hold*, std::vector<const Statement*>> behind;
    for (const auto& s : schedule.statements) {
        behind[s.hold].push_back(&s);
    }
    std::vector<Expected> result;
    for (const auto& hold : schedule.holds) {
        const auto& waiting = behind[&hold];
        bool open = false;
        auto at = std::lower_bound(schedule.samples.begin(), schedule.samples.end(), hold.from);
        for (; at != schedule.samples.end() && *at < hold.to; ++at) {
            const auto blocked = static_cast<std::uint32_t>(std::count_if(
                waiting.begin(), waiting.end(), [&](const auto* s) { return s->waiting_at(*at); }));
            if (blocked > 0 && !open) {
                result.push_back(
                    {hold.session(), "t" + std::to_string(hold.table), *at, *at, blocked});
            } else if (blocked > 0) {
                result.back().last = *at;
                result.back().max_blocked = std::max(result.back().max_blocked, blocked);
            }
            open = blocked > 0;
        }
    }
    std::sort(result.begin(), result.end());
    return result;
}

class RandomSchedule : public testing::TestWithParam<std::uint64_t> {};

TEST_P(RandomSchedule, EveryHoldComesOutAsItWas) {
    const Schedule schedule{GetParam()};
    Bench bench;
    play(schedule, bench, true);

    const auto joined = bench.join();

    const auto expected = expected_episodes(schedule);
    std::vector<Expected> found;
    for (const auto& draft : bench.sightings.drafts) {
        const auto ms = [&](std::uint32_t sample) {
            return std::chrono::duration<double, std::milli>(bench.sightings.samples[sample] -
                                                             at(0))
                .count();
        };
        found.push_back({draft.root, draft.held.begin()->first.relation,
                         std::round(ms(draft.first) * 1e3) / 1e3,
                         std::round(ms(draft.last) * 1e3) / 1e3, draft.max_blocked});
    }
    std::sort(found.begin(), found.end());
    ASSERT_EQ(found.size(), expected.size());
    ASSERT_GT(expected.size(), 50U);
    for (std::size_t i = 0; i < found.size(); ++i) {
        EXPECT_EQ(found[i].root, expected[i].root);
        EXPECT_EQ(found[i].relation, expected[i].relation);
        EXPECT_NEAR(found[i].first, expected[i].first, 0.002);
        EXPECT_NEAR(found[i].last, expected[i].last, 0.002);
        EXPECT_EQ(found[i].max_blocked, expected[i].max_blocked);
    }
    for (const auto& episode : joined.locks.episodes) {
        EXPECT_EQ(episode.mode, "AccessExclusiveLock");
        EXPECT_EQ(episode.blocker.kind, "step");
    }
}

TEST_P(RandomSchedule, EveryWaitHasItsLengthAndNobodyElseIsListed) {
    const Schedule schedule{GetParam()};
    Bench bench;
    play(schedule, bench, true);

    const auto joined = bench.join();

    // By session and time of sending.
    std::map<std::pair<std::int64_t, Clock::time_point>, Clock::duration> waited;
    for (const auto& stalled : joined.stalled) {
        waited[{stalled.statement.session, stalled.statement.sent}] = stalled.waited;
    }
    std::size_t seen = 0;
    double longest = 0;
    for (const auto& s : schedule.statements) {
        const auto found = waited.find({s.session, at(s.sent)});
        const bool recorded = s.done - s.sent >= 5 && s.done - s.since >= 1;
        if (!recorded || !was_seen(schedule, s)) {
            EXPECT_EQ(found, waited.end()) << "session " << s.session << " at " << s.sent;
            continue;
        }
        ++seen;
        ASSERT_NE(found, waited.end()) << "session " << s.session << " at " << s.sent;
        const double ms = std::chrono::duration<double, std::milli>(found->second).count();
        // To the statement's end, unless two samples (17 ms apart at least) saw it work on.
        EXPECT_LE(ms, s.done - s.since + 0.01);
        EXPECT_GE(ms, s.granted - s.since - 0.01);
        if (s.done - s.granted < 17) {
            EXPECT_NEAR(ms, s.done - s.since, 0.01);
        }
        longest = std::max(longest, ms);
    }
    EXPECT_EQ(joined.stalled.size(), seen);
    EXPECT_GT(seen, 200U);
    EXPECT_NEAR(joined.locks.max_wait_ms, longest, 0.01);
}

TEST_P(RandomSchedule, WithoutStartsFromTheServerTheClientsClocksStillGiveTheLength) {
    const Schedule schedule{GetParam()};
    Bench bench;
    play(schedule, bench, false);

    const auto joined = bench.join();

    std::map<std::pair<std::int64_t, Clock::time_point>, const Statement*> truth;
    for (const auto& s : schedule.statements) {
        truth[{s.session, at(s.sent)}] = &s;
    }
    EXPECT_GT(joined.stalled.size(), 200U);
    for (const auto& stalled : joined.stalled) {
        const auto& s = *truth.at({stalled.statement.session, stalled.statement.sent});
        const double ms = std::chrono::duration<double, std::milli>(stalled.waited).count();
        EXPECT_TRUE(was_seen(schedule, s)) << "session " << s.session << " at " << s.sent;
        EXPECT_LE(ms, s.done - s.sent + 0.01);
        EXPECT_GE(ms, s.granted - s.since - 0.01);
        if (s.done - s.granted < 17) {
            EXPECT_NEAR(ms, s.done - s.sent, 0.01);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomSchedule, testing::Range<std::uint64_t>(1, 21));

}  // namespace
}  // namespace harness::locks::tests
