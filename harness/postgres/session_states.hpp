// One connection of the load: the class behind make_session, in five files. session.cpp has the
// life of the connection, session_operation.cpp what runs in it, session_script.cpp how a script
// does, session_replay.cpp what a recorded session sent, session_queue.cpp how several of its calls
// are under way at once.
#pragma once

#include "harness/postgres/connection.hpp"
#include "harness/postgres/session.hpp"
#include "harness/postgres/sleep_timer.hpp"
#include "workloads/pgbench/script.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct ssl_st;  // OpenSSL's SSL

namespace harness::postgres {

using database::Clock;
using database::Error;
using database::ErrorKind;

class PostgresSession final : public database::Session, private database::Pollable {
public:
    PostgresSession(std::shared_ptr<const LoadPlan> plan, database::Poller& poller,
                    database::SessionListener& listener);
    ~PostgresSession() { close(); }
    PostgresSession(const PostgresSession&) = delete;
    PostgresSession& operator=(const PostgresSession&) = delete;

    void connect(workloads::App app) override;
    void close() override;
    void run(std::uint16_t operation, workloads::Values& values) override;
    void run(const workloads::replay::RecordedCall& call) override;
    void queue(const workloads::replay::RecordedCall& call) override;
    void check_deadline(Clock::time_point now) override;

    [[nodiscard]] Clock::time_point statement_sent() const noexcept override {
        return statement_sent_;
    }

    [[nodiscard]] std::int64_t session_id() const noexcept override {
        return connection_ && state_ != State::connecting ? PQbackendPID(connection_.get()) : 0;
    }

private:
    enum class State : std::uint8_t {
        closed,
        connecting,
        sleeping,  // in a script's \\sleep
        idle,
        // From here on an answer is awaited.
        verifying,   // that this is the server that was checked
        setting_up,  // session settings
        preparing,
        beginning,
        executing,
        committing,
        rolling_back,
    };
    // Once a socket's answers have been announced, the kernel does not look again whether there are
    // more (edge-triggered): a look less an operation, 2 % of its cost.
    static constexpr std::uint32_t answers =
        std::uint32_t{EPOLLIN} | std::uint32_t{EPOLLRDHUP} | std::uint32_t{EPOLLET};
    // One prepared statement of this session. Each preparation gets a new name: the old one may be
    // in any state after an error, and a name costs nothing.
    struct Prepared {
        std::uint32_t generation = 0;
        bool valid = false;
        std::string name;
    };

    void on_ready(std::uint32_t events) override;
    void prefetch() const noexcept override;
    void continue_connecting();
    void read_input();
    [[nodiscard]] bool more_to_read() const;
    void read_results();
    bool take_result(PGresult* result);  // false: the session was closed
    void take_rows(const PGresult* result);
    void take_completion(PGresult* result);  // of a statement without rows
    void keep_values(const PGresult* result);
    void statement_finished();
    void verify();
    [[nodiscard]] std::string settings() const;
    void send_settings();
    void set_up(bool failed);
    void operation_statement_finished();

    void send_statement();
    void send_begin_and_statement();
    void send_begin();
    void send_tagged_statement();
    int queue_tag();        // 1: taken by libpq
    int queue_statement();  // 1: taken by libpq
    void send_prepare();
    void name_anew(Prepared& entry) const;
    [[nodiscard]] bool needs_preparing();
    void send_simple(const char* sql, State state);
    void after_send(int accepted);
    void watch(std::uint32_t events);

    void send_recorded();
    void recorded_prepared(bool failed);
    void hand_over_returned(const PGresult* result) const;
    void forget_recorded();
    void recorded_finished();
    int send_queued(const workloads::replay::RecordedCall& call);  // 1: taken by libpq
    void queued_finished();
    void note_preparation();
    void run_script();
    void go_on_with_script();
    bool send_from_script(std::uint32_t number);
    bool queue_in_script_pipeline();
    bool sync_script_pipeline();
    void end_script_pipeline();
    void sleep_in_script(std::chrono::nanoseconds length);
    void script_woken();
    void keep_script_rows(const PGresult* result);
    void script_statement_finished();
    void forget_prepared_in_script();
    void script_failed();
    void script_finished();
    void end_script();
    [[nodiscard]] workloads::pgbench::Run& script_run();
    [[nodiscard]] const workloads::pgbench::SqlCommand& script_statement() const;

    void finish_operation();
    void lost_while_running(const Error& error);
    void connection_failed();

    [[nodiscard]] const workloads::Operation& operation() const {
        return plan_->operations[operation_];
    }
    [[nodiscard]] const workloads::Statement& statement() const {
        return operation().statements[statement_];
    }
    // Empty: nothing is said of it.
    [[nodiscard]] std::string_view tag() const {
        return plan_->tags.empty() ? std::string_view{} : plan_->tags[operation_];
    }
    // Whether it is said with BEGIN; else with a statement.
    [[nodiscard]] bool tagged_at_once() const {
        return !tag().empty() && (plan_->tag_places.empty() || plan_->tag_places[operation_] == 0);
    }
    [[nodiscard]] bool tagged_with_statement() const {
        if (runs_script_) {
            return script_tag_due_;
        }
        return operation().transaction ? !tag().empty() && !tagged_at_once() &&
                                             plan_->tag_places[operation_] == statement_
                                       : !tag().empty();
    }
    [[nodiscard]] Prepared& prepared() {
        return prepared_[first_statement_[operation_] + statement_];
    }
    [[nodiscard]] bool running() const noexcept { return state_ > State::idle; }
    [[nodiscard]] bool opening() const noexcept {
        return state_ == State::connecting || state_ == State::verifying ||
               state_ == State::setting_up;
    }

    // What every operation touches comes first and close together (see Poller::prefetch_ahead).
    database::SessionListener& listener_;
    Connection connection_;
    ssl_st* tls_ = nullptr;  // libpq's own, where the connection is encrypted by OpenSSL
    int socket_ = -1;
    std::uint32_t watched_ = 0;
    std::uint16_t operation_ = 0;
    State state_ = State::closed;
    workloads::App app_ = workloads::App::old_version;
    bool statement_failed_ = false;
    bool statement_answered_ = false;  // no answer must never look like success
    bool in_pipeline_ = false;         // BEGIN and the first statement are under way together
    bool tag_unanswered_ = false;      // the next rows are the tag's
    bool settings_sent_ = false;       // again, after that
    bool settings_gone_ = false;       // a recorded call has reset what the harness had set
    bool then_sent_ = false;           // of a recorded call
    bool runs_script_ = false;         // the operation is a script, or was the last one
    ErrorKind kind_ = ErrorKind::other;
    std::uint32_t statement_ = 0;
    workloads::Values* values_ = nullptr;
    const workloads::replay::RecordedCall* recorded_ = nullptr;  // null: an operation runs
    std::vector<Prepared> prepared_;
    Prepared tag_statement_;
    std::shared_ptr<const LoadPlan> plan_;
    Clock::time_point started_, statement_sent_, slowest_sent_, slowest_done_, last_done_;
    Clock::time_point awaiting_since_;  // the answer that is awaited now
    std::uint64_t sent_ = 0;            // messages so far
    std::string code_;  // of the first failure of the running operation; empty: none
    std::vector<std::uint32_t> first_statement_;  // of each operation, into prepared_
    std::vector<const char*> parameter_values_;
    database::Poller& poller_;
    std::string text_;
    Error setup_error_;
    // By the name that the recorded application gave: what was prepared under it.
    struct RecordedStatement {
        std::string text, name;
        std::uint64_t number = 0;  // of recorded_generation_
        bool answered = true;      // the server has prepared it
    };
    std::map<std::string, RecordedStatement, std::less<>> recorded_statements_;
    std::uint64_t recorded_generation_ = 0;
    // A recorded call that was sent before those ahead of it were answered.
    struct Queued {
        Clock::time_point sent;
        std::uint64_t statement = 0;  // RecordedStatement::number; 0: it uses none
        bool prepares = false;        // ... and makes it
        bool prepared = false;        // ... and has made it
        std::vector<workloads::replay::RecordedCall::Wanted> wanted = {};
        workloads::replay::ReturnedValues* taker = nullptr;
    };
    std::deque<Queued> queued_;     // the oldest first
    bool ended_by_server_ = false;  // the connection, with an error that says so

    // Of the script that runs.
    bool script_pipeline_ = false;    // its own, which is not ended yet
    bool script_tagged_ = false;      // its transaction has said whose it is
    bool script_tag_due_ = false;     // ... and does so with the statement that is sent now
    bool script_waited_ = false;      // for anything, since it began
    bool script_slept_ = false;       // since the last statement
    bool script_over_ = false;        // only its end is to be told
    std::uint32_t script_syncs_ = 0;  // of its pipeline, unanswered
    int kept_rows_ = 0;               // of the last result
    std::vector<std::pair<std::string, std::string>> kept_;  // its columns, for \gset
    std::vector<std::uint32_t> script_prepared_;             // in its pipeline
    std::unique_ptr<SleepTimer> sleep_timer_;
};

}  // namespace harness::postgres
