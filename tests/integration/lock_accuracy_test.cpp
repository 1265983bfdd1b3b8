// 200 lock holds of known length on two loaded tables, seen by the real observer: each must come
// out as one episode with the right root, mode and relation, and as long as its victims' own clocks
// say.

#include "harness/locks/observer.hpp"
#include "harness/postgres/lock_source.hpp"
#include "tests/integration/throwaway.hpp"
#include "workloads/random.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <libpq-fe.h>

namespace harness::locks {
namespace {

using namespace std::chrono_literals;

constexpr int holds_per_table = 100;
constexpr std::array<const char*, 2> tables{"orders_a", "\"Kunden ß\""};

// Operations: 2 * table for its readers, 2 * table + 1 for its writers, then one that never waits.
constexpr std::uint16_t bystander = 4;
const std::vector<std::string> operations{"read_a", "write_a", "read_b", "write_b", "bystander"};

struct Mode {
    const char* sql;
    const char* name;
    bool stops_readers;
};
constexpr std::array<Mode, 4> modes{
    Mode{"ACCESS EXCLUSIVE", "AccessExclusiveLock", true},
    Mode{"EXCLUSIVE", "ExclusiveLock", false},
    Mode{"SHARE ROW EXCLUSIVE", "ShareRowExclusiveLock", false},
    Mode{"SHARE", "ShareLock", false},
};

struct Hold {
    std::size_t table = 0;
    Mode mode = modes[0];
    std::int64_t session = 0;
    Clock::time_point asked, granted, released, over;  // released: COMMIT sent; over: answered

    [[nodiscard]] bool stops(std::uint16_t operation) const {
        return operation / 2 == table && (operation % 2 == 1 || mode.stops_readers);
    }
};

void run(PGconn* connection, const std::string& sql) {
    const postgres::Result result{PQexec(connection, sql.c_str())};
    const auto status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        throw std::runtime_error{PQerrorMessage(connection)};
    }
}

// One session of the application; every statement with its own clock.
std::vector<SlowStatement> work(const std::string& conninfo, std::uint16_t operation, int number,
                                const std::atomic<bool>& stop) {
    const auto connection = postgres::open_connection(conninfo);
    std::vector<SlowStatement> slow;
    const std::string table = operation == bystander ? "" : tables[operation / 2];
    for (std::uint64_t i = 0; !stop; ++i) {
        // Rows of its own: nobody waits for anybody but the holds. Some statements are slow without
        // any wait, so that there is something to be confused with.
        const bool slow_by_itself = operation == bystander || (operation % 2 == 0 && i % 16 == 0);
        const std::string where = " WHERE id = " + std::to_string(number + 1);
        const std::string sql = operation == bystander ? "SELECT pg_sleep(0.012)"
                                : operation % 2 == 0
                                    ? "SELECT n" +
                                          std::string{slow_by_itself ? ", pg_sleep(0.007)" : ""} +
                                          " FROM " + table + where
                                    : "UPDATE " + table + " SET n = n + 1" + where;
        SlowStatement statement;
        statement.session = PQbackendPID(connection.get());
        statement.operation = operation;
        statement.sent = Clock::now();
        run(connection.get(), sql);
        statement.done = Clock::now();
        if (statement.done - statement.sent >= slow_statement_threshold) {
            slow.push_back(statement);
        }
        std::this_thread::sleep_for(2ms);  // think time
    }
    return slow;
}

std::vector<Hold> inject(const std::string& conninfo, std::size_t table) {
    const auto connection = postgres::open_connection(conninfo);
    workloads::Random random{20, table};
    std::vector<Hold> holds;
    for (int i = 0; i < holds_per_table; ++i) {
        Hold hold;
        hold.table = table;
        hold.mode = modes[random.below(modes.size())];
        hold.session = PQbackendPID(connection.get());
        const auto length = 60ms + std::chrono::microseconds{random.below(440'000)};
        run(connection.get(), "BEGIN");
        hold.asked = Clock::now();
        run(connection.get(),
            "LOCK TABLE " + std::string{tables[table]} + " IN " + hold.mode.sql + " MODE");
        hold.granted = Clock::now();
        std::this_thread::sleep_for(length);
        hold.released = Clock::now();
        run(connection.get(), "COMMIT");
        hold.over = Clock::now();
        holds.push_back(hold);
        std::this_thread::sleep_for(std::chrono::milliseconds{20 + random.below(30)});
    }
    return holds;
}

// How late this machine wakes its threads up: no clock can be read more exactly than that.
class Lateness {
public:
    void run(const std::atomic<bool>& stop) {
        for (auto due = Clock::now(); !stop; due = Clock::now() + 1ms) {
            std::this_thread::sleep_until(due);
            const auto now = Clock::now();
            if (now - due > 500us) {
                late_.push_back({due, now});
            }
        }
    }
    [[nodiscard]] double worst_ms(Clock::time_point from, Clock::time_point to) const {
        Clock::duration worst{0};
        for (const auto& [due, woken] : late_) {
            if (woken >= from && due <= to) {
                worst = std::max(worst, woken - due);
            }
        }
        return std::chrono::duration<double, std::milli>(worst).count();
    }

private:
    std::vector<std::pair<Clock::time_point, Clock::time_point>> late_;
};

class LockAccuracy : public tests::FreshDatabase {
protected:
    void SetUp() override {
        FreshDatabase::SetUp();
        for (const std::string table : tables) {
            sql("CREATE TABLE " + table + " (id int PRIMARY KEY, n int)");
            sql("INSERT INTO " + table + " SELECT i, 0 FROM generate_series(1, 100) i");
        }
    }

    // On a machine that is busy with something else the observer is kept from looking, and says so:
    // a run is then inconclusive and made anew. So is this one; what is asked of it stays the same.
    void rehearse_until_watched() {
        constexpr int most_attempts = 3;
        for (int attempt = 0; attempt < most_attempts; ++attempt) {
            statements.clear();
            holds.clear();
            lateness = {};
            rehearse();
            const auto& locks = observation.joined.locks;
            if (locks.lost_samples * 100 <= locks.samples) {
                return;
            }
        }
    }

    void rehearse() {
        const auto source = postgres::open_lock_source(conninfo("observer"));
        SessionDirectory directory;
        ObserverOptions options;
        options.run_start = start = Clock::now();
        Observer observer{*source, directory, options};
        observer.start();

        std::atomic<bool> stop{false};
        std::vector<std::vector<SlowStatement>> worked(14);
        std::vector<std::thread> workers;
        for (std::size_t i = 0; i < worked.size(); ++i) {
            const auto operation = static_cast<std::uint16_t>(i < 12 ? i % 4 : bystander);
            workers.emplace_back([&, i, operation] {
                worked[i] = work(conninfo("workload"), operation, static_cast<int>(i), stop);
            });
        }
        workers.emplace_back([&] { lateness.run(stop); });
        std::array<std::vector<Hold>, tables.size()> held;
        std::vector<std::thread> injectors;
        for (std::size_t table = 0; table < tables.size(); ++table) {
            injectors.emplace_back(
                [&, table] { held[table] = inject(conninfo("adversary/second"), table); });
        }
        for (auto& thread : injectors) {
            thread.join();
        }
        stop = true;
        for (auto& thread : workers) {
            thread.join();
        }
        observer.stop();
        for (const auto& part : worked) {
            statements.insert(statements.end(), part.begin(), part.end());
        }
        for (const auto& part : held) {
            holds.insert(holds.end(), part.begin(), part.end());
        }
        observation = observer.finish({statements, operations, start, start, Clock::now()}, 0);
    }

    [[nodiscard]] double seconds(Clock::time_point at) const {
        return std::chrono::duration<double>(at - start).count();
    }

    // The episodes whose root is this hold's session, while it held.
    [[nodiscard]] std::vector<const reports::LockEpisode*> episodes_of(const Hold& hold) const {
        std::vector<const reports::LockEpisode*> found;
        for (const auto& episode : observation.joined.locks.episodes) {
            const double overlap = std::min(episode.end_s, seconds(hold.released)) -
                                   std::max(episode.start_s, seconds(hold.granted));
            // Victims that get their turn late may end an episode after the next hold began.
            if (episode.blocker.pid == hold.session &&
                overlap > (episode.end_s - episode.start_s) / 2) {
                found.push_back(&episode);
            }
        }
        return found;
    }

    [[nodiscard]] std::string describe(const Hold& hold,
                                       std::span<const reports::LockEpisode* const> found) const {
        std::string text = std::to_string(seconds(hold.granted)) + " to " +
                           std::to_string(seconds(hold.over)) + " s";
        for (const auto* episode : found) {
            text += "\n  episode " + std::to_string(episode->start_s) + " to " +
                    std::to_string(episode->end_s) + " s, " + episode->mode + ", " +
                    std::to_string(episode->max_blocked) + " blocked";
        }
        return text;
    }

    // How far `reported_ms` is from the longest wait by the victims' own clocks. They know when
    // they sent and when they were done; the lock was granted at some moment between the injector's
    // request and its answer, and whoever queued behind the request waited for it from then on.
    [[nodiscard]] double error_ms(const Hold& hold, double reported_ms) const {
        Clock::duration least{0};
        Clock::duration most{0};
        for (const auto& statement : statements) {
            if (hold.stops(statement.operation) && statement.sent < hold.released &&
                statement.done > hold.released) {
                least = std::max(least, statement.done - std::max(statement.sent, hold.granted));
                most = std::max(most, statement.done - std::max(statement.sent, hold.asked));
            }
        }
        using Ms = std::chrono::duration<double, std::milli>;
        const double off =
            std::max(Ms{least}.count() - reported_ms, reported_ms - Ms{most}.count());
        // On a quiet machine this takes nothing away; beside other programs, what is theirs.
        return std::max(0.0, off - lateness.worst_ms(hold.asked - 20ms, hold.over + 20ms));
    }

    // The longest that anybody may have waited for this hold, by the victims' own clocks.
    [[nodiscard]] double longest_wait_ms(const Hold& hold) const {
        Clock::duration longest{0};
        for (const auto& statement : statements) {
            if (hold.stops(statement.operation) && statement.sent < hold.over &&
                statement.done > hold.asked) {
                longest = std::max(longest, std::min(statement.done, hold.over) -
                                                std::max(statement.sent, hold.asked));
            }
        }
        return std::chrono::duration<double, std::milli>{longest}.count();
    }

    // Whether this hold, or the queue for it, was in the way of the statement.
    [[nodiscard]] bool was_stopped(const SlowStatement& statement) const {
        return std::any_of(holds.begin(), holds.end(), [&](const Hold& hold) {
            return hold.stops(statement.operation) && statement.sent < hold.over &&
                   statement.done > hold.asked;
        });
    }

    Clock::time_point start;
    std::vector<SlowStatement> statements;
    std::vector<Hold> holds;
    Lateness lateness;
    Observation observation;
};

TEST_F(LockAccuracy, TwoHundredHoldsAreEachOneEpisodeAsLongAsItsVictimsClocksSay) {
    rehearse_until_watched();
    const auto& joined = observation.joined;
    ASSERT_EQ(holds.size(), 200U);
    ASSERT_EQ(joined.locks.episodes_dropped, 0U);

    std::vector<double> errors_ms;
    int unseen = 0;
    for (const auto& hold : holds) {
        const auto found = episodes_of(hold);
        // On a machine that is busy with something else nobody may have looked for as long as the
        // shortest waits last; the observer says so itself, and a lock gate is then inconclusive.
        if (found.empty() && joined.locks.longest_gap_ms > longest_wait_ms(hold)) {
            ++unseen;
            continue;
        }
        ASSERT_EQ(found.size(), 1U) << "hold at " << describe(hold, found);
        EXPECT_EQ(found[0]->relation, tables[hold.table]);
        EXPECT_EQ(found[0]->mode, hold.mode.name);
        EXPECT_EQ(found[0]->blocker.kind, "adversary");
        EXPECT_EQ(found[0]->blocker.step, "second");
        for (const auto& victims : found[0]->victims) {
            const auto operation =
                std::find(operations.begin(), operations.end(), victims.operation);
            ASSERT_NE(operation, operations.end()) << victims.operation;
            EXPECT_TRUE(hold.stops(static_cast<std::uint16_t>(operation - operations.begin())))
                << victims.operation << " under " << hold.mode.name;
        }
        errors_ms.push_back(error_ms(hold, found[0]->longest_wait_ms));
    }
    std::sort(errors_ms.begin(), errors_ms.end());
    const auto at = [&](double q) {
        return errors_ms.at(
            static_cast<std::size_t>(q * static_cast<double>(errors_ms.size() - 1)));
    };
    std::cout << "error of the longest wait: p50 " << at(0.5) << " ms, p99 " << at(0.99)
              << " ms, max " << at(1) << " ms; samples " << joined.locks.samples << ", lost "
              << joined.locks.lost_samples << ", longest gap " << joined.locks.longest_gap_ms
              << " ms, observer " << observation.observer.cpu_s << " s of CPU, "
              << observation.observer.mean_query_ms << " ms a query\n";
    EXPECT_LE(unseen, 2) << "longest gap " << joined.locks.longest_gap_ms << " ms";
    EXPECT_LE(at(0.99), 5.0);

    for (const auto& stalled : joined.stalled) {
        EXPECT_TRUE(was_stopped(stalled.statement))
            << operations[stalled.statement.operation] << " at " << seconds(stalled.statement.sent)
            << " s";
    }
    // Nobody is missing who waited for longer than the observer was ever away.
    const auto sure = std::chrono::duration_cast<Clock::duration>(
        std::chrono::duration<double, std::milli>{joined.locks.longest_gap_ms + 20});
    const auto waited_long =
        std::count_if(statements.begin(), statements.end(),
                      [&](const auto& s) { return was_stopped(s) && s.done - s.sent > sure; });
    const auto listed_long =
        std::count_if(joined.stalled.begin(), joined.stalled.end(),
                      [&](const auto& s) { return s.statement.done - s.statement.sent > sure; });
    EXPECT_EQ(listed_long, waited_long);
    EXPECT_GT(joined.stalled.size(), 500U);
}

}  // namespace
}  // namespace harness::locks
