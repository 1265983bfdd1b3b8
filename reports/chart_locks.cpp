#include "reports/chart_locks.hpp"

#include "reports/findings.hpp"

namespace reports::charts {

namespace {

template <typename Rows, typename Figure>
void column(const char* key, const Rows& rows, Figure&& figure, Writer& out) {
    out.key(key).open('[');
    for (const auto& row : rows) {
        out.number(static_cast<std::int64_t>(figure(row)));
    }
    out.close(']');
}

// Each as the difference from the one before.
template <typename Rows, typename Figure>
void rising_column(const char* key, const Rows& rows, Figure&& figure, Writer& out) {
    std::int64_t last = 0;
    column(
        key, rows,
        [&](const auto& row) {
            const std::int64_t value = figure(row);
            const auto step = value - last;
            last = value;
            return step;
        },
        out);
}

std::int64_t length_ms(double start_s, double end_s) {
    return ms_of(end_s) - ms_of(start_s);
}

void put_episodes(const Record& record, Strings& strings, Writer& out) {
    const auto& episodes = record.locks.episodes;
    const auto queued = [&](const LockEpisode& each, auto&& of) -> std::int64_t {
        return each.queued ? of(*each.queued) : -1;
    };
    const auto name = [&](const Blocker& who) { return strings.number_of(name_of(who)); };
    const auto query = [&](const Blocker& who) { return strings.number_of(who.query); };
    const auto pid = [](const Blocker& who) { return who.pid; };
    using Episode = const LockEpisode&;
    out.key("episodes").open('{');
    rising_column(
        "start", episodes, [](Episode e) { return ms_of(e.start_s); }, out);
    column(
        "length", episodes, [](Episode e) { return length_ms(e.start_s, e.end_s); }, out);
    column(
        "who", episodes, [&](Episode e) { return name(e.blocker); }, out);
    column(
        "kind", episodes, [&](Episode e) { return strings.number_of(e.blocker.kind); }, out);
    column(
        "pid", episodes, [](Episode e) { return e.blocker.pid; }, out);
    column(
        "query", episodes, [&](Episode e) { return query(e.blocker); }, out);
    column(
        "mode", episodes, [&](Episode e) { return strings.number_of(e.mode); }, out);
    column(
        "relation", episodes, [&](Episode e) { return strings.number_of(e.relation); }, out);
    column(
        "on", episodes, [&](Episode e) { return strings.number_of(contended_text(e)); }, out);
    column(
        "queued", episodes, [&](Episode e) { return queued(e, name); }, out);
    column(
        "queued_pid", episodes, [&](Episode e) { return queued(e, pid); }, out);
    column(
        "queued_query", episodes, [&](Episode e) { return queued(e, query); }, out);
    column(
        "queued_mode", episodes, [&](Episode e) { return strings.number_of(e.queued_mode); }, out);
    column(
        "blocked", episodes, [](Episode e) { return e.max_blocked; }, out);
    out.close('}');
    // Of all episodes one after another; "of" says how many are each one's.
    std::vector<const Victims*> victims;
    for (const auto& episode : episodes) {
        for (const auto& each : episode.victims) {
            victims.push_back(&each);
        }
    }
    using Victim = const Victims*;
    out.key("victims").open('{');
    column(
        "of", episodes, [](Episode e) { return e.victims.size(); }, out);
    column(
        "name", victims, [&](Victim v) { return strings.number_of(v->operation); }, out);
    column(
        "count", victims, [](Victim v) { return v->count; }, out);
    column(
        "longest", victims, [](Victim v) { return ms_of(v->longest_wait_ms / 1e3); }, out);
    out.close('}');
}

void put_waits(const Record& record, Strings& strings, Writer& out) {
    const auto& waits = record.locks.waits;
    using Wait = const LockWait&;
    const auto name = [&](Wait wait) {
        return strings.number_of(name_of(Blocker{.pid = wait.pid,
                                                 .kind = wait.kind,
                                                 .step = wait.name,
                                                 .operation = wait.name,
                                                 .query = {},
                                                 .state = {}}));
    };
    out.key("waits").open('{');
    rising_column(
        "start", waits, [](Wait w) { return ms_of(w.start_s); }, out);
    column(
        "length", waits, [](Wait w) { return length_ms(w.start_s, w.end_s); }, out);
    column(
        "episode", waits, [](Wait w) { return w.episode; }, out);
    column(
        "pid", waits, [](Wait w) { return w.pid; }, out);
    column(
        "behind", waits, [](Wait w) { return w.behind; }, out);
    column("who", waits, name, out);
    column(
        "kind", waits, [&](Wait w) { return strings.number_of(w.kind); }, out);
    column(
        "relation", waits, [&](Wait w) { return strings.number_of(w.relation); }, out);
    column(
        "mode", waits, [&](Wait w) { return strings.number_of(w.mode); }, out);
    out.close('}');
}

}  // namespace

std::int64_t culprit_number(const Record& record) {
    const auto culprit = culprit_of(record);
    if (culprit) {
        for (std::size_t i = 0; i < record.locks.episodes.size(); ++i) {
            const auto& each = record.locks.episodes[i];
            if (each.start_s == culprit->episode.start_s &&
                each.victim_seconds == culprit->episode.victim_seconds &&
                each.blocker.pid == culprit->episode.blocker.pid) {
                return static_cast<std::int64_t>(i);
            }
        }
    }
    return -1;
}

void put_locks(const Record& record, Strings& strings, Writer& out) {
    put_episodes(record, strings, out);
    put_waits(record, strings, out);
    out.key("culprit").number(culprit_number(record));
}

}  // namespace reports::charts
