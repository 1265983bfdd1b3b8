#include "workloads/logs/mask_entry.hpp"

#include "workloads/letters.hpp"
#include "workloads/logs/mask_parts.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace workloads::logs {
namespace {

// Messages of the server that say nothing but names; % stands for one in quotes.
constexpr std::string_view harmless[] = {
    "duplicate key value violates unique constraint \"%\"",
    "insert or update on table \"%\" violates foreign key constraint \"%\"",
    "update or delete on table \"%\" violates foreign key constraint \"%\" on table \"%\"",
    "new row for relation \"%\" violates check constraint \"%\"",
    "null value in column \"%\" of relation \"%\" violates not-null constraint",
    "conflicting key value violates exclusion constraint \"%\"",
    "relation \"%\" does not exist",
    "relation \"%\" already exists",
    "column \"%\" does not exist",
    "column \"%\" of relation \"%\" does not exist",
    "cursor \"%\" does not exist",
    "portal \"%\" does not exist",
    "prepared statement \"%\" does not exist",
    "prepared statement \"%\" already exists",
    "could not obtain lock on row in relation \"%\"",
    "could not obtain lock on relation \"%\"",
    "deadlock detected",
    "division by zero",
    "canceling statement due to statement timeout",
    "canceling statement due to lock timeout",
    "canceling statement due to user request",
    "canceling statement due to conflict with recovery",
    "canceling autovacuum task",
    "could not serialize access due to concurrent update",
    "could not serialize access due to concurrent delete",
    "could not serialize access due to read/write dependencies among transactions",
    "current transaction is aborted, commands ignored until end of transaction block",
    "there is no transaction in progress",
    "there is already a transaction in progress",
    "terminating connection due to administrator command",
    "terminating connection due to idle-in-transaction timeout",
    "terminating connection due to idle-session timeout",
    "unexpected EOF on client connection with an open transaction",
    "could not receive data from client: Connection reset by peer",
    "could not send data to client: Broken pipe",
    "connection to client lost",
    "sorry, too many clients already",
    "integer out of range",
    "bigint out of range",
    "smallint out of range",
    "numeric field overflow",
    "database system is ready to accept connections",
    "database system is shut down",
    "received fast shutdown request",
    "received smart shutdown request",
};

bool fits(std::string_view text, std::string_view pattern) {
    for (;;) {
        const std::size_t wild = pattern.find('%');
        if (wild == std::string_view::npos) {
            return text == pattern;
        }
        if (!text.starts_with(pattern.substr(0, wild))) {
            return false;
        }
        text.remove_prefix(wild);
        pattern.remove_prefix(wild + 1);
        const std::size_t quote = text.find('"');
        if (quote == std::string_view::npos) {
            return false;
        }
        text.remove_prefix(quote);
    }
}

bool is_harmless(std::string_view text) {
    return std::any_of(std::begin(harmless), std::end(harmless),
                       [&](std::string_view pattern) { return fits(text, pattern); });
}

// "duration: 0.042 ms"; 0: it is none.
std::size_t duration_length(std::string_view text) {
    constexpr std::string_view word = "duration: ", unit = " ms";
    if (!text.starts_with(word)) {
        return 0;
    }
    const std::size_t end = text.find_first_not_of("0123456789.", word.size());
    return end != std::string_view::npos && end > word.size() && text.substr(end).starts_with(unit)
               ? end + unit.size()
               : 0;
}

// Names that drivers give: "S_1", "<unnamed>", "P0_4/C_2".
bool is_plain_name(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return is_name_part(c) || c == '<' || c == '>' || c == '/' || c == '.' || c == '-';
    });
}

// 42703: no such column. It may be a value in the wrong quotes.
bool says_a_quoted_name_is_none(const LogEntry& entry) {
    return entry.sqlstate == "42703" || fits(entry.message, "column \"%\" does not exist") ||
           fits(entry.message, "column \"%\" of relation \"%\" does not exist");
}

template <typename Fits>
bool all_of(std::string_view text, Fits fit) {
    return std::all_of(text.begin(), text.end(), fit);
}

bool is_session_id(std::string_view text) {
    const std::size_t point = text.find('.');
    return point != std::string_view::npos && text.size() <= 33 &&
           all_of(text.substr(0, point), is_hex) && all_of(text.substr(point + 1), is_hex);
}

// "CEST", "+03", "<-03>".
std::string_view zone_or_utc(std::string_view zone) {
    const bool good = zone.size() <= 8 && all_of(zone, [](char c) {
                          return is_digit(c) || c == '+' || c == '-' || c == ':' || c == '<' ||
                                 c == '>' || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
                      });
    return good ? zone : "UTC";
}

// What the server alone writes is kept, where it has the shape that the server gives it.
void keep_shapes_of_the_server(LogEntry& entry) {
    constexpr std::size_t longest_severity = 40;
    // In another language it says nothing of the data.
    const bool severity =
        entry.severity.size() <= longest_severity && all_of(entry.severity, [](char c) {
            return (is_identifier_start(c) && c != '_') || is_digit(c);
        });
    if (!severity) {
        entry.severity = "LOG";
    }
    if (!is_session_id(entry.session_id)) {
        entry.session_id = {};
    }
    const bool state = entry.sqlstate.size() == 5 && all_of(entry.sqlstate, [](char c) {
                           return is_digit(c) || (c >= 'A' && c <= 'Z');
                       });
    if (!state) {
        entry.sqlstate = {};
    }
    const bool transaction = entry.virtual_transaction.size() <= 24 &&
                             all_of(entry.virtual_transaction,
                                    [](char c) { return is_digit(c) || c == '/' || c == '-'; });
    if (!transaction) {
        entry.virtual_transaction = {};
    }
    entry.time.zone = zone_or_utc(entry.time.zone);
    entry.session_start.zone = zone_or_utc(entry.session_start.zone);
}

}  // namespace

EntryMasker::EntryMasker(Masker masker, bool keep_names)
    : masker_{std::move(masker)}, keep_names_{keep_names} {}

LogEntry EntryMasker::mask(const LogEntry& entry) {
    LogEntry masked = entry;
    std::size_t used = 0;
    const auto keep = [&](std::string text) -> std::string_view {
        kept_[used] = std::move(text);
        return kept_[used++];
    };
    masked.user = keep(name(entry.user));
    masked.database = keep(name(entry.database));
    masked.application = keep(name(entry.application));
    masked.remote = keep(remote(entry.remote));
    masked.message = keep(message(entry));
    masked.detail = keep(detail(entry.detail));
    masked.hint = keep(masker_.characters(entry.hint));
    masked.context = keep(context(entry.context));
    masked.query = keep(masker_.sql(entry.query, says_a_quoted_name_is_none(entry)
                                                     ? Masker::QuotedNames::mask
                                                     : Masker::QuotedNames::keep));
    masked.command_tag = keep(server_word(entry.command_tag));
    masked.backend_type = keep(server_word(entry.backend_type));
    keep_shapes_of_the_server(masked);
    return masked;
}

std::string EntryMasker::name(std::string_view text) const {
    return keep_names_ ? std::string{text} : masker_.value(text);
}

// Host and port each for itself, as messages have them.
std::string EntryMasker::remote(std::string_view text) const {
    const std::size_t colon = text.rfind(':');
    if (text == "[local]" || colon == std::string_view::npos) {
        return text == "[local]" ? std::string{text} : name(text);
    }
    return name(text.substr(0, colon)) + ":" + name(text.substr(colon + 1));
}

std::string EntryMasker::server_word(std::string_view text) const {
    const bool words = std::all_of(text.begin(), text.end(), [](char c) {
        return is_name_part(c) || c == ' ' || c == '-' || c == '/';
    });
    return words && text.size() <= 64 ? std::string{text} : masker_.characters(text);
}

std::string EntryMasker::message(const LogEntry& entry) const {
    const std::string_view text = entry.message;
    // What functions raise is of the application's making.
    if (entry.sqlstate.starts_with("P0")) {
        return masker_.characters(text);
    }
    if (is_harmless(text)) {
        return says_a_quoted_name_is_none(entry) ? quoted_masked(text) : std::string{text};
    }
    // What comes with a context was raised by a function, whatever it looks like.
    if (entry.severity != "LOG" || !entry.context.empty()) {
        return masker_.characters(text);
    }
    const std::size_t duration = duration_length(text);
    std::string head{text.substr(0, duration)};
    std::string_view rest = text.substr(duration);
    if (duration != 0 && !rest.empty()) {
        if (!take(rest, "  ")) {
            return masker_.characters(text);
        }
        head += "  ";
    }
    return head + (rest.empty() ? "" : statement_message(rest));
}

// Of the server's own words around names in quotes: the names.
std::string EntryMasker::quoted_masked(std::string_view text) const {
    std::string out;
    for (bool inside = false;; inside = !inside) {
        const std::size_t quote = text.find('"');
        const std::string_view part = text.substr(0, quote);
        out += inside ? masker_.value(part) : std::string{part};
        if (quote == std::string_view::npos) {
            return out;
        }
        out += '"';
        text.remove_prefix(quote + 1);
    }
}

// "statement: SELECT 1", "execute S_1: SELECT 1", "connection received: host=...".
std::string EntryMasker::statement_message(std::string_view text) const {
    std::string_view rest = text;
    if (take(rest, "statement: ")) {
        return "statement: " + masker_.sql(rest);
    }
    for (const std::string_view verb : {"execute fetch from ", "execute ", "parse ", "bind "}) {
        rest = text;
        if (!take(rest, verb)) {
            continue;
        }
        const std::size_t colon = rest.find(": ");
        if (colon == std::string_view::npos) {
            break;
        }
        const std::string_view prepared = rest.substr(0, colon);
        return std::string{verb} +
               (is_plain_name(prepared) ? std::string{prepared} : masker_.characters(prepared)) +
               ": " + masker_.sql(rest.substr(colon + 2));
    }
    for (const std::string_view opening :
         {"connection received: ", "connection authorized: ", "replication connection authorized: ",
          "disconnection: "}) {
        rest = text;
        if (take(rest, opening)) {
            return std::string{opening} + pairs(rest);
        }
    }
    return masker_.characters(text);
}

// "session time: 0:00:01.234 user=app database=shop host=[local]".
std::string EntryMasker::pairs(std::string_view text) const {
    constexpr std::string_view keys[] = {
        "user=", "database=", "application_name=", "host=", "port="};
    constexpr std::string_view session_time = "session time: ";
    std::string out;
    if (text.starts_with(session_time)) {
        const std::size_t end =
            std::min(text.find_first_not_of("0123456789:.", session_time.size()), text.size());
        out += text.substr(0, end);
        text.remove_prefix(end);
        if (take(text, " ")) {
            out += ' ';
        }
    }
    const std::size_t tail =
        std::min({text.find(" SSL enabled ("), text.find(" GSS ("), text.size()});
    const std::string encrypted = masker_.characters(text.substr(tail));
    text = text.substr(0, tail);
    while (!text.empty()) {
        const auto* key =
            std::find_if(std::begin(keys), std::end(keys),
                         [&](std::string_view each) { return text.starts_with(each); });
        if (key == std::end(keys)) {
            return out + masker_.characters(text) + encrypted;
        }
        text.remove_prefix(key->size());
        std::size_t end = text.size();
        for (const auto each : keys) {
            end = std::min(end, text.find(" " + std::string{each}));
        }
        const std::string_view value = text.substr(0, end);
        out += *key;
        out += value == "[local]" ? "[local]" : name(value);
        text.remove_prefix(end);
        if (take(text, " ")) {
            out += ' ';
        }
    }
    return out + encrypted;
}

std::string EntryMasker::detail(std::string_view text) const {
    for (const std::string_view opening : {"parameters: ", "Parameters: "}) {
        if (text.starts_with(opening)) {
            return std::string{opening} + parameters(text.substr(opening.size()));
        }
    }
    constexpr std::string_view prepare = "prepare: ", key = "Key (", row = "Failing row contains (";
    if (text.starts_with(prepare)) {
        return std::string{prepare} + masker_.sql(text.substr(prepare.size()));
    }
    if (text.starts_with(key)) {
        return key_detail(text);
    }
    if (text.starts_with(row) && text.ends_with(").")) {
        return std::string{row} + list(text.substr(row.size(), text.size() - row.size() - 2)) +
               ").";
    }
    return masker_.characters(text);
}

// "Key (id, tenant)=(5, a) already exists."
std::string EntryMasker::key_detail(std::string_view text) const {
    constexpr std::string_view endings[] = {") already exists.", ") is duplicated."};
    const std::size_t columns = text.find(")=(");
    const auto* ending = std::find_if(std::begin(endings), std::end(endings),
                                      [&](std::string_view each) { return text.ends_with(each); });
    std::size_t stop =
        ending == std::end(endings) ? std::string_view::npos : text.size() - ending->size();
    std::string tail{ending == std::end(endings) ? "" : *ending};
    // ") is not present in table "x"."
    for (const std::string_view words :
         {") is not present in table \"", ") is still referenced from table \""}) {
        const std::size_t at = text.rfind(words);
        // The table's name ends the text, or the words are a value's.
        const bool ends = at != std::string_view::npos && text.ends_with("\".") &&
                          text.find('"', at + words.size()) == text.size() - 2;
        if (stop == std::string_view::npos && ends) {
            stop = at;
            tail = text.substr(at);
        }
    }
    if (columns == std::string_view::npos || stop == std::string_view::npos || stop < columns + 3) {
        return masker_.characters(text);
    }
    const std::string_view names = text.substr(0, columns);
    // Of an expression's index, its constants.
    return masker_.literals(names) + ")=(" + list(text.substr(columns + 3, stop - columns - 3)) +
           tail;
}

// Values as the server lists them; one that holds ", " is masked in parts.
std::string EntryMasker::list(std::string_view values) const {
    std::string out;
    for (;;) {
        const std::size_t comma = values.find(", ");
        out += masker_.value(values.substr(0, comma));
        if (comma == std::string_view::npos) {
            return out;
        }
        out += ", ";
        values.remove_prefix(comma + 2);
    }
}

// "$1 = 'it''s', $2 = NULL", and from the first that is none, all as it comes.
std::string EntryMasker::parameters(std::string_view list) const {
    std::string out;
    for (;;) {
        std::size_t end = 1;
        while (end < list.size() && is_digit(list[end])) {
            ++end;
        }
        if (!list.starts_with('$') || end == 1 || !list.substr(end).starts_with(" = ")) {
            return out + masker_.characters(list);
        }
        end += 3;
        std::size_t stop = end + 4;
        if (list.substr(end).starts_with('\'')) {
            stop = list.find('\'', end + 1);
            while (stop != std::string_view::npos && list.substr(stop).starts_with("''")) {
                stop = list.find('\'', stop + 2);
            }
            stop += stop == std::string_view::npos ? 0 : 1;
        } else if (!list.substr(end).starts_with("NULL")) {
            stop = std::string_view::npos;
        }
        if (stop == std::string_view::npos) {
            return out + std::string{list.substr(0, end)} + masker_.characters(list.substr(end));
        }
        out += list.substr(0, end);
        out += masker_.literals(list.substr(end, stop - end));
        list.remove_prefix(stop);
        if (list.empty()) {
            return out;
        }
        if (!take(list, ", ")) {
            return out + masker_.characters(list);
        }
        out += ", ";
    }
}

std::string EntryMasker::context(std::string_view text) const {
    std::string_view rest = text;
    std::string head;
    if (take(rest, "portal \"")) {
        const std::size_t quote = rest.find('"');
        if (quote == std::string_view::npos || !is_plain_name(rest.substr(0, quote))) {
            return masker_.characters(text);
        }
        head = text.substr(0, text.size() - rest.size() + quote + 1);
        rest.remove_prefix(quote + 1);
    } else if (take(rest, "unnamed portal")) {
        head = "unnamed portal";
    } else if (take(rest, "extended query")) {
        head = "extended query";
    } else {
        return masker_.characters(text);
    }
    for (const std::string_view words : {" with parameters: ", " parameter "}) {
        if (take(rest, words)) {
            return head + std::string{words} + parameters(rest);
        }
    }
    return masker_.characters(text);
}

}  // namespace workloads::logs
