#include "harness/recording/replay_source.hpp"

#include "harness/recording/recording_digest.hpp"
#include "harness/usage_error.hpp"
#include "reports/figures.hpp"
#include "scenarios/relations.hpp"
#include "workloads/conflicts/touches.hpp"
#include "workloads/logs/message.hpp"
#include "workloads/logs/parameters.hpp"
#include "workloads/logs/replayability.hpp"
#include "workloads/replay/session_play.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <map>

namespace harness::recording {
namespace {

using workloads::logs::LogEntry;
using workloads::logs::StatementKind;
using workloads::replay::is_replayed;

// "select_orders_3fa9c2d1": what it does, where, and which of several.
std::string operation_name(const workloads::logs::Shape& shape, const std::string& text) {
    std::string name;
    for (const char c : shape.masked) {
        if (std::isalpha(static_cast<unsigned char>(c)) == 0) {
            break;
        }
        name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    name = name.empty() ? "statement" : name.substr(0, 20);
    if (const auto relations = scenarios::relations_of(text); !relations.empty()) {
        name += '_';
        for (const char c : relations.front().substr(0, 30)) {
            const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0;
            name += plain ? static_cast<char>(std::tolower(static_cast<unsigned char>(c))) : '_';
        }
    }
    char number[16];
    std::snprintf(number, sizeof number, "_%08x",
                  static_cast<unsigned>(shape.fingerprint ^ shape.fingerprint >> 32U));
    return name + number;
}

workloads::Statement statement_of(std::string text) {
    workloads::Statement statement;
    statement.text = statement.numbered = std::move(text);
    return statement;
}

// What the server says of names only; of anything else its code.
std::string without_values(const database::Error& error) {
    static constexpr std::string_view about_names[] = {"42P01", "42501", "3F000", "42883"};
    const bool told = std::find(std::begin(about_names), std::end(about_names), error.code) !=
                      std::end(about_names);
    return (told ? error.message + " (SQLSTATE " : "SQLSTATE ") + error.code + (told ? ")" : "");
}

std::string where(const scenarios::Scenario& scenario) {
    return scenarios::Error{scenario.file, scenario.workload.replay->place, "workload.replay"}
        .text();
}

}  // namespace

ReplaySource::ReplaySource(const scenarios::Scenario& scenario, ReadProgress& progress,
                           const std::stop_token& stop) {
    const auto& replay = *scenario.workload.replay;
    reader_ = std::make_unique<RecordingReader>(
        replay.logs, replay.prefix.empty() ? std::nullopt : std::optional{replay.prefix}, progress,
        stop);
    recording_ = reader_->read();
    choose_sessions(scenario);
    cursors_.emplace(recording_, sessions_, *reader_);
    find_what_goes_ahead(replay);
    count_uses();
    name_operations();
    count_reasons();
    find_gaps();
    // Where it starts over, sessions of one time open theirs while those before them still work.
    const std::size_t times_at_once = replay.loops ? 2 : 1;
    connections_ = replay.sessions ? static_cast<std::size_t>(*replay.sessions)
                                   : times_at_once * most_at_once();
    for (const auto& file : reader_->files()) {
        described_.logs.push_back(file.path);
    }
    described_.recording = digest_of(recording_, sessions_);
    described_.speed = replay.speed;
    described_.loops = replay.loops;
    described_.length_s = replay.speed > 0 ? length_s() / replay.speed : 0;
    if (described_.exactly + described_.approximately == 0) {
        throw UsageError{where(scenario) + ": of its " +
                         reports::counted(described_.statements(), "statement", "statements") +
                         " none can be sent again; `rehearse workload inspect` says why"};
    }
}

// Sessions of one database: the others' statements would run where their tables are not.
void ReplaySource::choose_sessions(const scenarios::Scenario& scenario) {
    const auto& wanted = scenario.workload.replay->database;
    std::map<std::string, std::uint64_t> statements;
    for (const auto& session : recording_.sessions) {
        if (session.events > 0) {
            statements[recording_.names[session.database]] += session.events;
        }
    }
    std::string known;
    for (const auto& [database, count] : statements) {
        known += (known.empty() ? "" : ", ") + (database.empty() ? "(not logged)" : database) +
                 " (" + reports::counted(count, "statement", "statements") + ")";
    }
    if (wanted.empty() && statements.size() > 1) {
        throw UsageError{where(scenario) + ": the recorded sessions are of several databases: " +
                         known + "; say which one is replayed with `database`"};
    }
    if (!wanted.empty() && !statements.contains(wanted)) {
        throw UsageError{where(scenario) + ": no recorded session is of the database \"" + wanted +
                         "\"; there are: " + (known.empty() ? "none" : known)};
    }
    origin_us_ = INT64_MAX;
    for (std::size_t i = 0; i < recording_.sessions.size(); ++i) {
        const auto& session = recording_.sessions[i];
        if (session.events == 0) {
            continue;
        }
        if (!wanted.empty() && recording_.names[session.database] != wanted) {
            described_.other_databases += session.events;
            continue;
        }
        sessions_.push_back(static_cast<std::uint32_t>(i));
        origin_us_ = std::min(origin_us_, recording_.events[session.first_event].start_us);
    }
    described_.sessions = sessions_.size();
    const auto first_start = [this](std::uint32_t session) {
        const auto& chosen = recording_.sessions[session];
        return std::min(chosen.start_us, recording_.events[chosen.first_event].start_us);
    };
    std::stable_sort(sessions_.begin(), sessions_.end(), [&](std::uint32_t a, std::uint32_t b) {
        return first_start(a) < first_start(b);
    });
}

void ReplaySource::find_what_goes_ahead(const scenarios::Replay& replay) {
    using workloads::replay::Pipelining;
    if (!Pipelining::helps(replay.speed, replay.in_order)) {
        return;
    }
    pipelining_.emplace(recording_);
    for (const auto& event : recording_.events) {
        if (cursors_->contains(event)) {
            pipelining_->keep_alone(event);
        }
    }
}

void ReplaySource::count_uses() {
    std::vector<Use> uses(recording_.shapes.size());
    for (const auto number : sessions_) {
        for (const auto& event : recording_.events_of(recording_.sessions[number])) {
            auto& use = uses[event.shape];
            if (!is_replayed(event)) {
                continue;
            }
            last_us_ = std::max(last_us_, event.start_us);
            if (use.count++ == 0) {
                use.shape = event.shape;
                use.first = event.place();
            }
        }
    }
    const auto again = reader_->reread();
    for (auto& use : uses) {
        LogEntry entry;
        if (use.count == 0) {
            continue;
        }
        if (again->read(use.first, entry)) {
            use.text = spoken(entry).text;
            use.parameters = workloads::logs::read_parameters(entry).count;
        }
        uses_.push_back(std::move(use));
    }
    std::stable_sort(uses_.begin(), uses_.end(),
                     [](const Use& a, const Use& b) { return a.count > b.count; });
}

// The most frequent shapes are operations of their own.
void ReplaySource::name_operations() {
    operation_of_shape_.assign(recording_.shapes.size(), 0);
    const bool fold = uses_.size() > most_replay_operations;
    std::map<std::string, unsigned> taken;
    for (std::size_t i = 0; i < uses_.size(); ++i) {
        const auto& use = uses_[i];
        const bool of_its_own = !fold || i + 1 < most_replay_operations;
        if (of_its_own || operations_.size() < most_replay_operations) {
            workloads::Operation operation;
            operation.name = of_its_own ? operation_name(recording_.shapes[use.shape], use.text)
                                        : std::string{other_statements};
            if (const auto same = taken[operation.name]++; same > 0) {
                operation.name += "_" + std::to_string(same + 1);
            }
            operations_.push_back(std::move(operation));
        }
        operations_.back().statements.push_back(statement_of(use.text));
        operation_of_shape_[use.shape] =
            static_cast<workloads::OperationId>(operations_.size() - 1);
    }
}

// Temporary tables, and whatever else the application makes before it uses it.
std::vector<std::string> ReplaySource::relations_made() const {
    std::vector<std::string> made;
    for (const auto& use : uses_) {
        if (recording_.shapes[use.shape].kind == StatementKind::definition) {
            const auto relations = scenarios::relations_of(use.text);
            made.insert(made.end(), relations.begin(), relations.end());
        }
    }
    std::sort(made.begin(), made.end());
    return made;
}

std::vector<std::string> ReplaySource::refused_by(database::Database& target,
                                                  const scenarios::Scenario& scenario) const {
    const auto made = relations_made();
    std::vector<database::StatementToCheck> statements;
    std::map<std::string, const Use*> use_at;  // by its number: a place takes long to find
    std::uint64_t calls = 0;
    for (const auto& use : uses_) {
        calls += use.count;
        const auto relations = scenarios::relations_of(use.text);
        const bool makes_them =
            std::any_of(relations.begin(), relations.end(), [&](const std::string& relation) {
                return std::binary_search(made.begin(), made.end(), relation);
            });
        if (recording_.shapes[use.shape].kind != StatementKind::query || makes_them) {
            continue;
        }
        const auto number = std::to_string(statements.size());
        use_at[number] = &use;
        statements.push_back({.place = number, .sql = use.text, .parameters = use.parameters});
    }
    std::vector<std::string> refusals;
    std::uint64_t refused = 0;
    for (const auto& problem : target.check_statements(
             statements, {scenario.workload.session_old, scenario.workload.session_new})) {
        const auto& use = *use_at.at(problem.place);
        refused += use.count;
        // Not as it stands in the log: its values are production's, and the server may quote them.
        refusals.push_back(reader_->place_text(use.first) + ": " + without_values(problem.error) +
                           ", of which there are " + reports::counted(use.count, "call", "calls") +
                           ": " + recording_.shapes[use.shape].masked.substr(0, 200));
    }
    if (refused * 100 > calls) {
        constexpr std::size_t most_told = 10;
        std::string text = "the target refuses " + reports::counted(refused, "call", "calls") +
                           " of " + reports::count_text(calls) + " in the recording:";
        for (std::size_t i = 0; i < std::min(refusals.size(), most_told); ++i) {
            text += "\n" + refusals[i];
        }
        if (refusals.size() > most_told) {
            text += "\nand " + std::to_string(refusals.size() - most_told) + " statements more";
        }
        throw UsageError{text +
                         "\nbegin with the schema and the data that the recording began with, "
                         "or set the search path with `workload.session`"};
    }
    return refusals;
}

void ReplaySource::fit_to(database::Database& target, const scenarios::Scenario& scenario,
                          const std::stop_token& stop) {
    const auto& replay = *scenario.workload.replay;
    const bool follows_keys = !replay.recorded_keys && (replay.loops || may_draw_keys(recording_));
    if (!replay.in_order && !follows_keys) {
        return;
    }
    RecordedStatements statements{recording_, sessions_, *reader_, stop};
    const auto relations = target.recorded_relations(statements.tables(), statements.functions(),
                                                     scenario.workload.session_old);
    if (replay.in_order) {
        keep_order(statements, relations, stop);
    }
    if (follows_keys) {
        keys_ = std::make_unique<ReplayKeys>(recording_, sessions_, statements, relations, target,
                                             replay.loops, stop);
        if (!keys_->is_used()) {
            keys_.reset();
        }
    }
}

void ReplaySource::keep_order(RecordedStatements& statements,
                              const workloads::conflicts::Relations& relations,
                              const std::stop_token& stop) {
    order_ = recorded_order(recording_, sessions_, statements, relations, stop);
    const auto& commits = order_->commits;
    reports::ReplayOrder told{.transactions = commits.transactions,
                              .waiting_calls = commits.waiting_calls,
                              .guessed = commits.guessed,
                              .unseen = {},
                              .holds = {}};
    for (const auto& [why, calls] : order_->unseen) {
        told.unseen.push_back({why, calls});
    }
    described_.order = std::move(told);
    const auto unread = order_->unseen.find(workloads::conflicts::unreadable_text);
    const auto calls = described_.exactly + described_.approximately;
    if (unread != order_->unseen.end() && unread->second * 100 > calls) {
        gaps_.push_back("The recorded order was not kept for " +
                        reports::counted(unread->second, "call", "calls") + " of " +
                        reports::count_text(calls) +
                        ", whose texts cannot be read: longer than 1 MB or 6,000 words, or of "
                        "several statements.");
    }
}

void ReplaySource::count_reasons() {
    struct Count {
        std::uint64_t count = 0;
        workloads::Place first;
    };
    std::map<workloads::logs::Reason, Count> counts;
    for (const auto number : sessions_) {
        for (const auto& event : recording_.events_of(recording_.sessions[number])) {
            auto& found = counts[event.reason()];
            if (found.count++ == 0) {
                found.first = event.place();
            }
        }
    }
    for (const auto& [reason, found] : counts) {
        const auto& row = workloads::logs::row_of(reason);
        using workloads::logs::Replay;
        const auto replayed = workloads::replay::replay_of(reason);
        auto& sum = replayed == Replay::exactly         ? described_.exactly
                    : replayed == Replay::approximately ? described_.approximately
                                                        : described_.not_at_all;
        sum += found.count;
        if (reason != workloads::logs::Reason::none) {
            described_.reasons.push_back({.key = row.key,
                                          .why = row.why,
                                          .first = reader_->place_text(found.first),
                                          .replayed = workloads::logs::name_of(replayed),
                                          .count = found.count});
        }
    }
}

// What is not in the log cannot be missed by looking at what is.
void ReplaySource::find_gaps() {
    gaps_ = inspect(recording_, reader_->files(), 0).not_logged;
    std::uint64_t bytes = 0;
    std::uint64_t passed_over = 0;
    for (const auto& file : reader_->files()) {
        bytes += file.bytes;
        passed_over += file.passed_over_bytes;
    }
    if (passed_over * 100 > bytes) {
        gaps_.push_back(reports::count_text(passed_over) + " of " + reports::count_text(bytes) +
                        " bytes of the logs made no sense and were passed over.");
    }
    if (const auto missing = recording_.records.missing + recording_.records.unattributed;
        missing > 0) {
        described_.not_at_all += missing;
        described_.reasons.push_back({.key = "log_incomplete",
                                      .why = "are not in the log, or without their session",
                                      .first = reader_->files().front().path,
                                      .replayed = "not",
                                      .count = missing});
    }
}

// Sessions as they overlapped; one that did nothing any more is over.
std::size_t ReplaySource::most_at_once() const {
    std::vector<std::pair<std::int64_t, int>> changes;
    for (const auto number : sessions_) {
        const auto& session = recording_.sessions[number];
        const auto begins =
            std::min(session.start_us, recording_.events[session.first_event].start_us);
        changes.emplace_back(begins, 1);
        changes.emplace_back(std::max(session.end_us, begins) + 1, -1);
    }
    std::sort(changes.begin(), changes.end());
    int open = 0;
    int most = 1;
    for (const auto& [at, change] : changes) {
        open += change;
        most = std::max(most, open);
    }
    return static_cast<std::size_t>(most);
}

double ReplaySource::length_s() const noexcept {
    return static_cast<double>(last_us_ - origin_us_) * 1e-6;
}

// The next time begins as long after the last statement as statements are apart.
std::int64_t ReplaySource::lap_us() const noexcept {
    const auto statements =
        static_cast<std::int64_t>(described_.exactly + described_.approximately);
    const auto length = last_us_ - origin_us_;
    constexpr std::int64_t shortest_us = 1'000;
    return std::max(shortest_us, length + length / std::max<std::int64_t>(statements, 1));
}

double ReplaySource::rate() const noexcept {
    const auto sent = static_cast<double>(described_.exactly + described_.approximately);
    return described_.length_s > 0 ? sent / described_.length_s : 0;
}

scenarios::Scenario ReplaySource::with_operations(const scenarios::Scenario& scenario) const {
    auto changed = scenario;
    auto& workload = changed.workload;
    workload.operations = operations_;
    workload.operation_places.assign(operations_.size(), workload.replay->place);
    workload.connections = static_cast<int>(connections_);
    workload.threads = std::min(workload.threads, workload.connections);
    if (changed.verify && changed.verify->live == scenarios::Verify::Live::automatic) {
        changed.verify->live = scenarios::Verify::Live::off;
    }
    if (workload.replay->at) {
        const std::chrono::duration<double, std::milli> reached{
            static_cast<double>(workload.replay->at->count()) / workload.replay->speed};
        changed.phases.warmup =
            std::chrono::round<std::chrono::milliseconds>(reached) - changed.phases.before;
    }
    return changed;
}

load::ReplayOptions ReplaySource::options(const scenarios::Replay& replay,
                                          std::size_t players) const {
    load::ReplayOptions options;
    options.recording = &recording_;
    options.sessions = sessions_;
    options.operation_of_shape = operation_of_shape_;
    options.operations = operations_.size();
    options.reader = [this] {
        return std::make_unique<ReplayCalls>(recording_, *reader_, *cursors_, keys_.get());
    };
    options.tempo = {origin_us_, replay.speed, replay.loops ? lap_us() : 0};
    // What one thread knows needs no lock, and sessions begin in their order.
    options.players = order_ ? 1 : std::min(players, connections_);
    options.order = order_ ? &order_->commits : nullptr;
    options.pipelining = pipelining_ ? &*pipelining_ : nullptr;
    // Sessions open theirs when they did, however long the others take. As fast as possible there
    // is no when.
    options.connections = replay.sessions || !(replay.speed > 0)
                              ? connections_
                              : sessions_.size() * (replay.loops ? 2 : 1);
    return options;
}

}  // namespace harness::recording
