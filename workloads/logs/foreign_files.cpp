#include "workloads/logs/foreign_files.hpp"

#include "workloads/letters.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>

namespace workloads::logs {
namespace {

constexpr std::size_t looked_at = 64U << 10;
constexpr std::string_view only_postgres = "only PostgreSQL's logs are read here";

struct Magic {
    std::string_view bytes;
    const char* what;
};
constexpr Magic magics[] = {
    {"\x1F\x8B", "this is compressed with gzip within what was decompressed: unpack it first"},
    {"\x28\xB5\x2F\xFD",
     "this is compressed with zstd within what was decompressed: unpack it first"},
    {"BZh", "this is compressed with bzip2: unpack it first (gzip and zstd are read as they are)"},
    {"\xFD"
     "7zXZ",
     "this is compressed with xz: unpack it first (gzip and zstd are read as they are)"},
    {"PK\x03\x04", "this is a ZIP archive: unpack it first"},
    {"PGDMP", "this is a dump made by pg_dump, not a log"},
    {"LPKSHHRH", "this is a journal of systemd: export it with journalctl -o short-iso-precise"},
    {"\x7F"
     "ELF",
     "this is a program, not a log"},
    {"\xFF\xFE",
     "this is text in UTF-16: convert it first, for example with iconv -f UTF-16 -t UTF-8"},
    {"\xFE\xFF",
     "this is text in UTF-16: convert it first, for example with iconv -f UTF-16 -t UTF-8"},
};

// Where every '0' of the shape is a digit and the rest as it stands.
bool has_shape(std::string_view text, std::string_view shape) {
    return text.size() >= shape.size() &&
           std::equal(shape.begin(), shape.end(), text.begin(),
                      [](char s, char c) { return s == '0' ? is_digit(c) : s == c; });
}

bool holds(std::string_view text, std::string_view what) {
    return text.find(what) != std::string_view::npos;
}

bool any_line(std::string_view text, auto is_such) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        if (is_such(text.substr(0, end))) {
            return true;
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return false;
}

// "2024-03-01T10:00:00.123456Z\t   12 Query\tSELECT 1".
bool of_mysql_general_log(std::string_view line) {
    if (!has_shape(line, "0000-00-00T00:00:00")) {
        return false;
    }
    const std::size_t tab = line.find('\t');
    const std::size_t second = tab == std::string_view::npos ? tab : line.find('\t', tab + 1);
    constexpr std::string_view commands[] = {"Query",      "Connect",    "Execute",
                                             "Prepare",    "Quit",       "Init DB",
                                             "Close stmt", "Field List", "Ping"};
    return second != std::string_view::npos &&
           std::any_of(std::begin(commands), std::end(commands), [&](std::string_view command) {
               return line.substr(0, second).ends_with(command);
           });
}

// `10.0.0.7 - - [01/Mar/2024:10:00:00 +0000] "GET / HTTP/1.1" 200`.
bool of_web_server(std::string_view line) {
    const std::size_t open = line.find(" [");
    return open != std::string_view::npos && line.size() > open + 15 && line[open + 4] == '/' &&
           line[open + 8] == '/' && line[open + 13] == ':' && holds(line, "] \"");
}

// Text that only such a file holds.
struct Mark {
    std::string_view text;
    bool at_line_start;
    const char* what;
};
constexpr Mark marks[] = {
    {"# User@Host: ", true, "a MySQL slow log"},
    {"# Query_time: ", true, "a MySQL slow log"},
    {"Id Command    Argument", false, "a MySQL general log"},
    {" [MY-0", false, "a MySQL error log"},
    {" [Note] ", false, "a MySQL or MariaDB error log"},
    {"{\"t\":{\"$date\":", true, "a MongoDB log"},
    {"] LOG C-0x", false, "a pgbouncer log"},
    {"] LOG S-0x", false, "a pgbouncer log"},
    {" LOG stats: ", false, "a pgbouncer log"},
    {"-- PostgreSQL database dump", true, "an SQL dump made by pg_dump"},
    {"#!/", true, "a script"},
    {"<!DOCTYPE html", true, "a web page"},
    {"<html", true, "a web page"},
};
// Logs of PostgreSQL's, but in a form that is not read.
constexpr Mark wrapped[] = {
    {"\"textPayload\":", false,
     "this is a JSON export of Cloud Logging: write its textPayload lines into a file, for example "
     "with jq -r .textPayload"},
    {"\"logger\":\"postgres\"", false,
     "this is a log of CloudNativePG: its records lie in JSON of its own, which is not read; take "
     "the csvlog from the server's log folder"},
    {" UTC >LOG:  ", false,
     "its log_line_prefix '< %m >' names no process: lines cannot be told apart by session; "
     "recommended: log_line_prefix = '%m [%p] %q%c %l %u@%d %a %e %i '"},
};

bool is_marked(std::string_view text, const Mark& mark) {
    return mark.at_line_start
               ? any_line(text, [&](auto line) { return line.starts_with(mark.text); })
               : holds(text, mark.text);
}

}  // namespace

std::string why_no_text(std::string_view file) {
    for (const auto& magic : magics) {
        if (file.starts_with(magic.bytes)) {
            return magic.what;
        }
    }
    const std::string_view start = file.substr(0, looked_at);
    const auto nuls = static_cast<std::size_t>(std::count(start.begin(), start.end(), '\0'));
    const auto controls = static_cast<std::size_t>(std::count_if(
        start.begin(), start.end(), [](char c) { return c >= 0 && c < ' ' && !is_space(c); }));
    if (nuls * 3 > start.size() && nuls * 3 < start.size() * 2) {
        return "this is text in UTF-16: convert it first, for example with iconv -f UTF-16 -t "
               "UTF-8";
    }
    return controls * 10 > start.size() ? "this is a binary file, not a log" : "";
}

std::string what_is_it(std::string_view file) {
    if (const std::string binary = why_no_text(file); !binary.empty()) {
        return binary;
    }
    const std::string_view start = file.substr(0, looked_at);
    for (const auto& mark : wrapped) {
        if (is_marked(start, mark)) {
            return mark.what;
        }
    }
    for (const auto& mark : marks) {
        if (is_marked(start, mark)) {
            return std::string{"this is "} + mark.what + ": " + std::string{only_postgres};
        }
    }
    if (any_line(start, of_mysql_general_log)) {
        return "this is a MySQL general log: " + std::string{only_postgres};
    }
    if (any_line(start, [](auto line) { return has_shape(line, "0000/00/00 00:00:00 ["); })) {
        return "this is an nginx error log: " + std::string{only_postgres};
    }
    if (any_line(start, of_web_server)) {
        return "this is a web server's access log: " + std::string{only_postgres};
    }
    return "this is no log of PostgreSQL's: neither csvlog nor jsonlog, and no line holds a "
           "severity "
           "as \"LOG:  \"";
}

}  // namespace workloads::logs
