#include "harness/postgres/doctor.hpp"

#include "harness/database/engine.hpp"
#include "harness/postgres/connection.hpp"
#include "harness/postgres/control.hpp"
#include "harness/postgres/guard_table.hpp"
#include "harness/postgres/room.hpp"
#include "harness/postgres/stream_requirements.hpp"
#include "reports/text.hpp"

#include <algorithm>
#include <map>
#include <string_view>

namespace harness::postgres {

namespace {

using database::Control;
using Status = Check::Status;

// Everything that is looked at, in one row: a name for each column.
using Facts = std::map<std::string, std::string, std::less<>>;

constexpr std::string_view questions[][2] = {
    {"version_number", "current_setting('server_version_num')"},
    {"version", "current_setting('server_version')"},
    {"encoding", "current_setting('server_encoding')"},
    {"locale", "(SELECT datcollate FROM pg_database WHERE datname = current_database())"},
    {"user", "current_user"},
    {"superuser", "(SELECT rolsuper FROM pg_roles WHERE rolname = current_user)"},
    {"reads_stats", "pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')"},
    {"signals", "pg_has_role(current_user, 'pg_signal_backend', 'USAGE')"},
    {"creates", "has_database_privilege(current_database(), 'CREATE')"},
    {"standby", "pg_is_in_recovery()"},
    {"read_only", "current_setting('default_transaction_read_only')"},
    {"wal_level", "current_setting('wal_level')"},
    {"track_activities", "current_setting('track_activities')"},
    {"query_size", "(SELECT setting FROM pg_settings WHERE name = 'track_activity_query_size')"},
    {"statements", "(SELECT count(*) FROM pg_extension WHERE extname = 'pg_stat_statements')"},
    // Of the role and database, not of this session, which has its own.
    {"lock_timeout", "(SELECT reset_val FROM pg_settings WHERE name = 'lock_timeout')"},
    {"statement_timeout", "(SELECT reset_val FROM pg_settings WHERE name = 'statement_timeout')"},
    {"transaction_timeout",
     "(SELECT reset_val FROM pg_settings WHERE name = 'transaction_timeout')"},  // 17 and later
    {"standbys", "(SELECT count(*) FROM pg_stat_replication)"},
    {"idle_slots", "(SELECT count(*) FROM pg_replication_slots WHERE NOT active)"},
};

Facts read_facts(Control& control) {
    std::string query = "SELECT ";
    for (const auto& [name, expression] : questions) {
        query += (query.size() == 7 ? "" : ", ") + std::string{"("} + std::string{expression} +
                 ")::text";
    }
    const auto answer = ask(control, query);
    Facts facts;
    std::size_t column = 0;
    for (const auto& question : questions) {
        facts[std::string{question[0]}] = answer.rows.at(0).at(column++).value_or("");
    }
    return facts;
}

class Examination {
public:
    explicit Examination(Facts facts) : facts_{std::move(facts)} {}

    [[nodiscard]] const std::string& text(std::string_view name) const {
        return facts_.find(name)->second;
    }
    [[nodiscard]] bool yes(std::string_view name) const {
        return text(name) == "true" || text(name) == "on";
    }
    [[nodiscard]] int number(std::string_view name) const {
        return text(name).empty() ? 0 : std::stoi(text(name));
    }
    // Good, or else `otherwise` with the remedy.
    void judge(std::string name, bool good, Status otherwise, std::string finding,
               std::string remedy) {
        checks_.push_back({std::move(name), good ? Status::ok : otherwise, std::move(finding),
                           good ? std::string{} : std::move(remedy)});
    }
    [[nodiscard]] std::vector<Check> take() { return std::move(checks_); }

private:
    Facts facts_;
    std::vector<Check> checks_;
};

void examine_server(Examination& e) {
    const int major = e.number("version_number") / 10'000;
    // An older one is refused before anybody asks.
    const auto untested = untested_version(major);
    e.judge("version", untested.empty(), Status::warn, e.text("version"), untested);
    e.judge("encoding", e.text("encoding") == "UTF8", Status::missing,
            e.text("encoding") + ", collation " + e.text("locale"),
            "rehearse on a database made with ENCODING 'UTF8'");
    e.judge("primary", !e.yes("standby"), Status::missing, e.yes("standby") ? "hot standby" : "yes",
            "nothing can be migrated on a standby: name its primary");
    e.judge("writable", !e.yes("read_only"), Status::missing,
            e.yes("read_only") ? "default_transaction_read_only is on" : "yes",
            "ALTER ROLE ... SET default_transaction_read_only = off");
    e.judge("lock wait start", major >= 14, Status::warn,
            major >= 14 ? "the server tells when each wait began" : "not before PostgreSQL 14",
            "waits are timed by the samples and by the operations' own clocks");
    e.judge("wal_level", e.text("wal_level") == "logical", Status::warn, e.text("wal_level"),
            "a live ledger of changes needs wal_level = logical (and a restart)");
}

void examine_role(Examination& e) {
    const bool super = e.yes("superuser");
    const std::string role = "role " + e.text("user") + (super ? " (superuser)" : "");
    e.judge("sees other sessions", super || e.yes("reads_stats"), Status::warn, role,
            "whoever blocks or waits under another role stays unknown: GRANT pg_monitor TO " +
                e.text("user"));
    e.judge("ends sessions", super || e.yes("signals"), Status::warn, role,
            "cleanup can end only this role's own sessions: GRANT pg_signal_backend TO " +
                e.text("user"));
    e.judge("makes a schema", super || e.yes("creates"), Status::warn,
            super || e.yes("creates") ? "may create schema rehearse"
                                      : "may not create a schema in this database",
            "guard mark needs it: GRANT CREATE ON DATABASE ... TO " + e.text("user"));
}

void examine_room(Examination& e, const std::optional<Room>& room, int connections) {
    if (!room) {
        e.judge("connections", true, Status::ok, "through a pooler: its limits hold", {});
        return;
    }
    e.judge("connections", room->free >= connections, Status::missing,
            std::to_string(room->free) + " free (" + room->limit + "), " +
                std::to_string(connections) + " needed",
            room->remedy + ", or lower workload.connections");
}

std::string milliseconds_or_none(const std::string& text) {
    return text == "0" ? "none" : text + " ms";
}

void examine_settings(Examination& e) {
    e.judge("track_activities", e.yes("track_activities"), Status::missing,
            e.text("track_activities"), "who waits for whom cannot be seen without it: turn it on");
    e.judge("track_activity_query_size", e.number("query_size") >= 1024, Status::warn,
            e.text("query_size") + " bytes", "blockers' statements are cut short in the report");
    e.judge("pg_stat_statements", true, Status::ok,
            e.number("statements") > 0 ? "installed" : "not installed (nothing here needs it)", {});
    e.judge("lock_timeout of the role", true, Status::ok,
            milliseconds_or_none(e.text("lock_timeout")), {});
    e.judge("statement_timeout of the role", e.text("statement_timeout") == "0", Status::warn,
            milliseconds_or_none(e.text("statement_timeout")),
            "migration steps set their own; the role's applies to commands of other tools");
    if (!e.text("transaction_timeout").empty()) {
        e.judge("transaction_timeout of the role", e.text("transaction_timeout") == "0",
                Status::warn, milliseconds_or_none(e.text("transaction_timeout")),
                "a step whose transaction takes longer is ended together with its session");
    }
    e.judge("replication", e.number("idle_slots") == 0, Status::warn,
            e.text("standbys") + " standby(s), " + e.text("idle_slots") + " idle slot(s)",
            "an idle replication slot keeps WAL for ever: a big migration may fill the disk");
}

void examine_change_stream(Examination& e, Control& control) {
    std::string findings, remedies;
    for (const auto& one : stream_requirements(control)) {
        findings += (findings.empty() ? "" : ", ") + one.finding;
        if (!one.met) {
            remedies += (remedies.empty() ? "" : "; ") + one.remedy;
        }
    }
    e.judge("change stream", remedies.empty(), Status::warn, findings,
            "without it data is proved only while the load pauses: " + remedies);
}

void examine_guard(Control& control, std::vector<Check>& checks) {
    Check check{.name = "marked as staging", .status = Status::ok, .finding = "yes", .remedy = {}};
    try {
        check_guard(control);
    } catch (const database::Refused& refused) {
        const std::string why = refused.what();
        const auto line_end = std::min(why.find('\n'), why.size());
        check.status = Status::missing;
        check.finding = why.substr(0, line_end);
        check.remedy = why.substr(std::min(why.find_first_not_of("\n ", line_end), why.size()));
    }
    checks.push_back(std::move(check));
}

const char* name_of(Status status) {
    switch (status) {
        case Status::ok:
            return "ok     ";
        case Status::warn:
            return "warn   ";
        case Status::missing:
            return "MISSING";
    }
    return "";
}

// `first` begins the first line, and as much space the others.
void add_wrapped(std::string& text, const std::string& first, const std::string& what) {
    constexpr std::size_t columns = 100;
    bool begun = false;
    for (const auto& line : reports::wrapped(what, columns - first.size())) {
        text += (begun ? std::string(first.size(), ' ') : first) + line + "\n";
        begun = true;
    }
}

}  // namespace

std::vector<Check> examine(Control& control, int connections) {
    Examination examination{read_facts(control)};
    examine_server(examination);
    examine_role(examination);
    examine_room(examination, room_of(control), connections);
    examine_settings(examination);
    examine_change_stream(examination, control);
    auto checks = examination.take();
    examine_guard(control, checks);
    return checks;
}

std::string render(const std::vector<Check>& checks) {
    std::size_t width = 0;
    for (const auto& check : checks) {
        width = std::max(width, check.name.size());
    }
    std::string text;
    std::size_t warnings = 0, missing = 0;
    for (const auto& check : checks) {
        warnings += check.status == Status::warn ? 1U : 0U;
        missing += check.status == Status::missing ? 1U : 0U;
        add_wrapped(text,
                    std::string{name_of(check.status)} + "  " + check.name +
                        std::string(width - check.name.size() + 2, ' '),
                    check.finding);
        if (!check.remedy.empty()) {
            add_wrapped(text, std::string(11 + width, ' '), check.remedy);
        }
    }
    if (missing > 0) {
        text += "not ready: " + std::to_string(missing) + " missing";
    } else {
        text += "ready";
    }
    text += warnings > 0 ? ", " + std::to_string(warnings) + " to know about\n" : "\n";
    return text;
}

bool usable(const std::vector<Check>& checks) {
    return std::none_of(checks.begin(), checks.end(),
                        [](const Check& c) { return c.status == Status::missing; });
}

}  // namespace harness::postgres
