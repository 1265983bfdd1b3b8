#include "workloads/logs/message.hpp"

#include "workloads/letters.hpp"
#include "workloads/logs/severity.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace workloads::logs {
namespace {

// The words that statements begin with, of every version from 10 to 18.
constexpr std::string_view commands[] = {
    "ABORT",   "ALTER",   "ANALYSE", "ANALYZE", "BEGIN",    "CALL",      "CHECKPOINT",
    "CLOSE",   "CLUSTER", "COMMENT", "COMMIT",  "COPY",     "CREATE",    "DEALLOCATE",
    "DECLARE", "DELETE",  "DISCARD", "DO",      "DROP",     "END",       "EXECUTE",
    "EXPLAIN", "FETCH",   "GRANT",   "IMPORT",  "INSERT",   "LISTEN",    "LOAD",
    "LOCK",    "MERGE",   "MOVE",    "NOTIFY",  "PREPARE",  "REASSIGN",  "REFRESH",
    "REINDEX", "RELEASE", "RESET",   "REVOKE",  "ROLLBACK", "SAVEPOINT", "SECURITY",
    "SELECT",  "SET",     "SHOW",    "START",   "TABLE",    "TRUNCATE",  "UNLISTEN",
    "UPDATE",  "VACUUM",  "VALUES",  "WITH",
};
static_assert(std::is_sorted(std::begin(commands), std::end(commands)));
constexpr std::size_t longest_command = 10;

bool begins_like_sql(std::string_view text) {
    const auto start = std::find_if_not(text.begin(), text.end(), is_space);
    text.remove_prefix(static_cast<std::size_t>(start - text.begin()));
    if (text.empty() || text[0] == '(' || text[0] == ';' || text.starts_with("--") ||
        text.starts_with("/*")) {
        return true;
    }
    std::array<char, longest_command> word{};
    std::size_t size = 0;
    while (size < text.size() && is_identifier_part(text[size])) {
        if (size == word.size()) {
            return false;
        }
        const char c = text[size];
        word[size++] = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return std::binary_search(std::begin(commands), std::end(commands),
                              std::string_view{word.data(), size});
}

// "12.345 ms", as %ld.%03d: microseconds.
std::optional<std::int64_t> take_milliseconds(std::string_view& text) {
    std::int64_t ms = 0;
    const auto* const end = text.data() + text.size();
    const auto whole = std::from_chars(text.data(), end, ms);
    constexpr std::int64_t most_ms = std::int64_t{1} << 50;
    if (whole.ec != std::errc{} || ms < 0 || ms > most_ms || end - whole.ptr < 4 ||
        *whole.ptr != '.') {
        return std::nullopt;
    }
    std::int64_t us = 0;
    for (int i = 1; i <= 3; ++i) {
        if (!is_digit(whole.ptr[i])) {
            return std::nullopt;
        }
        us = us * 10 + (whole.ptr[i] - '0');
    }
    auto rest = text.substr(static_cast<std::size_t>(whole.ptr + 4 - text.data()));
    if (!take(rest, " ms")) {
        return std::nullopt;
    }
    text = rest;
    return ms * 1000 + us;
}

// "1:02:03.456" of a disconnection: microseconds.
std::optional<std::int64_t> session_time(std::string_view text) {
    std::array<std::int64_t, 4> parts{};
    constexpr std::string_view separators = "::.";
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto* const end = text.data() + text.size();
        const auto read = std::from_chars(text.data(), end, parts[i]);
        if (read.ec != std::errc{} || parts[i] < 0 || parts[i] > 1'000'000'000) {
            return std::nullopt;
        }
        text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
        if (i < separators.size()) {
            if (text.empty() || text[0] != separators[i]) {
                return std::nullopt;
            }
            text.remove_prefix(1);
        }
    }
    return ((parts[0] * 60 + parts[1]) * 60 + parts[2]) * 1'000'000 + parts[3] * 1'000;
}

// "NAME[/PORTAL]: text"
bool take_names_and_text(std::string_view rest, Said& said) {
    const auto first = rest.find(": ");
    if (first == std::string_view::npos) {
        return false;
    }
    // A name has 63 bytes at most, and portals have names of any length: the text is not far.
    constexpr std::size_t farthest = 1'000;
    auto colon = first;
    while (colon != std::string_view::npos && colon < farthest &&
           !begins_like_sql(rest.substr(colon + 2))) {
        colon = rest.find(": ", colon + 1);
    }
    if (colon == std::string_view::npos || colon >= farthest) {
        colon = first;
    }
    const auto names = rest.substr(0, colon);
    said.text = rest.substr(colon + 2);
    constexpr std::string_view unnamed = "<unnamed>";
    const auto slash = names.starts_with("<unnamed>/") ? unnamed.size() : names.find('/');
    said.name = names.substr(0, slash);
    said.portal = slash == std::string_view::npos ? std::string_view{} : names.substr(slash + 1);
    if (said.name == unnamed) {
        said.name = {};
    }
    return true;
}

// What stands behind a duration, or for itself.
bool take_statement(std::string_view message, bool timed, Said& said) {
    struct Form {
        std::string_view start;
        Saying saying;
    };
    // "execute fetch from" before "execute": the second is a start of the first.
    constexpr Form forms[] = {{"execute fetch from ", Saying::fetch},
                              {"execute ", Saying::execute},
                              {"parse ", Saying::parse},
                              {"bind ", Saying::bind}};
    auto rest = message;
    if (take(rest, "statement: ")) {
        said.saying = Saying::statement;
        said.text = rest;
        return true;
    }
    if (take(rest, "fastpath function call: \"")) {
        said.saying = Saying::function_call;
        said.text = rest.substr(0, rest.rfind('"'));
        return true;
    }
    for (const auto& form : forms) {
        rest = message;
        const bool only_timed = form.saying == Saying::parse || form.saying == Saying::bind;
        if ((timed || !only_timed) && take(rest, form.start) && take_names_and_text(rest, said)) {
            said.saying = form.saying;
            return true;
        }
    }
    return false;
}

// What no statement can have run for: an event has no room for it, and its start would lie
// anywhere.
constexpr std::int64_t longest_us = std::int64_t{49} * 24 * 3600 * 1'000'000;

Said of_duration(std::string_view rest) {
    Said said;
    said.duration_us = take_milliseconds(rest);
    if (!said.duration_us) {
        return {};
    }
    const bool possible = *said.duration_us <= longest_us;
    if (!possible) {
        said.duration_us.reset();
    }
    if (rest.empty()) {
        said.saying = possible ? Saying::duration : Saying::other;
    } else if (take(rest, "  ")) {
        if (rest.starts_with("plan:")) {
            said.saying = Saying::plan;
        } else if (!take_statement(rest, true, said)) {
            return {};
        }
    }
    return said.saying == Saying::other ? Said{} : said;
}

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

Said of_session(std::string_view message) {
    Said said;
    auto rest = message;
    if (message.starts_with("connection received: ")) {
        said.saying = Saying::connection_received;
    } else if (message.starts_with("connection authorized: ")) {
        said.saying = Saying::connection_authorized;
    } else if (take(rest, "disconnection: session time: ")) {
        said.saying = Saying::disconnection;
        said.duration_us = session_time(rest);
    } else if (message.starts_with("replication connection authorized: ") ||
               message.starts_with("received replication command: ")) {
        said.saying = Saying::replication;
    } else if (message.starts_with("unexpected EOF on client connection") ||
               message.starts_with("could not receive data from client") ||
               message.starts_with("could not send data to client")) {
        said.saying = Saying::client_lost;
    } else if (message.starts_with("process ") &&
               (contains(message, " still waiting for ") || contains(message, " acquired "))) {
        said.saying = Saying::lock_wait;
    }
    return said;
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

bool is_failure(const LogEntry& entry) {
    if (is_one_of(entry.severity, {"ERROR", "FATAL", "PANIC"})) {
        return true;
    }
    // Spanish, French and others name the levels in their own words.
    const bool english = entry.severity.empty() || known_severity(entry.severity);
    return !english && entry.sqlstate.size() == 5 && !entry.sqlstate.starts_with("00") &&
           !entry.sqlstate.starts_with("01") && !entry.sqlstate.starts_with("02");
}

bool ends_session(const LogEntry& entry) {
    return entry.severity == "FATAL" || entry.severity == "PANIC";
}

Said read_message(const LogEntry& entry) {
    if (is_failure(entry)) {
        Said said;
        said.saying = Saying::failure;
        said.text = entry.query;
        return said;
    }
    if (is_one_of(entry.severity, {"WARNING", "NOTICE", "INFO"}) ||
        entry.severity.starts_with("DEBUG")) {
        return {};
    }
    auto rest = entry.message;
    if (take(rest, "duration: ")) {
        const auto said = of_duration(rest);
        // auto_explain reports nested statements, too.
        return entry.context.empty() || said.saying == Saying::plan ? said : Said{};
    }
    if (Said said; entry.context.empty() && take_statement(entry.message, false, said)) {
        return said;
    }
    return of_session(entry.message);
}

}  // namespace workloads::logs
