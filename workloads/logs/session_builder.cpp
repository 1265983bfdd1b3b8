#include "workloads/logs/session_builder.hpp"

#include <algorithm>
#include <charconv>
#include <new>
#include <stdexcept>
#include <utility>

namespace workloads::logs {
namespace {

constexpr std::size_t most_names = 100'000;    // of users, databases and applications
constexpr std::size_t most_sqlstates = 1'000;  // servers know some 250; functions may raise others

bool is_replication(const LogEntry& entry) {
    return entry.backend_type == "walsender";
}

// What connects is "not initialized" until it is let in. A worker of a parallel query repeats its
// leader's failure.
bool is_background(const LogEntry& entry) {
    const auto type = entry.backend_type;
    const bool client = type.empty() || type == "client backend" || type == "not initialized" ||
                        type == "dead-end client backend" || is_replication(entry);
    return !client || entry.command_tag.starts_with("parallel worker");
}

std::uint64_t last_line_of(const LogEntry& entry) {
    return entry.session_line == 0 ? 0 : entry.session_line + entry.session_line_count - 1;
}

bool speaks_of_a_statement(Saying saying) {
    return saying <= Saying::duration || saying == Saying::function_call;
}

}  // namespace

SessionBuilder::SessionBuilder() {
    recording_.names.emplace_back();             // of what is not logged
    recording_.sqlstates.emplace_back("?????");  // of a failure without one
}

void SessionBuilder::expect(std::uint64_t log_bytes) {
    // The shortest records of stderr logs have some 60 bytes. What is never touched costs nothing.
    constexpr std::uint64_t shortest_record = 60;
    try {
        events_.reserve(static_cast<std::size_t>(log_bytes / shortest_record));
    } catch (const std::bad_alloc&) {  // then it grows as it goes
    } catch (const std::length_error&) {
    }
}

void SessionBuilder::add(const LogEntry& entry, std::uint16_t file, std::int64_t time_us) {
    auto& records = recording_.records;
    recording_.start_us = records.all == 0 ? time_us : std::min(recording_.start_us, time_us);
    recording_.end_us = records.all == 0 ? time_us : std::max(recording_.end_us, time_us);
    ++records.all;
    if (is_background(entry)) {
        ++records.background;
        return;
    }
    const auto said = read_message(entry);
    const Record record{entry, said, {file, entry.offset}, time_us};
    Open* const open = session_of(record);
    if (open == nullptr) {
        return;
    }
    open->replication =
        open->replication || is_replication(entry) || said.saying == Saying::replication;
    if (open->replication) {
        ++records.replication;
    } else {
        take(*open, record);
    }
    if (said.saying == Saying::disconnection) {
        ++records.disconnections;
        end(std::string{key_});
    }
}

// The session that a record belongs to, begun where it is the first; none: the record is nobody's.
SessionBuilder::Open* SessionBuilder::session_of(const Record& record) {
    const auto& entry = record.entry;
    if (!entry.session_id.empty()) {
        key_ = entry.session_id;
    } else if (entry.pid != 0) {
        key_ = "process " + std::to_string(entry.pid);
    } else {
        auto& records = recording_.records;
        const bool matters =
            speaks_of_a_statement(record.said.saying) || record.said.saying == Saying::failure;
        ++(matters ? records.unattributed : records.background);
        return nullptr;
    }
    if (const auto found = open_.find(key_); found != open_.end()) {
        if (!is_another(found->second, record)) {
            describe(found->second, record);
            return follow_lines(found->second, entry) ? &found->second : nullptr;
        }
        end(std::string{key_});
    }
    if (const auto ended = ended_.find(hash_of(entry.session_id).low);
        ended != ended_.end() &&
        recording_.sessions[ended->second.session].id == entry.session_id) {
        return begin_again(ended->second, record);
    }
    // The postmaster, the checkpointer and others of versions that do not log what they are. A
    // failure of a statement may be all that is logged of a session, by the default settings; that
    // of a parallel query's worker looks alike without the backend's type, and counts once more.
    const bool failed_statement = record.said.saying == Saying::failure && !entry.query.empty();
    const bool speaks_of_a_session = speaks_of_a_statement(record.said.saying) ||
                                     failed_statement ||
                                     record.said.saying == Saying::connection_received ||
                                     record.said.saying == Saying::connection_authorized ||
                                     record.said.saying == Saying::replication;
    if (!speaks_of_a_session && entry.user.empty() && entry.database.empty()) {
        ++recording_.records.background;
        return nullptr;
    }
    return &begin(record);
}

// A process number that came again. Session ids do not come again.
bool SessionBuilder::is_another(const Open& open, const Record& record) const {
    const auto& entry = record.entry;
    if (!entry.session_id.empty()) {
        return false;
    }
    const auto& names = recording_.names;
    const auto& known = recording_.sessions[open.session];
    const auto differs = [&](std::uint32_t number, std::string_view now) {
        return number != 0 && !now.empty() && names[number] != now;
    };
    return record.said.saying == Saying::connection_received ||
           (entry.session_start.known && open.local_start_us != 0 &&
            entry.session_start.local_us != open.local_start_us) ||
           differs(known.user, entry.user) || differs(known.database, entry.database);
}

SessionBuilder::Open& SessionBuilder::begin(const Record& record) {
    const auto& entry = record.entry;
    if (entry.pid != 0) {
        // Ending a session forgets its process.
        if (const auto before = key_of_process_.find(entry.pid);
            before != key_of_process_.end() && before->second != key_) {
            end(std::string{before->second});
        }
        key_of_process_[entry.pid] = key_;
    }
    Session session;
    session.id = entry.session_id.empty() ? std::to_string(entry.pid) : entry.session_id;
    session.pid = entry.pid;
    session.start_us = session.end_us = record.time_us;
    if (record.said.saying == Saying::connection_received ||
        record.said.saying == Saying::connection_authorized) {
        session.start_known = SessionStart::connection_record;
    } else if (entry.session_line != 0) {
        session.start_known =
            entry.session_line == 1 ? SessionStart::first_line : SessionStart::before_log;
    }
    // An absolute time needs no zone. Where summer time began in between the first record has to
    // do.
    if (entry.session_start.known && entry.time.known) {
        if (entry.session_start.zone == entry.time.zone) {
            session.start_us =
                record.time_us -
                std::max<std::int64_t>(0, entry.time.local_us - entry.session_start.local_us);
        } else if (entry.session_start.zone.empty()) {
            session.start_us = std::min(record.time_us, entry.session_start.local_us);
        }
        // It is logged in whole seconds.
        constexpr std::int64_t second = 1'000'000;
        if (session.start_known == SessionStart::inferred) {
            if (session.start_us > recording_.start_us && session.start_us < record.time_us) {
                session.start_known = SessionStart::logged_time;
            } else if (session.start_us + second <= recording_.start_us) {
                session.start_known = SessionStart::before_log;
            }
        }
    }
    recording_.sessions.push_back(std::move(session));
    let_in_.push_back(false);
    auto& open = open_[key_];
    open.session = static_cast<std::uint32_t>(recording_.sessions.size() - 1);
    open.last_line = last_line_of(entry);
    open.local_start_us = entry.session_start.local_us;
    describe(open, record);
    return open;
}

// A session that seemed to have ended: another server has a process of that number, or the files
// overlap. None: the record was there before.
SessionBuilder::Open* SessionBuilder::begin_again(const Ended& ended, const Record& record) {
    // Nothing comes behind the record of a session's end.
    const bool is_over = ended.last_line == 0 && recording_.sessions[ended.session].end_known ==
                                                     SessionEnd::disconnection_record;
    if (is_over) {
        ++recording_.records.repeated;
        return nullptr;
    }
    Open open;
    open.session = ended.session;
    open.last_line = ended.last_line;
    open.local_start_us = record.entry.session_start.local_us;
    if (!follow_lines(open, record.entry)) {
        return nullptr;
    }
    auto& again = open_[key_] = std::move(open);
    describe(again, record);
    return &again;
}

void SessionBuilder::end(const std::string& key) {
    const auto found = open_.find(key);
    if (found == open_.end()) {
        return;
    }
    if (const auto& id = session(found->second).id; id == key) {
        ended_[hash_of(id).low] = {found->second.last_line, found->second.session};
    }
    settle(found->second);
    settle_bare(found->second, 0);
    forget_bound(found->second, nullptr);
    if (const auto pid = session(found->second).pid; pid != 0) {
        const auto process = key_of_process_.find(pid);
        if (process != key_of_process_.end() && process->second == key) {
            key_of_process_.erase(process);
        }
    }
    open_.erase(found);
}

void SessionBuilder::describe(Open& open, const Record& record) {
    auto& known = session(open);
    const auto& entry = record.entry;
    known.end_us = std::max(known.end_us, record.time_us);
    if (known.user == 0 && !entry.user.empty()) {
        known.user = name(entry.user);
    }
    if (known.database == 0 && !entry.database.empty()) {
        known.database = name(entry.database);
    }
    if (!entry.application.empty() && recording_.names[known.application] != entry.application) {
        known.application = name(entry.application);
    }
}

// Each record of a session has the next number. False: the record was there before.
bool SessionBuilder::follow_lines(Open& open, const LogEntry& entry) {
    if (entry.session_line == 0) {
        return true;
    }
    if (open.last_line != 0 && entry.session_line <= open.last_line) {
        ++recording_.records.repeated;
        return false;
    }
    if (open.last_line != 0 && entry.session_line > open.last_line + 1) {
        const auto missing = entry.session_line - open.last_line - 1;
        recording_.records.missing += missing;
        session(open).missing_lines += missing;
    }
    open.last_line = last_line_of(entry);
    return true;
}

// Each transaction of a slot of sessions ("3/12") has the next number, also those of which nothing
// is logged.
std::uint64_t SessionBuilder::skipped_transactions(Open& open, const LogEntry& entry) {
    const auto slash = entry.virtual_transaction.find('/');
    std::uint64_t number = 0;
    if (slash == std::string_view::npos) {
        return 0;
    }
    const auto* const end = entry.virtual_transaction.data() + entry.virtual_transaction.size();
    std::from_chars(entry.virtual_transaction.data() + slash + 1, end, number);
    if (number == 0) {
        return 0;
    }
    const auto before = std::exchange(open.transactions, number);
    return before != 0 && number > before + 1 ? number - before - 1 : 0;
}

void SessionBuilder::take(Open& open, const Record& record) {
    auto& records = recording_.records;
    records.skipped_transactions += skipped_transactions(open, record.entry);
    switch (record.said.saying) {
        case Saying::statement:
        case Saying::execute:
        case Saying::fetch:
        case Saying::function_call:
            return take_statement(open, record);
        case Saying::parse:
        case Saying::bind:
            return take_parse_or_bind(open, record);
        case Saying::duration:
            return take_duration(open, record);
        case Saying::failure:
            return take_failure(open, record);
        case Saying::plan:
            ++records.plans;
            return;
        case Saying::lock_wait:
            ++records.lock_waits;
            return;
        case Saying::replication:
        case Saying::other:
            return;
        default:
            return take_session_record(open, record);
    }
}

void SessionBuilder::take_session_record(Open& open, const Record& record) {
    auto& records = recording_.records;
    auto& known = session(open);
    switch (record.said.saying) {
        case Saying::connection_received:
            ++records.connections;
            break;
        case Saying::connection_authorized:
            let_in_[open.session] = true;
            break;
        case Saying::client_lost:
            ++records.lost_clients;
            known.end_known = SessionEnd::failure;
            break;
        case Saying::disconnection:
            known.end_known = SessionEnd::disconnection_record;
            break;
        default:
            break;
    }
}

std::uint32_t SessionBuilder::name(std::string_view text) {
    const auto known = name_numbers_.find(std::string{text});
    if (known != name_numbers_.end()) {
        return known->second;
    }
    if (recording_.names.size() >= most_names) {
        return 0;
    }
    recording_.names.emplace_back(text);
    const auto number = static_cast<std::uint32_t>(recording_.names.size() - 1);
    name_numbers_.emplace(text, number);
    return number;
}

std::uint16_t SessionBuilder::outcome(std::string_view sqlstate) {
    auto& known = recording_.sqlstates;
    const auto found = std::find(known.begin(), known.end(), sqlstate);
    if (found == known.end()) {
        if (known.size() >= most_sqlstates) {
            return 1;
        }
        known.emplace_back(sqlstate);
        return static_cast<std::uint16_t>(known.size());
    }
    return static_cast<std::uint16_t>(found - known.begin() + 1);
}

Recording SessionBuilder::finish() {
    while (!open_.empty()) {
        end(std::string{open_.begin()->first});
    }
    auto& all = recording_;
    std::sort(events_.begin(), events_.end(),
              [](const Event& a, const Event& b) { return a.comes_before(b); });
    // Sessions that were neither let in nor ran anything are none.
    std::vector<Session> sessions;
    std::size_t at = 0;
    for (std::uint32_t i = 0; i < all.sessions.size(); ++i) {
        auto& each = all.sessions[i];
        each.first_event = at;
        while (at < events_.size() && events_[at].session == i) {
            each.start_us = std::min(each.start_us, events_[at].start_us);
            all.start_us = std::min(all.start_us, events_[at].start_us);
            events_[at++].session = static_cast<std::uint32_t>(sessions.size());
        }
        each.events = at - each.first_event;
        if (each.events > 0 || let_in_[i]) {
            sessions.push_back(std::move(each));
        }
    }
    all.sessions = std::move(sessions);
    all.events = std::move(events_);
    all.shapes = shapes_.all();
    all.shapes_overflowed = shapes_.overflowed();
    return std::move(all);
}

}  // namespace workloads::logs
