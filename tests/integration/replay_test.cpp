// A recording sent again to a real server: what arrives, in which session, when, and how it counts.
#include "harness/load/engine.hpp"
#include "harness/postgres/session.hpp"
#include "tests/integration/load_support.hpp"
#include "tests/integration/throwaway.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace {

using harness::load::Measured;
using reports::PhaseName;
using tests::eventually;
using workloads::logs::Protocol;
using workloads::logs::StatementKind;
using namespace std::chrono_literals;

struct Call {
    std::int64_t start_ms = 0;
    std::string sql;
    StatementKind kind = StatementKind::query;
    std::string failed_with = {};
    std::optional<std::vector<std::optional<std::string>>> parameters = std::nullopt;
    std::string name = {};
};

// Recorded sessions as a test writes them: an event's place is its number.
class Recorded final {
public:
    explicit Recorded(const std::vector<std::vector<Call>>& sessions) {
        recording_.sqlstates = {};
        for (const auto& calls : sessions) {
            workloads::Session session;
            session.first_event = recording_.events.size();
            session.events = calls.size();
            for (const auto& call : calls) {
                add(call, static_cast<std::uint32_t>(recording_.sessions.size()));
            }
            session.start_us = recording_.events.empty() ? 0 : recording_.events.back().start_us;
            session.end_us = session.start_us;
            recording_.sessions.push_back(session);
            order_.push_back(static_cast<std::uint32_t>(order_.size()));
        }
        recording_.shapes = shapes_.all();
        operations_.resize(recording_.shapes.size());
        pipelining_.emplace(recording_);
    }

    [[nodiscard]] harness::load::ReplayOptions options(double speed, std::size_t connections,
                                                       std::size_t players = 1) const {
        harness::load::ReplayOptions options;
        options.recording = &recording_;
        options.sessions = order_;
        options.operation_of_shape = operations_;
        options.operations = 1;
        options.reader = [this] { return std::make_unique<Reader>(calls_); };
        options.tempo = {0, speed};
        options.players = players;
        options.connections = connections;
        options.drain = 10s;
        return options;
    }
    // As fast as possible on one connection, with calls sent ahead or not.
    [[nodiscard]] harness::load::ReplayOptions fast(bool pipelined) const {
        auto made = options(0, 1);
        made.pipelining = pipelined ? &*pipelining_ : nullptr;
        return made;
    }

private:
    class Reader final : public harness::load::CallReader {
    public:
        explicit Reader(const std::vector<Call>& calls) : calls_{calls} {}
        const workloads::replay::RecordedCall& read(const workloads::Event& event) override {
            const auto& call = calls_[event.place().offset];
            values_.clear();
            if (call.parameters) {
                for (const auto& value : *call.parameters) {
                    values_.push_back(value ? value->c_str() : nullptr);
                }
            }
            call_ = {call.parameters.has_value(), call.sql, call.name, values_, {}, {}};
            return call_;
        }

    private:
        const std::vector<Call>& calls_;
        std::vector<const char*> values_;
        workloads::replay::RecordedCall call_;
    };

    void add(const Call& call, std::uint32_t session) {
        workloads::Event event;
        event.start_us = call.start_ms * 1'000;
        event.session = session;
        event.set_duration(0);
        event.set_place({0, calls_.size()});
        event.set_kind(call.parameters ? Protocol::extended : Protocol::simple, call.kind);
        event.shape = shapes_.find(call.sql).shape;
        if (!call.failed_with.empty()) {
            recording_.sqlstates.push_back(call.failed_with);
            event.outcome = static_cast<std::uint16_t>(recording_.sqlstates.size());
        }
        recording_.events.push_back(event);
        calls_.push_back(call);
    }

    workloads::Recording recording_;
    std::vector<Call> calls_;
    std::vector<std::uint32_t> order_;
    std::vector<workloads::OperationId> operations_;
    workloads::logs::Shapes shapes_;
    std::optional<workloads::replay::Pipelining> pipelining_;
};

class Replay : public tests::FreshDatabase {
protected:
    // Plays for so long and returns what was measured, all players together.
    Measured play(const harness::load::ReplayOptions& options, std::chrono::milliseconds length) {
        auto plan = std::make_shared<harness::postgres::LoadPlan>();
        plan->conninfo = conninfo("load");
        plan->statement_timeout = 10s;
        harness::load::PhaseClock phases{harness::load::Clock::now()};
        harness::load::Engine engine{options, phases, [plan](auto& poller, auto& listener) {
                                         return harness::postgres::make_session(plan, poller,
                                                                                listener);
                                     }};
        engine.connect(20s);
        const auto begin = harness::load::Clock::now();
        phases.begin(PhaseName::before, begin);
        engine.begin(begin);
        engine.stop(begin + length);
        EXPECT_EQ(engine.fault(), std::nullopt);
        auto all = engine.take();
        Measured sum = std::move(all[0]);
        for (std::size_t i = 1; i < all.size(); ++i) {
            add(all[i], sum);
        }
        const auto& phase = sum.operations[0][0][static_cast<std::size_t>(PhaseName::before)];
        EXPECT_EQ(phase.due(), sum.schedule[static_cast<std::size_t>(PhaseName::before)].due);
        return sum;
    }

    static const reports::OperationPhase& counted(const Measured& measured) {
        return measured.operations[0][0][static_cast<std::size_t>(PhaseName::before)];
    }
    static const reports::ReplayOutcomes& outcomes(const Measured& measured) {
        return measured.replayed[static_cast<std::size_t>(PhaseName::before)];
    }

private:
    static void add(const Measured& part, Measured& sum) {
        const auto before = static_cast<std::size_t>(PhaseName::before);
        sum.operations[0][0][before].merge(part.operations[0][0][before]);
        sum.schedule[before].due += part.schedule[before].due;
        sum.replayed[before].as_recorded += part.replayed[before].as_recorded;
        sum.replayed[before].fresh += part.replayed[before].fresh;
    }
};

TEST_F(Replay, KeepsSessionsApartAndTheirOrder) {
    sql("CREATE TABLE seen (at serial, session int, n int, pid int)");
    std::vector<std::vector<Call>> sessions(5);
    for (int session = 0; session < 5; ++session) {
        for (int n = 0; n < 20; ++n) {
            sessions[static_cast<std::size_t>(session)].push_back(
                {n * 10, "INSERT INTO seen (session, n, pid) VALUES (" + std::to_string(session) +
                             ", " + std::to_string(n) + ", pg_backend_pid())"});
        }
    }
    const auto measured = play(Recorded{sessions}.options(1, 100, 2), 500ms);
    EXPECT_EQ(counted(measured).count, 100U);
    EXPECT_EQ(outcomes(measured).as_recorded, 100U);
    EXPECT_EQ(
        value("SELECT count(DISTINCT pid) || ' ' || count(DISTINCT (session, pid)) FROM seen"),
        "5 5");
    EXPECT_EQ(
        value("SELECT count(*) FROM (SELECT n - row_number() OVER (PARTITION BY session ORDER "
              "BY at) AS d FROM seen) s WHERE d <> -1"),
        "0");
}

TEST_F(Replay, StartsEachCallAtItsRecordedMoment) {
    sql("CREATE TABLE seen (n int, at timestamptz DEFAULT clock_timestamp())");
    std::vector<Call> calls;
    for (int n = 0; n < 10; ++n) {
        calls.push_back({n * 200, "INSERT INTO seen VALUES (" + std::to_string(n) + ")"});
    }
    static_cast<void>(play(Recorded{{calls}}.options(2.5, 10), 1s));
    // 200 ms at two and a half times the speed, however long a statement takes.
    EXPECT_EQ(value("SELECT round(extract(epoch FROM max(at) - min(at))::numeric, 1) FROM seen"),
              "0.7");
}

TEST_F(Replay, FewerConnectionsPlayOneSessionAfterAnother) {
    sql("CREATE TABLE seen (session int, pid int)");
    std::vector<std::vector<Call>> sessions;
    for (int session = 0; session < 12; ++session) {
        sessions.push_back({{0, "INSERT INTO seen VALUES (" + std::to_string(session) +
                                    ", pg_backend_pid()); SELECT pg_sleep(0.05)"}});
    }
    const auto measured = play(Recorded{sessions}.options(0, 3), 5s);
    EXPECT_EQ(counted(measured).count, 12U);
    EXPECT_EQ(value("SELECT count(DISTINCT session) || ' ' || count(DISTINCT pid) FROM seen"),
              "12 12");  // each session has a connection of its own
}

TEST_F(Replay, SendsTypedParametersUnderThePreparedNamesOfTheRecording) {
    sql("CREATE TABLE kept (id int, at timestamptz, b bytea, t text)");
    const std::string insert = "INSERT INTO kept VALUES ($1, $2, $3, $4)";
    using Values = std::vector<std::optional<std::string>>;
    const Values values{"7", "2026-11-21 10:00:00+00", "\\x00ff", "it's $1 \n ' , $2 = '"};
    const Values nulls{"8", std::nullopt, std::nullopt, ""};
    const auto query = StatementKind::query;
    const auto measured =
        play(Recorded{{{{0, insert, query, "", values, "S_1"},
                        {1, insert, query, "", nulls, "S_1"},
                        // The application took the name for another statement.
                        {2, "DELETE FROM kept WHERE id = $1", query, "", Values{"8"}, "S_1"},
                        {3, insert, query, "", nulls, ""},
                        {4, "DISCARD ALL", StatementKind::discard},
                        {5, insert, query, "", Values{"9", std::nullopt, std::nullopt, "x"}, "S_1"},
                        {6, "SELECT 1; SELECT 2", StatementKind::multiple}}}}
                 .options(1, 10),
             300ms);
    EXPECT_EQ(counted(measured).errors, (std::map<std::string, std::uint64_t>{}));
    EXPECT_EQ(counted(measured).count, 7U);
    EXPECT_EQ(
        value("SELECT t = E'it''s $1 \\n '' , $2 = ''' AND b = '\\x00ff' FROM kept WHERE id = 7"),
        "t");
    EXPECT_EQ(value("SELECT string_agg(id || ':' || coalesce(t, '-'), ',' ORDER BY id) FROM kept "
                    "WHERE id > 7"),
              "8:,9:x");
}

TEST_F(Replay, ATransactionSpansCallsAndAFailureInItIsCountedByWhatTheRecordingSays) {
    sql("CREATE TABLE kept (id int PRIMARY KEY)");
    const auto measured =
        play(Recorded{{{{0, "BEGIN", StatementKind::begin},
                        {1, "INSERT INTO kept VALUES (1)"},
                        {2, "COMMIT", StatementKind::commit},
                        {3, "INSERT INTO kept VALUES (1)", StatementKind::query, "23505"},
                        {4, "INSERT INTO kept VALUES (2)", StatementKind::query, "23505"},  // gone
                        {5, "INSERT INTO missing VALUES (1)"},                              // new
                        {6, "BEGIN", StatementKind::begin},
                        {7, "INSERT INTO kept VALUES (3)"},
                        {8, "ROLLBACK", StatementKind::rollback}}}}
                 .options(1, 10),
             300ms);
    EXPECT_EQ(counted(measured).count, 8U);
    EXPECT_EQ(counted(measured).errors, (std::map<std::string, std::uint64_t>{{"42P01", 1}}));
    EXPECT_EQ(outcomes(measured).as_recorded, 7U);
    EXPECT_EQ(outcomes(measured).failed_as_recorded, 1U);
    EXPECT_EQ(outcomes(measured).gone, 1U);
    EXPECT_EQ(outcomes(measured).fresh, 1U);
    EXPECT_EQ(value("SELECT string_agg(id::text, ',' ORDER BY id) FROM kept"), "1,2");
}

TEST_F(Replay, WhatIsLeftOfALostTransactionIsCountedAndNotSent) {
    sql("CREATE TABLE kept (id int)");
    const auto measured = play(Recorded{{{{0, "BEGIN", StatementKind::begin},
                                          {1, "SELECT pg_terminate_backend(pg_backend_pid())"},
                                          {2, "INSERT INTO kept VALUES (1)"},
                                          {3, "COMMIT", StatementKind::commit},
                                          {100, "INSERT INTO kept VALUES (2)"}}}}
                                   .options(1, 10),
                               2s);
    EXPECT_EQ(counted(measured).count, 2U);
    EXPECT_EQ(counted(measured).failures(), 3U);
    EXPECT_EQ(measured.reconnects, 1U);
    EXPECT_EQ(value("SELECT string_agg(id::text, ',') FROM kept"), "2");
}

// What of these calls can be sent ahead: without parameters, by the extended protocol.
std::vector<Call> extended(std::vector<Call> calls) {
    for (auto& call : calls) {
        call.parameters.emplace();
    }
    return calls;
}

// Both ways of playing one session must do and file the same.
class PipelinedReplay : public Replay, public testing::WithParamInterface<bool> {
protected:
    Measured play_fast(const std::vector<Call>& calls) {
        return play(Recorded{{calls}}.fast(GetParam()), 2s);
    }
};
INSTANTIATE_TEST_SUITE_P(SentAhead, PipelinedReplay, testing::Bool(),
                         [](const auto& each) { return each.param ? "Pipelined" : "OneByOne"; });

TEST_P(PipelinedReplay, EachCallIsItsOwnTransactionAndAFailureStopsNothingBehindIt) {
    sql("CREATE TABLE kept (n serial, id int PRIMARY KEY, xact xid8 DEFAULT pg_current_xact_id())");
    std::vector<Call> calls;
    for (int i = 0; i < 100; ++i) {
        calls.push_back({i, "INSERT INTO kept (id) VALUES (" + std::to_string(i) + ")"});
        calls.push_back({i, "INSERT INTO kept (id) VALUES (" + std::to_string(i) + ")",
                         StatementKind::query, i % 2 == 0 ? "23505" : ""});
    }
    const auto measured = play_fast(extended(calls));
    EXPECT_EQ(counted(measured).count, 150U);
    EXPECT_EQ(counted(measured).errors, (std::map<std::string, std::uint64_t>{{"23505", 50}}));
    EXPECT_EQ(outcomes(measured).failed_as_recorded, 50U);
    EXPECT_EQ(outcomes(measured).fresh, 50U);
    EXPECT_EQ(value("SELECT count(*) || ' ' || count(DISTINCT xact) || ' ' || "
                    "count(*) FILTER (WHERE n = 2 * id + 1) FROM kept"),
              "100 100 100");
}

TEST_P(PipelinedReplay, ATransactionFailsAsAWholeAndTheNextOneDoesNot) {
    sql("CREATE TABLE kept (id int PRIMARY KEY)");
    const auto measured = play_fast(extended({{0, "BEGIN", StatementKind::begin},
                                              {1, "INSERT INTO kept VALUES (1)"},
                                              {2, "INSERT INTO missing VALUES (1)"},
                                              {3, "INSERT INTO kept VALUES (2)"},
                                              {4, "COMMIT", StatementKind::commit},
                                              {5, "BEGIN", StatementKind::begin},
                                              {6, "INSERT INTO kept VALUES (3)"},
                                              {7, "SAVEPOINT s", StatementKind::savepoint},
                                              {8, "INSERT INTO kept VALUES (3)"},
                                              {9, "ROLLBACK TO s", StatementKind::rollback_to},
                                              {10, "INSERT INTO kept VALUES (4)"},
                                              {11, "COMMIT", StatementKind::commit}}));
    EXPECT_EQ(counted(measured).errors,
              (std::map<std::string, std::uint64_t>{{"42P01", 1}, {"25P02", 1}, {"23505", 1}}));
    EXPECT_EQ(counted(measured).count, 9U);
    EXPECT_EQ(value("SELECT string_agg(id::text, ',' ORDER BY id) FROM kept"), "3,4");
}

TEST_P(PipelinedReplay, WhatFailsWithItsCommitIsFiledUnderItsOwnCall) {
    sql("CREATE TABLE kept (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)");
    const auto measured =
        play_fast(extended({{0, "INSERT INTO kept VALUES (1)"},
                            {1, "INSERT INTO kept VALUES (1)", StatementKind::query, "23505"},
                            {2, "INSERT INTO kept VALUES (2)"},
                            {3, "BEGIN", StatementKind::begin},
                            {4, "INSERT INTO kept VALUES (2)"},
                            {5, "COMMIT", StatementKind::commit, "23505"},
                            {6, "INSERT INTO kept VALUES (3)"}}));
    EXPECT_EQ(outcomes(measured).as_recorded, 7U);
    EXPECT_EQ(outcomes(measured).failed_as_recorded, 2U);
    EXPECT_EQ(value("SELECT string_agg(id::text, ',' ORDER BY id) FROM kept"), "1,2,3");
}

TEST_P(PipelinedReplay, PreparedStatementsFailByThemselvesAndComeBack) {
    sql("CREATE TABLE kept (id int)");
    std::vector<Call> calls;
    const std::vector<std::optional<std::string>> five{"5"};
    const auto add = [&](const std::string& text, const std::string& name, const std::string& code,
                         int times) {
        for (int i = 0; i < times; ++i) {
            calls.push_back({0, text, StatementKind::query, code, five, name});
        }
    };
    add("INSERT INTO missing VALUES ($1)", "S_1", "42P01", 20);  // cannot be prepared
    add("INSERT INTO kept VALUES ($1)", "S_1", "", 20);          // the name for another text
    add("SELECT 1 / (5 - $1)", "S_2", "22012", 20);              // prepared, and fails
    add("SELECT 1 / $1", "S_2", "", 20);
    calls.push_back({0, "DISCARD ALL", StatementKind::discard});
    add("INSERT INTO kept VALUES ($1)", "S_1", "", 20);
    const auto measured = play_fast(calls);
    EXPECT_EQ(outcomes(measured).as_recorded, 101U);
    EXPECT_EQ(counted(measured).errors, (std::map<std::string, std::uint64_t>{}));
    EXPECT_EQ(value("SELECT count(*) || ' ' || sum(id) FROM kept"), "40 200");
}

TEST_P(PipelinedReplay, WhatTheServerHadNotBegunWhenItEndedTheSessionIsSentToTheNextOne) {
    sql("CREATE TABLE kept (n serial, id int)");
    const auto measured = play_fast(extended({{0, "INSERT INTO kept (id) VALUES (1)"},
                                              {1, "SELECT pg_terminate_backend(pg_backend_pid())"},
                                              {2, "INSERT INTO kept (id) VALUES (2)"},
                                              {3, "INSERT INTO kept (id) VALUES (3)"},
                                              {4, "BEGIN", StatementKind::begin},
                                              {5, "INSERT INTO kept (id) VALUES (4)"},
                                              {6, "SELECT pg_terminate_backend(pg_backend_pid())"},
                                              {7, "INSERT INTO kept (id) VALUES (5)"},
                                              {8, "COMMIT", StatementKind::commit},
                                              {9, "INSERT INTO kept (id) VALUES (6)"}}));
    EXPECT_EQ(measured.reconnects, 2U);
    EXPECT_EQ(counted(measured).count, 6U);  // the BEGIN and the INSERT behind it went through
    EXPECT_EQ(counted(measured).errors, (std::map<std::string, std::uint64_t>{
                                            {"57P01", 2}, {reports::error_connection_lost, 2}}));
    EXPECT_EQ(value("SELECT string_agg(id::text, ',' ORDER BY n) FROM kept"), "1,2,3,6");
}

TEST_F(Replay, CallsSentAheadAreServedOneAfterAnotherAndCountSo) {
    std::vector<Call> calls;
    for (int i = 0; i < 8; ++i) {
        calls.push_back({0, "SELECT pg_sleep(0.05)"});
    }
    const auto measured = play(Recorded{{extended(calls)}}.fast(true), 2s);
    EXPECT_EQ(counted(measured).count, 8U);
    // From each answer to the next. From when each was sent they would be 1,800 ms.
    EXPECT_GE(counted(measured).service.exact().sum_us, 400'000);
    EXPECT_LT(counted(measured).service.exact().sum_us, 1'200'000);
}

TEST_F(Replay, OfWhatWasSentAheadOnlyTheFirstIsUnfinishedAtTheEnd) {
    const Recorded recorded{{extended(
        {{0, "SELECT 1"}, {1, "SELECT pg_sleep(30)"}, {2, "SELECT 2"}, {3, "SELECT 3"}})}};
    auto options = recorded.fast(true);
    options.drain = 300ms;
    const auto measured = play(options, 300ms);
    EXPECT_EQ(counted(measured).count, 1U);
    EXPECT_EQ(counted(measured).errors,
              (std::map<std::string, std::uint64_t>{{reports::error_unfinished, 1}}));
}

TEST_F(Replay, WhatWasDueAndFoundNoConnectionIsCounted) {
    // Two sessions at the same time, one connection: the second waits behind the first's report.
    const Recorded recorded{{{{0, "SELECT pg_sleep(30)"}}, {{0, "SELECT 1"}, {10, "SELECT 1"}}}};
    auto options = recorded.options(1, 1);
    options.drain = 500ms;
    const auto measured = play(options, 300ms);
    EXPECT_EQ(counted(measured).count, 0U);
    EXPECT_EQ(counted(measured).failures(), 3U);
    EXPECT_EQ(counted(measured).errors,
              (std::map<std::string, std::uint64_t>{{reports::error_unfinished, 1},
                                                    {reports::error_no_connection, 2}}));
}

}  // namespace
