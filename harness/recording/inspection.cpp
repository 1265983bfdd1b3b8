#include "harness/recording/inspection.hpp"

#include <algorithm>
#include <map>

namespace harness::recording {
namespace {

using workloads::Event;
using workloads::Recording;
using workloads::logs::Protocol;
using workloads::logs::Reason;
using workloads::logs::Replay;
using workloads::logs::StatementKind;

void count(ByReplay& by, Replay replay) {
    ++(replay == Replay::exactly         ? by.exactly
       : replay == Replay::approximately ? by.approximately
                                         : by.not_at_all);
}

Counted most_first(const std::map<std::string, std::uint64_t>& counts) {
    Counted all{counts.begin(), counts.end()};
    std::stable_sort(all.begin(), all.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    return all;
}

std::string or_unknown(const std::string& name) {
    return name.empty() ? "(not logged)" : name;
}

void add_sessions(const Recording& recording, Inspection& out) {
    std::map<std::string, std::uint64_t> users, databases, applications;
    std::vector<std::pair<std::int64_t, int>> changes;
    for (const auto& session : recording.sessions) {
        ++users[or_unknown(recording.names[session.user])];
        ++databases[or_unknown(recording.names[session.database])];
        ++applications[session.application == 0 ? "(none)" : recording.names[session.application]];
        out.sessions_before += session.start_known == workloads::SessionStart::before_log ? 1 : 0;
        out.sessions_incomplete += session.missing_lines > 0 ? 1 : 0;
        changes.emplace_back(session.start_us, 1);
        changes.emplace_back(std::max(session.end_us, session.start_us), -1);
    }
    // One that ends as another begins: both were there.
    std::sort(changes.begin(), changes.end(), [](const auto& a, const auto& b) {
        return a.first != b.first ? a.first < b.first : a.second > b.second;
    });
    std::int64_t now = 0;
    for (const auto& change : changes) {
        now += change.second;
        out.most_sessions_at_once =
            std::max(out.most_sessions_at_once, static_cast<std::uint64_t>(now));
    }
    out.sessions = recording.sessions.size();
    out.users = most_first(users);
    out.databases = most_first(databases);
    out.applications = most_first(applications);
}

// Counts and sums of each shape; the distributions of latencies come later, for the first alone.
std::vector<StatementFigures> count_shapes(const Recording& recording, Inspection& out) {
    std::vector<StatementFigures> shapes(recording.shapes.size());
    std::array<std::uint64_t, 4> protocols{};
    std::array<std::uint64_t, workloads::logs::statement_kinds> kinds{};
    std::vector<std::uint64_t> failures(recording.sqlstates.size());
    out.shortest_us = 0;
    for (const auto& event : recording.events) {
        auto& shape = shapes[event.shape];
        const auto replay = row_of(event.reason()).replay;
        if (shape.count++ == 0) {
            shape.first = event.place();
        }
        count(shape.replay, replay);
        count(out.replay, replay);
        ++protocols[static_cast<std::size_t>(event.protocol())];
        ++kinds[static_cast<std::size_t>(event.kind())];
        if (event.outcome != Event::went_through) {
            ++shape.failed;
            ++out.failed;
            ++failures[event.outcome - 1U];
        }
        if (const auto us = event.duration_us()) {
            ++shape.timed;
            shape.total_us += *us;
            out.shortest_us = out.timed == 0 ? *us : std::min(out.shortest_us, *us);
            ++out.timed;
            out.total_us += *us;
            out.latency.record_us(*us);
        }
    }
    out.statements = recording.events.size();
    std::map<std::string, std::uint64_t> by_protocol, by_kind, by_sqlstate;
    for (std::size_t i = 0; i < protocols.size(); ++i) {
        if (protocols[i] > 0) {
            by_protocol[name_of(static_cast<Protocol>(i))] = protocols[i];
        }
    }
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        if (kinds[i] > 0) {
            by_kind[name_of(static_cast<StatementKind>(i))] = kinds[i];
        }
    }
    for (std::size_t i = 0; i < failures.size(); ++i) {
        if (failures[i] > 0) {
            by_sqlstate[recording.sqlstates[i]] = failures[i];
        }
    }
    out.protocols = most_first(by_protocol);
    out.kinds = most_first(by_kind);
    out.failures = most_first(by_sqlstate);
    return shapes;
}

void add_shapes(const Recording& recording, std::size_t top, Inspection& out) {
    auto shapes = count_shapes(recording, out);
    for (std::uint32_t i = 0; i < shapes.size(); ++i) {
        auto& each = shapes[i];
        const auto& shape = recording.shapes[i];
        each.shape = i;
        each.fingerprint = shape.fingerprint;
        each.parsed = shape.parsed;
        each.text = shape.masked;
        each.kind = name_of(shape.kind);
        each.share_of_time = out.total_us > 0 ? static_cast<double>(each.total_us) /
                                                    static_cast<double>(out.total_us)
                                              : 0;
    }
    std::erase_if(shapes, [](const auto& each) { return each.count == 0; });
    out.shapes = shapes.size();
    std::sort(shapes.begin(), shapes.end(), [](const auto& a, const auto& b) {
        return a.total_us != b.total_us ? a.total_us > b.total_us
               : a.count != b.count     ? a.count > b.count
                                        : a.shape < b.shape;
    });
    shapes.resize(std::min(shapes.size(), top));
    std::vector<StatementFigures*> wanted(recording.shapes.size());
    for (auto& each : shapes) {
        wanted[each.shape] = &each;
    }
    for (const auto& event : recording.events) {
        const auto us = event.duration_us();
        if (us && wanted[event.shape] != nullptr) {
            wanted[event.shape]->latency.record_us(*us);
        }
    }
    out.top = std::move(shapes);
    out.shapes_overflowed = recording.shapes_overflowed;
}

void add_reasons(const Recording& recording, Inspection& out) {
    for (std::size_t i = 0; i < workloads::logs::reasons; ++i) {
        const auto& each = recording.reasons[i];
        if (each.count > 0) {
            const auto file = each.first.file;
            out.reasons.push_back(
                {&row_of(static_cast<Reason>(i)), each.count,
                 (file < out.files.size() ? out.files[file].path : std::string{"?"}) + ":" +
                     std::to_string(each.first_line)});
        }
    }
}

LogSigns signs_of(const Recording& recording, const Inspection& inspection) {
    const auto count_of = [&](Reason reason) {
        return recording.reasons[static_cast<std::size_t>(reason)].count;
    };
    LogSigns signs;
    signs.records = recording.records;
    signs.statements = inspection.statements;
    signs.timed = inspection.timed;
    signs.shortest_us = inspection.shortest_us;
    signs.text_not_logged = count_of(Reason::text_not_logged);
    signs.who_unknown = count_of(Reason::who_unknown);
    signs.sessions_before = inspection.sessions_before;
    signs.start_unknown = count_of(Reason::session_start_unknown);
    signs.failure_of_which_run = count_of(Reason::failure_of_which_run);
    signs.files_in_seconds = static_cast<std::uint64_t>(
        std::count_if(inspection.files.begin(), inspection.files.end(),
                      [](const ReadFile& file) { return file.in_seconds; }));
    for (const auto& event : recording.events) {
        const bool failed = event.outcome != Event::went_through;
        switch (event.reason()) {
            case Reason::parameters_missing:
            case Reason::parameters_broken:
                ++(failed ? signs.failed_without_parameters : signs.without_parameters);
                break;
            case Reason::parameters_perhaps_cut:
                ++(failed ? signs.failed_perhaps_cut : signs.perhaps_cut);
                break;
            default:
                break;
        }
    }
    for (const auto& session : recording.sessions) {
        signs.sessions_inferred +=
            session.start_known != workloads::SessionStart::connection_record &&
                    session.start_known != workloads::SessionStart::before_log
                ? 1
                : 0;
    }
    return signs;
}

}  // namespace

Inspection inspect(const Recording& recording, std::vector<ReadFile> files, std::size_t top) {
    Inspection out;
    out.files = std::move(files);
    out.start_us = recording.start_us;
    out.end_us = recording.end_us;
    out.records = recording.records;
    add_sessions(recording, out);
    add_shapes(recording, top, out);
    add_reasons(recording, out);
    const auto signs = signs_of(recording, out);
    out.advice = advice_for(signs);
    out.not_logged = work_not_logged(signs);
    return out;
}

}  // namespace harness::recording
