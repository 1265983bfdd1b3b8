#include "harness/recording/log_advice.hpp"

#include "reports/figures.hpp"
#include "workloads/logs/line_prefix.hpp"

namespace harness::recording {
namespace {

using reports::count_text;

constexpr const char* cost_of_all_statements =
    "about 200 to 400 bytes of log for each of a statement's parse, bind and execution; with the "
    "log on a disk of its own the load pays a few percent";

// Below this many a shortest duration says nothing.
constexpr std::uint64_t enough_to_tell = 50;
constexpr std::int64_t threshold_us = 1'000;  // BEGIN and COMMIT take far less

bool shows_a_threshold(const LogSigns& signs) {
    return signs.timed >= enough_to_tell && signs.shortest_us >= threshold_us;
}

// Client programs prepare in transactions of their own, which log_statement does not show: fewer
// than half may be missing.
bool shows_sampling(const LogSigns& signs) {
    return signs.records.unused_binds > 0 ||
           (signs.statements > 0 && signs.records.skipped_transactions > signs.statements / 2);
}

std::string all_statements() {
    return "log_min_duration_statement = 0\nlog_statement = none\nlog_duration = off";
}

void advise_on_durations(const LogSigns& signs, std::vector<Advice>& advice) {
    if (signs.statements == 0) {
        advice.push_back({all_statements(),
                          signs.records.plans > 0
                              ? "there are plans of auto_explain, but no statements: their text "
                                "and parameters are not those that were sent"
                              : "there is no statement in the log",
                          cost_of_all_statements});
    } else if (signs.text_not_logged > signs.records.failures_without_statement) {
        advice.push_back({all_statements(),
                          "log_duration without log_statement = all logs that " +
                              count_text(signs.text_not_logged) +
                              " statements ran, but not what they were",
                          cost_of_all_statements});
    } else if (signs.timed == 0) {
        advice.push_back({all_statements(),
                          "no statement has a duration: there is no latency to compare with, and "
                          "log_statement does not show what it does not name (mod, ddl)",
                          cost_of_all_statements});
    } else if (shows_a_threshold(signs)) {
        advice.push_back({"log_min_duration_statement = 0",
                          "the shortest of " + count_text(signs.timed) + " statements took " +
                              reports::ms_text(static_cast<double>(signs.shortest_us) * 1e-3) +
                              ": shorter ones seem not to be logged",
                          cost_of_all_statements});
    }
    if (signs.statements > 0 && shows_sampling(signs)) {
        advice.push_back(
            {"log_transaction_sample_rate = 0\nlog_min_duration_sample = -1\n"
             "log_min_duration_statement = 0",
             "statements ran that are not in the log (" + count_text(signs.records.unused_binds) +
                 " binds without an execution, " + count_text(signs.records.skipped_transactions) +
                 " transaction numbers skipped): only some are logged",
             cost_of_all_statements});
    }
}

std::string lack_of(std::uint64_t lost, std::uint64_t cut, const char* statements) {
    std::string text;
    if (lost > 0) {
        text = count_text(lost) + " " + statements + " without their parameters";
    }
    if (cut > 0) {
        text += (text.empty() ? "" : ", ") + count_text(cut) + " " +
                (lost > 0 ? "" : statements + std::string{" "}) + "whose parameters may be cut";
    }
    return text;
}

void advise_on_parameters(const LogSigns& signs, std::vector<Advice>& advice) {
    if (signs.without_parameters + signs.perhaps_cut > 0) {
        advice.push_back({"log_parameter_max_length = -1\nlog_error_verbosity = default",
                          lack_of(signs.without_parameters, signs.perhaps_cut, "statements") +
                              " (versions 10 to 12 log them whole)",
                          "the parameters' own size"});
    }
    if (signs.failed_without_parameters + signs.failed_perhaps_cut > 0) {
        advice.push_back({"log_parameter_max_length_on_error = -1",
                          lack_of(signs.failed_without_parameters, signs.failed_perhaps_cut,
                                  "failed statements") +
                              " (version 13 or later)",
                          "the server keeps each statement's parameters as text while it runs: "
                          "some percent of CPU where they are many or large"});
    }
}

void advise_on_prefix(const LogSigns& signs, std::vector<Advice>& advice) {
    std::string why;
    const auto lacks = [&](std::uint64_t count, const char* what) {
        if (count > 0) {
            why += (why.empty() ? "" : ", ") + count_text(count) + what;
        }
    };
    lacks(signs.who_unknown, " statements without user or database");
    lacks(signs.records.unattributed, " records that no session can be given");
    lacks(signs.start_unknown, " statements of sessions that may have begun before the log");
    lacks(signs.failure_of_which_run, " failures that may be another run's");
    lacks(signs.files_in_seconds, " files with times in whole seconds (%m has milliseconds)");
    if (!why.empty()) {
        advice.push_back({"log_destination = csvlog\n# or: log_line_prefix = '" +
                              std::string{workloads::logs::recommended_prefix} + "'",
                          why, "about 60 bytes a record"});
    }
}

void advise_on_sessions(const LogSigns& signs, std::vector<Advice>& advice) {
    if (signs.statements > 0 && (signs.records.connections == 0 || signs.sessions_inferred > 0)) {
        advice.push_back({"log_connections = on\nlog_disconnections = on",
                          "begin and end of " +
                              (signs.records.connections == 0
                                   ? std::string{"sessions"}
                                   : count_text(signs.sessions_inferred) + " sessions") +
                              " are guessed",
                          "three records a session"});
    }
    advise_on_prefix(signs, advice);
    if (signs.records.failures_without_statement > 0) {
        advice.push_back({"log_min_error_statement = error",
                          count_text(signs.records.failures_without_statement) +
                              " failures without their statement",
                          "the failed statements' own size"});
    }
}

}  // namespace

std::vector<Advice> advice_for(const LogSigns& signs) {
    std::vector<Advice> advice;
    advise_on_durations(signs, advice);
    advise_on_parameters(signs, advice);
    advise_on_sessions(signs, advice);
    return advice;
}

std::vector<std::string> work_not_logged(const LogSigns& signs) {
    std::vector<std::string> gaps;
    if (shows_a_threshold(signs)) {
        gaps.push_back("The log seems to hold statements from " +
                       reports::ms_text(static_cast<double>(signs.shortest_us) * 1e-3) +
                       " on only: the quick ones, mostly the most, are not replayed.");
    }
    if (shows_sampling(signs)) {
        gaps.emplace_back(
            "The log seems to hold a sample of the statements only: the others are not replayed.");
    }
    return gaps;
}

}  // namespace harness::recording
