// The locks: who held what, who waited, and who is to blame.
#include "reports/chart_locks.hpp"
#include "reports/figures.hpp"
#include "reports/findings.hpp"
#include "reports/html_parts.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace reports::html {

namespace {

constexpr std::size_t most_episodes = 100;
constexpr std::size_t most_pairs = 100;

std::string with_pid(const Blocker& blocker) {
    const auto name = name_text(name_of(blocker));
    const bool named_by_it = blocker.kind == "other" || blocker.kind.empty();
    return blocker.pid == 0 || named_by_it ? name
                                           : name + " (pid " + std::to_string(blocker.pid) + ")";
}

// How long the one that made the queue waited itself: as a wait was seen, else the episode.
double queued_for_s(const Record& record, const LockEpisode& episode) {
    double longest = 0;
    for (const auto& wait : record.locks.waits) {
        if (wait.episode < record.locks.episodes.size() &&
            &record.locks.episodes[wait.episode] == &episode && wait.pid == episode.queued->pid) {
            longest = std::max(longest, wait.end_s - wait.start_s);
        }
    }
    return longest > 0 ? longest : episode.end_s - episode.start_s;
}

std::string effect_sentence(const Record& record, const LockEpisode& episode) {
    const auto on = episode.relation.empty() ? "" : " on " + name_text(contended_text(episode));
    const auto behind = counted(sessions_behind(episode), "session", "sessions") +
                        " stood behind it, the longest for " + ms_text(episode.longest_wait_ms);
    if (episode.queued) {
        return "<strong class=\"culprit\">" + with_pid(*episode.queued) + "</strong> waited " +
               seconds_text(queued_for_s(record, episode)) + " for " +
               name_text(episode.queued_mode) + on + ", which " + with_pid(episode.blocker) +
               " kept from it by holding " + name_text(episode.mode) +
               "; whoever came later queued behind it: " + behind + ".";
    }
    return "<strong class=\"culprit\">" + with_pid(episode.blocker) + "</strong> held " +
           name_text(episode.mode) + on + " while others wanted it, for " +
           seconds_text(episode.end_s - episode.start_s) + "; " + behind + ".";
}

std::string episodes_table(const Part& part) {
    const auto& record = part.record;
    Grid grid{"Lock episodes",
              {{"who"},
               {"lock"},
               {"from", true},
               {"lasted", true},
               {"sessions", true, "waiting at one instant, at most"},
               {"longest wait", true},
               {"victim-seconds", true, "waiting time of all who waited, summed"},
               {"who waited"},
               {"statement"}}};
    for (const auto* episode : worst_episodes(record, most_episodes)) {
        const auto& blamed = episode->queued ? *episode->queued : episode->blocker;
        const auto who = episode->queued
                             ? with_pid(blamed) + " <span class=\"quiet\">queued behind</span> " +
                                   with_pid(episode->blocker)
                             : with_pid(blamed);
        std::string victims;
        constexpr std::size_t most = 4;
        for (std::size_t i = 0; i < std::min(most, episode->victims.size()); ++i) {
            const auto& victim = episode->victims[i];
            victims += (i == 0 ? "" : ", ") + name_text(victim.operation) + " \xC3\x97 " +
                       count_text(victim.count);
        }
        victims += episode->victims.size() > most
                       ? ", and " + count_text(episode->victims.size() - most) + " more"
                       : "";
        grid.add({{who},
                  text_cell((episode->queued ? episode->queued_mode : episode->mode) + " on " +
                            contended_text(*episode)),
                  figure_cell(decimal_text(episode->start_s, 2) + " s", episode->start_s),
                  seconds_cell(episode->end_s - episode->start_s),
                  count_cell(episode->max_blocked),
                  ms_cell(episode->longest_wait_ms),
                  figure_cell(decimal_text(episode->victim_seconds, 1), episode->victim_seconds),
                  {victims},
                  {blamed.query.empty() ? "" : statement_text(blamed.query)}});
    }
    const auto all = record.locks.episodes.size() + record.locks.episodes_dropped;
    grid.leave_out(all - std::min(record.locks.episodes.size(), most_episodes));
    return heading(part, 1, "Episodes, worst first") + grid.text();
}

struct Suffering {
    std::uint64_t episodes = 0, count = 0;
    double longest_ms = 0;
};

std::string pairs_table(const Part& part) {
    using Pair = std::tuple<std::string, std::string, std::string>;  // who, lock, victim
    std::map<Pair, Suffering> pairs;
    for (const auto& episode : part.record.locks.episodes) {
        const auto& blamed = episode.queued ? *episode.queued : episode.blocker;
        const auto lock = (episode.queued ? episode.queued_mode : episode.mode) + " on " +
                          contended_text(episode);
        for (const auto& victim : episode.victims) {
            auto& pair = pairs[{name_of(blamed), lock, victim.operation}];
            ++pair.episodes;
            pair.count += victim.count;
            pair.longest_ms = std::max(pair.longest_ms, victim.longest_wait_ms);
        }
    }
    if (pairs.empty()) {
        return {};
    }
    std::vector<std::pair<Pair, Suffering>> sorted{pairs.begin(), pairs.end()};
    std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
        return a.second.longest_ms > b.second.longest_ms;
    });
    Grid grid{"Who blocked whom",
              {{"who blocked"},
               {"with"},
               {"whom"},
               {"times", true, "waits, over all episodes"},
               {"episodes", true},
               {"longest wait", true}}};
    for (std::size_t i = 0; i < std::min(sorted.size(), most_pairs); ++i) {
        const auto& [who, lock, victim] = sorted[i].first;
        const auto& pair = sorted[i].second;
        grid.add({text_cell(who), text_cell(lock), text_cell(victim), count_cell(pair.count),
                  count_cell(pair.episodes), ms_cell(pair.longest_ms)});
    }
    grid.leave_out(sorted.size() - std::min(sorted.size(), most_pairs));
    return heading(part, 1, "Who blocked whom") + grid.text();
}

}  // namespace

std::string locks_section(const Part& part) {
    const auto& locks = part.record.locks;
    std::string body;
    if (const auto worst = charts::culprit_number(part.record); worst >= 0) {
        const auto& episode = locks.episodes[static_cast<std::size_t>(worst)];
        body += "<p class=\"effect\">" + effect_sentence(part.record, episode) + "</p>\n";
    }
    Terms terms;
    terms.add("Longest wait of a call", ms_text(locks.max_wait_ms));
    terms.add("Most sessions waiting", count_text(locks.max_blocked));
    terms.add("Victim-seconds", decimal_text(locks.victim_seconds, 1));
    terms.add("Deadlocks", count_text(locks.deadlocks));
    terms.add("Seen every", ms_text(locks.sample_interval_ms));
    body += terms.text();
    if (locks.episodes.empty()) {
        body += locks.samples == 0 ? "<p>The lock observer took no sample.</p>\n"
                                   : "<p>No session was seen waiting for a lock.</p>\n";
        return section(part, "locks", "Locks", body);
    }
    body += chart("gantt", "Who held and who waited, by relation") +
            "<div class=\"tree drawn\" data-chart=\"tree\"></div>\n" + episodes_table(part) +
            pairs_table(part);
    if (locks.waits_dropped > 0) {
        body += "<p class=\"quiet\">" + count_text(locks.waits_dropped) +
                " of the shortest waits are not in the drawing.</p>\n";
    }
    return section(part, "locks", "Locks", body);
}

}  // namespace reports::html
