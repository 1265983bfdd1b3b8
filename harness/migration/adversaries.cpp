#include "harness/migration/adversaries.hpp"

#include "harness/migration/statement_splitter.hpp"
#include "harness/migration/step_context.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

namespace harness::migration {

namespace {

using std::chrono::milliseconds;

// Where nobody can tell whether a lock is held: a statement that was sent this long ago has its
// locks or stands in the queue for them.
constexpr milliseconds taken_to_be_in_place{300};

std::vector<std::string> statements_of(const std::string& sql) {
    StatementSplitter splitter;
    std::vector<Statement> statements;
    splitter.feed(sql, statements);
    const bool whole = splitter.finish(statements).empty() && !splitter.refused();
    std::vector<std::string> result;
    for (auto& statement : statements) {
        result.push_back(std::move(statement.sql));
    }
    // What cannot be cut goes to the server as it is: its message is the better one.
    return whole && !result.empty() ? result : std::vector<std::string>{sql};
}

bool is_query(const std::string& sql) {
    const auto words = first_words(sql, 1);
    return !words.empty() && (words[0] == "SELECT" || words[0] == "WITH" || words[0] == "VALUES" ||
                              words[0] == "TABLE");
}

constexpr const char* not_in_place = "it was not in place when the migration began";

}  // namespace

// One adversary. `mutex` guards the fields above it that both threads use.
struct Adversaries::One {
    scenarios::Adversary plan;
    std::unique_ptr<database::Control> control;
    std::int64_t session = 0;
    reports::Adversary outcome;
    bool in_place = false, ended = false, stopping = false;
    bool begun = false;
    bool late = false;  // not in place when the migration began
    std::optional<Clock::time_point> sent;
    mutable std::mutex mutex;
    mutable std::condition_variable_any changed;
    std::function<void(std::string_view)> log;
    Clock::time_point run_start;
    std::jthread thread;

    void run(Clock::time_point due);
    bool act(const scenarios::IdleInTransaction&);
    bool act(const scenarios::LongReport&);
    bool act(const scenarios::SecondMigration&);
    bool act(const scenarios::Vacuum&);
    bool execute(const std::string& sql);
    bool sleep_until(Clock::time_point at);
    bool begin();
    [[nodiscard]] bool is_in_place(Locks locks) const;
    void mark_in_place();
    void fail(const database::Error& error);
    [[nodiscard]] bool over() const {
        const std::lock_guard lock{mutex};
        return ended;
    }
    [[nodiscard]] double seconds() const {
        return std::chrono::duration<double>(Clock::now() - run_start).count();
    }
};

// False: stopped before.
bool Adversaries::One::sleep_until(Clock::time_point at) {
    std::unique_lock lock{mutex};
    return !changed.wait_until(lock, at, [&] { return stopping; });
}

// A second migration does its part in the queue, too: whoever comes later stands behind it.
bool Adversaries::One::is_in_place(Locks locks) const {
    return locks == Locks::holds_one ||
           (locks == Locks::waits_for_one &&
            std::holds_alternative<scenarios::SecondMigration>(plan.action));
}

void Adversaries::One::mark_in_place() {
    {
        const std::lock_guard lock{mutex};
        in_place = true;
    }
    changed.notify_all();
}

void Adversaries::One::fail(const database::Error& error) {
    const std::lock_guard lock{mutex};
    if (stopping && (error.kind == database::ErrorKind::cancelled)) {
        outcome.outcome = "ok";
        outcome.error = "ended early: the migration was over";
        return;
    }
    // Another migration that was turned away has done its part: it stood in the queue.
    const bool turned_away = std::holds_alternative<scenarios::SecondMigration>(plan.action) &&
                             error.kind == database::ErrorKind::lock_timeout;
    outcome.outcome = turned_away ? "ok" : "failed";
    outcome.error = error.text();
}

bool Adversaries::One::execute(const std::string& sql) {
    {
        const std::lock_guard lock{mutex};
        if (stopping) {
            outcome.outcome = "ok";
            outcome.error = "ended early: the migration was over";
            return false;
        }
        sent = Clock::now();
    }
    const auto result = control->execute(sql);
    if (!result.ok()) {
        fail(*result.error);
    }
    return result.ok();
}

// False: the migration was over in the same moment.
bool Adversaries::One::begin() {
    const std::lock_guard lock{mutex};
    if (stopping) {
        return false;
    }
    begun = true;
    outcome.start_s = seconds();
    outcome.outcome = "ok";
    return true;
}

void Adversaries::One::run(Clock::time_point due) {
    if (sleep_until(due) && begin()) {
        log(log_line(plan.name, "adversary begins"));
        bool done = false;
        try {
            done = std::visit([&](const auto& action) { return act(action); }, plan.action);
            if (!done) {
                control->execute("ROLLBACK");  // VACUUM: a warning
            }
        } catch (const database::Outage& outage) {
            fail(outage.error());
        } catch (const std::exception& failure) {
            database::Error error;
            error.message = failure.what();
            fail(error);
        }
        const std::lock_guard lock{mutex};
        outcome.end_s = seconds();
        if (late && outcome.outcome == "ok") {
            outcome.outcome = "failed";
            outcome.error = not_in_place;
        }
        log(log_line(plan.name, "adversary ends: " + outcome.outcome +
                                    (outcome.error.empty() ? "" : ": " + outcome.error)));
    } else {
        const std::lock_guard lock{mutex};
        outcome.outcome = "never ran";
        outcome.error =
            "the migration was over before its time (from: " + std::to_string(plan.from.count()) +
            " ms)";
        outcome.start_s = outcome.end_s = seconds();
    }
    {
        const std::lock_guard lock{mutex};
        ended = true;
    }
    changed.notify_all();
}

bool Adversaries::One::act(const scenarios::IdleInTransaction& action) {
    if (!execute("BEGIN") || !execute("SELECT 1 FROM " + action.table + "\nLIMIT 1")) {
        return false;
    }
    mark_in_place();
    sleep_until(Clock::now() + action.length);
    // Not through execute(): a stop ends the sitting, not the transaction's good end.
    const auto committed = control->execute("COMMIT");
    if (!committed.ok()) {
        fail(*committed.error);
    }
    return committed.ok();
}

bool Adversaries::One::act(const scenarios::LongReport& action) {
    if (!execute("BEGIN")) {
        return false;
    }
    const auto statements = statements_of(action.sql);
    // Planning takes the query's table locks and the transaction keeps them: from here on it is in
    // place, for certain and before the query itself runs.
    if (is_query(statements.front()) && execute("SAVEPOINT rehearse")) {
        if (control->execute("EXPLAIN " + statements.front()).ok()) {
            mark_in_place();
        } else {
            control->execute("ROLLBACK TO SAVEPOINT rehearse");  // the query tells what is wrong
        }
    }
    for (const auto& sql : statements) {
        if (!execute(sql)) {
            return false;
        }
        mark_in_place();
    }
    return execute("COMMIT");
}

bool Adversaries::One::act(const scenarios::SecondMigration& action) {
    if (!execute("BEGIN")) {
        return false;
    }
    for (const auto& sql : statements_of(action.sql)) {
        if (!execute(sql)) {
            return false;
        }
        mark_in_place();
    }
    return execute("COMMIT");
}

bool Adversaries::One::act(const scenarios::Vacuum& action) {
    return execute(std::string{"VACUUM "} + (action.freeze ? "(FREEZE) " : "") + action.table);
}

Adversaries::Adversaries(std::vector<scenarios::Adversary> adversaries, Connect connect,
                         Options options)
    : connect_{std::move(connect)}, options_{std::move(options)} {
    for (auto& adversary : adversaries) {
        auto one = std::make_unique<One>();
        one->plan = std::move(adversary);
        one->outcome.name = one->plan.name;
        one->outcome.outcome = "never ran";
        one->outcome.error = "the migration never began";
        one->run_start = options_.run_start;
        one->log = options_.log ? options_.log : [](std::string_view) {};
        all_.push_back(std::move(one));
    }
}

Adversaries::~Adversaries() {
    stop();
}

void Adversaries::start() {
    for (auto& one : all_) {
        try {
            one->control = connect_(adversary_application);
            one->control->set_statement_timeout(milliseconds{0});
            const auto* migration = std::get_if<scenarios::SecondMigration>(&one->plan.action);
            one->control->set_lock_timeout(lock_timeout_or_default(
                migration != nullptr ? migration->lock_timeout : milliseconds{0}));
            one->session = one->control->session_id();
            one->outcome.error.clear();
        } catch (const database::Outage& outage) {
            one->control.reset();
            one->ended = true;
            one->outcome.outcome = "failed";
            one->outcome.error = std::string{"could not connect: "} + outage.what();
            one->outcome.start_s = one->outcome.end_s = one->seconds();
        }
    }
    const auto now = Clock::now();
    for (auto& one : all_) {
        if (one->control) {
            one->thread = std::jthread{[&one = *one, due = now + one->plan.from] { one.run(due); }};
        }
    }
    for (auto& one : all_) {
        if (one->plan.from.count() > 0) {
            continue;
        }
        while (true) {
            std::unique_lock lock{one->mutex};
            const auto at = Clock::now();
            if (one->in_place || one->ended ||
                (!options_.locks && one->sent && at >= *one->sent + taken_to_be_in_place)) {
                break;
            }
            if (at >= now + options_.in_place_limit) {
                one->late = true;
                one->outcome.error = not_in_place;
                break;
            }
            const bool ask = options_.locks && one->sent.has_value();
            one->changed.wait_for(lock, milliseconds{10},
                                  [&] { return one->in_place || one->ended; });
            lock.unlock();
            if (ask && one->is_in_place(options_.locks(one->session))) {
                one->mark_in_place();
            }
        }
    }
}

std::vector<std::pair<std::int64_t, std::string>> Adversaries::sessions() const {
    std::vector<std::pair<std::int64_t, std::string>> sessions;
    for (const auto& one : all_) {
        if (one->session != 0) {
            sessions.emplace_back(one->session, one->plan.name);
        }
    }
    return sessions;
}

void Adversaries::migration_over() {
    for (auto& one : all_) {
        const std::lock_guard lock{one->mutex};
        if (!one->begun) {
            one->stopping = true;
            one->changed.notify_all();
        }
    }
}

void Adversaries::stop() {
    for (auto& one : all_) {
        {
            const std::lock_guard lock{one->mutex};
            one->stopping = true;
        }
        one->changed.notify_all();
    }
    // All of them before the first is waited for: a server that does not answer makes each of them
    // wait for seconds. And again and again: a request that arrives between two statements is lost.
    for (auto& one : all_) {
        while (one->thread.joinable()) {
            for (auto& other : all_) {
                if (other->thread.joinable() && !other->over()) {
                    other->control->cancel();
                }
            }
            std::unique_lock lock{one->mutex};
            if (one->changed.wait_for(lock, milliseconds{50}, [&] { return one->ended; })) {
                lock.unlock();
                one->thread.join();
            }
        }
        one->control.reset();
    }
}

std::vector<reports::Adversary> Adversaries::outcomes() const {
    std::vector<reports::Adversary> outcomes;
    for (const auto& one : all_) {
        const std::lock_guard lock{one->mutex};
        outcomes.push_back(one->outcome);
    }
    return outcomes;
}

}  // namespace harness::migration
