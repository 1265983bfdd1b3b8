#include "harness/migration/step_context.hpp"

#include "harness/migration/output_lines.hpp"

#include <cstdio>
#include <ctime>

namespace harness::migration {

namespace {

constexpr std::size_t most_attempts = 1000;

}  // namespace

std::string log_line(std::string_view step, std::string_view text) {
    const auto now = std::chrono::system_clock::now();
    const std::time_t whole = std::chrono::system_clock::to_time_t(now);
    const auto ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() %
        1000;
    std::tm utc{};
    gmtime_r(&whole, &utc);
    char time[64];
    const std::size_t length = std::strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%S", &utc);
    std::snprintf(time + length, sizeof time - length, ".%03dZ", static_cast<int>(ms));
    return std::string{time} + " [" + printable(step) + "] " + std::string{text};
}

void StepContext::fail(std::string error) const {
    record.outcome = "failed";
    record.error = std::move(error);
}

void StepContext::interrupt(std::string error) const {
    record.outcome = "interrupted";
    record.error = std::move(error);
}

void StepContext::attempt(Clock::time_point start, const database::Error* error,
                          std::size_t statement) const {
    reports::StepAttempt attempt;
    attempt.statement = statement;
    attempt.start_s = seconds(start);
    attempt.end_s = seconds(Clock::now());
    attempt.outcome = "ok";
    if (error != nullptr) {
        // A failure without a code of its own (a lost connection) must not read as nothing.
        attempt.outcome = !error->code.empty() ? error->code : "error";
        if (error->code.empty() && error->kind == database::ErrorKind::connection_lost) {
            attempt.outcome = reports::error_connection_lost;
        }
        attempt.error = error->text();
        record.deadlocks += error->kind == database::ErrorKind::deadlock ? 1 : 0;
    }
    if (record.attempts.size() < most_attempts) {
        record.attempts.push_back(std::move(attempt));
        return;
    }
    attempt.error += "\n  (only " + std::to_string(most_attempts) + " attempts are kept)";
    record.attempts.back() = std::move(attempt);
}

void StepContext::tell(std::string_view kind, std::string_view text) const {
    log(text);
    if (hooks.on_event) {
        hooks.on_event({Clock::now(), std::string{kind}, record.name, std::string{text}});
    }
}

void StepContext::log(std::string_view text) const {
    if (!hooks.log) {
        return;
    }
    while (!text.empty()) {
        const auto end = text.find('\n');
        hooks.log(log_line(record.name, printable(text.substr(0, end))));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
}

void StepContext::reconnect() const {
    control.reconnect();
    if (hooks.on_session) {
        hooks.on_session(control.session_id());
    }
    tell("reconnected", "the migration's connection was lost and is open again");
}

std::string shortened(std::string_view sql) {
    const bool whole = sql.size() <= 200;
    std::string text{utf8_prefix(sql, 200)};
    for (char& c : text) {
        c = c == '\n' || c == '\r' ? ' ' : c;
    }
    text = printable(text);
    std::string line;
    bool blank = false;
    for (const char c : text) {
        const bool is_blank = c == ' ' || c == '\t';
        if (!is_blank || !blank) {
            line += is_blank ? ' ' : c;
        }
        blank = is_blank;
    }
    return whole ? line : line + "...";
}

}  // namespace harness::migration
