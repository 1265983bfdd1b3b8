#include "workloads/logs/log_writer.hpp"

#include "workloads/logs/log_time.hpp"

#include <cstdint>
#include <cstdio>
#include <string_view>
#include <utility>

namespace workloads::logs {
namespace {

// Text is quoted, nothing is NULL.
void put_quoted(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        out += c;
        if (c == '"') {
            out += c;
        }
    }
    out += '"';
}

void put_text(std::string& out, std::string_view text) {
    if (!text.empty()) {
        put_quoted(out, text);
    }
}

void put_json(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        switch (c) {
            case '"':
            case '\\':
                out += '\\';
                out += c;
                break;
            case '\n':
                out += "\\n";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                if (static_cast<unsigned char>(c) < 0x20) {
                    char escape[8];
                    std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
                    out += escape;
                } else {
                    out += c;
                }
        }
    }
    out += '"';
}

void put_member(std::string& out, const char* name, std::string_view text) {
    if (!text.empty()) {
        out.append(",\"").append(name).append("\":");
        put_json(out, text);
    }
}

void put_member(std::string& out, const char* name, std::int64_t number) {
    out.append(",\"").append(name).append("\":").append(std::to_string(number));
}

// A line and those that follow it, each with its tab.
void put_line(std::string& out, const std::string& prefix, std::string_view word,
              std::string_view text) {
    out.append(prefix).append(word).append(":  ");
    for (const char c : text) {
        out += c;
        if (c == '\n') {
            out += '\t';
        }
    }
    out += '\n';
}

}  // namespace

void write_csvlog(std::string& out, const LogEntry& entry) {
    const auto text = [&](std::string_view each) {
        put_text(out, each);
        out += ',';
    };
    const auto plain = [&](std::string_view each) { out.append(each).append(","); };
    plain(stamp_text(entry.time, true));
    text(entry.user);
    text(entry.database);
    plain(std::to_string(entry.pid));
    text(entry.remote);
    plain(entry.session_id);
    plain(std::to_string(entry.session_line));
    text(entry.command_tag);
    plain(stamp_text(entry.session_start, false));
    plain(entry.virtual_transaction);
    plain(std::to_string(entry.transaction_id));
    plain(entry.severity);
    plain(entry.sqlstate);
    text(entry.message);
    text(entry.detail);
    text(entry.hint);
    out += ",,";  // the internal query and its position
    text(entry.context);
    text(entry.query);
    out += ",,";  // position and location
    put_quoted(out, entry.application);
    out += ',';
    text(entry.backend_type);
    out.append(",").append(std::to_string(entry.query_id)).append("\n");
}

void write_jsonlog(std::string& out, const LogEntry& entry) {
    out += "{\"timestamp\":";
    put_json(out, stamp_text(entry.time, true));
    put_member(out, "user", entry.user);
    put_member(out, "dbname", entry.database);
    put_member(out, "pid", entry.pid);
    const std::size_t colon = entry.remote.rfind(':');
    std::uint64_t port = 0;
    const bool has_port =
        colon != std::string_view::npos && read_number(entry.remote.substr(colon + 1), port);
    put_member(out, "remote_host", has_port ? entry.remote.substr(0, colon) : entry.remote);
    if (has_port) {
        // As it stands: a number with leading zeros would be another one.
        out.append(",\"remote_port\":").append(std::to_string(port));
    }
    put_member(out, "session_id", entry.session_id);
    put_member(out, "line_num", static_cast<std::int64_t>(entry.session_line));
    put_member(out, "ps", entry.command_tag);
    if (entry.session_start.known) {
        put_member(out, "session_start", stamp_text(entry.session_start, false));
    }
    put_member(out, "vxid", entry.virtual_transaction);
    put_member(out, "txid", static_cast<std::int64_t>(entry.transaction_id));
    put_member(out, "error_severity", entry.severity);
    put_member(out, "state_code", entry.sqlstate);
    put_member(out, "message", entry.message);
    put_member(out, "detail", entry.detail);
    put_member(out, "hint", entry.hint);
    put_member(out, "context", entry.context);
    put_member(out, "statement", entry.query);
    put_member(out, "application_name", entry.application);
    put_member(out, "backend_type", entry.backend_type);
    put_member(out, "query_id", entry.query_id);
    out += "}\n";
}

void write_stderr_log(std::string& out, const LogEntry& entry, const LinePrefix& prefix) {
    const bool verbose = !entry.sqlstate.empty() && !prefix.has("e");
    std::uint64_t number = entry.session_line;
    const auto line = [&](std::string_view word, std::string_view text) {
        put_line(out, prefix.write(entry, number++), word, text);
    };
    line(entry.severity, verbose ? std::string{entry.sqlstate} + ": " + std::string{entry.message}
                                 : std::string{entry.message});
    for (const auto& [word, text] :
         {std::pair{"DETAIL", entry.detail}, {"HINT", entry.hint}, {"CONTEXT", entry.context}}) {
        if (!text.empty()) {
            line(word, text);
        }
    }
    if (verbose) {
        line("LOCATION", "-, -:0");
    }
    if (!entry.query.empty()) {
        line("STATEMENT", entry.query);
    }
}

}  // namespace workloads::logs
