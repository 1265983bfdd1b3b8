#include "workloads/logs/log_format.hpp"

#include "workloads/logs/csvlog.hpp"
#include "workloads/logs/foreign_files.hpp"
#include "workloads/logs/jsonlog.hpp"
#include "workloads/logs/severity.hpp"
#include "workloads/logs/syslog_line.hpp"

#include <algorithm>
#include <vector>

namespace workloads::logs {
namespace {

constexpr std::size_t looked_at = 1U << 20;
constexpr std::size_t most_lines = 2000;

// The usual ones: the server's default, Debian's, those that the manuals of managed services and of
// log analysers give. One that tells more comes before one that it is a case of.
constexpr const char* usual_prefixes[] = {
    "%m [%p] ",
    "%t [%p] ",
    "%m [%p] %q%u@%d ",
    "%m [%p] %q%u@%d/%a ",
    recommended_prefix.data(),
    "%m [%p] %q[user=%u,db=%d,app=%a] ",
    "%m [%p] user=%u,db=%d,app=%a,client=%h ",
    "%m [%p]: user=%u,db=%d,app=%a,client=%h ",
    "%m [%p]: db=%d,user=%u,app=%a,client=%h ",
    "%m [%p]: [%l-1] db=%d,user=%u ",
    "%m [%p]: [%l-1] db=%d,user=%u,host=%h ",
    "%m [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ",
    "%m [%p]: [%l] user=%u,db=%d,app=%a,client=%h ",
    "%m [%p]: ",
    "%m [%p]: [%l-1] ",
    "%m [%p]: [%c] [%l] user=%u,db=%d,app=%a,client=%h ",
    "%m %u@%d [%p] ",
    "%m %u %d [%p] ",
    "%m %p ",
    "%m %p %u@%d from %h [vxid:%v txid:%x] [%i] ",
    "%m [%p] [%c-%l] ",
    "%m [%p] %r %u@%d ",
    "%m [%p] %q[%r] %u@%d ",
    "%t [%p]: ",
    "%t [%p]: [%l-1] ",
    "%t [%p] %u@%d ",
    "%t [%p] %q%u@%d ",
    "%t [%p]: [%l-1] %u@%d ",
    "%t [%p]: [%l-1] user=%u,db=%d ",
    "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ",
    "%t [%p]: user=%u,db=%d,app=%a,client=%h ",
    "%t [%p]: db=%d,user=%u,app=%a,client=%h ",
    "%t:%r:%u@%d:[%p]:",
    "%m:%r:%u@%d:[%p]:",
    "%t:%r:%u@%d:[%p]:%l:%e:%s:%v:%x:%c:%q%a:",
    "%m:%r:%u@%d:[%p]:%l:%e:%s:%v:%x:%c:%q%a:",
    "%t-%c-",
    "%m-%c-",
    "%t-%c-%u@%d-",
    "%c %m ",
    "%m %c ",
    "%n [%p] ",
};
// Behind a syslog that tells time and process.
constexpr const char* prefixes_in_syslog[] = {
    "",
    "%q%u@%d ",
    "%u@%d ",
    "user=%u,db=%d ",
    "user=%u,db=%d,app=%a,client=%h ",
    "db=%d,user=%u,app=%a,client=%h ",
};

std::string_view line_at(std::string_view file, std::size_t at) {
    const std::size_t end = file.find('\n', at);
    std::string_view line = file.substr(at, std::min(end, file.size()) - at);
    if (line.ends_with('\r')) {
        line.remove_suffix(1);
    }
    return line;
}

// Whether one of the server's own words opens what the line says.
bool holds_tag(std::string_view line) {
    constexpr std::size_t longest_prefix = 1000;
    line = line.substr(0, longest_prefix);
    for (std::size_t colon = line.find(":  "); colon != std::string_view::npos;
         colon = line.find(":  ", colon + 1)) {
        const std::size_t start =
            line.substr(0, colon).find_last_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ12345");
        const std::string_view word =
            line.substr(start + 1, colon - start - 1);  // npos + 1 is the line's start
        if (known_severity(word) || adds_to_record(word)) {
            return true;
        }
    }
    return false;
}

// The lines that bear a prefix, of a stretch of the file.
void collect(std::string_view file, std::size_t from, std::vector<std::string_view>& lines) {
    const std::size_t stop = std::min(file.size(), from + looked_at);
    for (std::size_t at = from; at < stop && lines.size() < most_lines;) {
        const std::string_view line = line_at(file, at);
        if (!line.starts_with('\t') && holds_tag(line)) {
            lines.push_back(line);
        }
        at = file.find('\n', at);
        at = at == std::string_view::npos ? stop : at + 1;
    }
}

// A quiet start is background processes alone; sessions show what the prefix has for them.
std::vector<std::string_view> sample(std::string_view file) {
    std::vector<std::string_view> all;
    for (const std::size_t part : {0U, 1U, 2U}) {
        std::size_t from = part == 0 ? 0 : file.size() * part / 3;
        if (part != 0) {
            if (file.size() <= looked_at) {
                break;
            }
            from = std::min(file.find('\n', from), file.size());
        }
        std::vector<std::string_view> lines;
        collect(file, from, lines);
        all.insert(all.end(), lines.begin(), lines.end());
    }
    return all;
}

struct Score {
    std::size_t lines = 0, escapes = 0;
    bool operator<(const Score& other) const {
        return lines != other.lines ? lines < other.lines : escapes < other.escapes;
    }
};

Score score_of(LinePrefix& prefix, const std::vector<std::string_view>& lines, bool in_syslog) {
    Score score{0, prefix.escapes()};
    std::string scratch;
    for (const auto line : lines) {
        LogEntry entry;
        if (!in_syslog) {
            score.lines += prefix.read(line, entry, scratch) ? 1 : 0;
        } else if (const auto wrapped = read_syslog_line(line)) {
            const bool fits = prefix.read(wrapped->text, entry, scratch).has_value();
            score.lines += fits && (entry.time.known || wrapped->time.known) ? 1 : 0;
        }
    }
    return score;
}

std::variant<LogFormat, Refusal> with_given_prefix(std::string_view given, bool in_syslog,
                                                   const std::vector<std::string_view>& lines) {
    auto parsed = LinePrefix::parse(
        given, in_syslog ? LinePrefix::Needs::nothing : LinePrefix::Needs::time_and_session);
    if (const auto* error = std::get_if<TextError>(&parsed)) {
        return Refusal{"log_line_prefix '" + std::string{given} + "': " + error->message};
    }
    if (score_of(std::get<LinePrefix>(parsed), lines, in_syslog).lines == 0) {
        return Refusal{"no line begins with the log_line_prefix '" + std::string{given} +
                       "': give the one that the server had (SHOW log_line_prefix), with all its "
                       "spaces"};
    }
    return LogFormat{Format::stderr_log, in_syslog ? Envelope::syslog : Envelope::none,
                     std::string{given}, false};
}

std::variant<LogFormat, Refusal> with_usual_prefix(bool in_syslog,
                                                   const std::vector<std::string_view>& lines) {
    Score best;
    const char* found = nullptr;
    const auto try_prefix = [&](const char* format) {
        auto parsed = LinePrefix::parse(
            format, in_syslog ? LinePrefix::Needs::nothing : LinePrefix::Needs::time_and_session);
        const Score score = score_of(std::get<LinePrefix>(parsed), lines, in_syslog);
        if (score.lines > 0 && best < score) {
            best = score;
            found = format;
        }
    };
    std::for_each(std::begin(usual_prefixes), std::end(usual_prefixes), try_prefix);
    if (in_syslog) {
        std::for_each(std::begin(prefixes_in_syslog), std::end(prefixes_in_syslog), try_prefix);
    }
    if (found == nullptr || best.lines * 2 < lines.size()) {
        return Refusal{
            "this is a log of PostgreSQL's, but its log_line_prefix is none of the usual ones: "
            "name "
            "it (SHOW log_line_prefix) with all its spaces; it needs a time (%m) and a process "
            "(%p) "
            "or session (%c), recommended: '" +
            std::string{recommended_prefix} + "'"};
    }
    return LogFormat{Format::stderr_log, in_syslog ? Envelope::syslog : Envelope::none, found,
                     true};
}

bool is_csvlog(std::string_view file) {
    CsvReader reader{file};
    LogEntry entry;
    // Near the start: somebody's statement may quote a log.
    return CsvReader::find_record(file.substr(0, looked_at)) != std::string_view::npos &&
           reader.next(entry) && entry.offset < looked_at;
}

bool is_jsonlog(std::string_view file) {
    const std::size_t first = file.find_first_not_of("\xEF\xBB\xBF \t\r\n");
    const bool looks_so =
        (first != std::string_view::npos && file[first] == '{') ||
        file.substr(0, looked_at).find("{\"timestamp\":\"") != std::string_view::npos;
    JsonReader reader{file};
    LogEntry entry;
    return looks_so && reader.next(entry) && entry.offset < looked_at;
}

}  // namespace

std::variant<LogFormat, Refusal> detect_format(std::string_view file,
                                               std::optional<std::string_view> prefix) {
    if (file.find_first_not_of(" \t\r\n") == std::string_view::npos) {
        return Refusal{"the file is empty"};
    }
    if (std::string binary = why_no_text(file); !binary.empty()) {
        return Refusal{std::move(binary)};
    }
    if (is_csvlog(file)) {
        return LogFormat{Format::csvlog, Envelope::none, {}, false};
    }
    if (is_jsonlog(file)) {
        return LogFormat{Format::jsonlog, Envelope::none, {}, false};
    }
    const auto lines = sample(file);
    if (lines.empty()) {
        return Refusal{what_is_it(file)};
    }
    const bool in_syslog = static_cast<std::size_t>(std::count_if(
                               lines.begin(), lines.end(),
                               [](auto line) { return read_syslog_line(line).has_value(); })) *
                               2 >
                           lines.size();
    auto found =
        prefix ? with_given_prefix(*prefix, in_syslog, lines) : with_usual_prefix(in_syslog, lines);
    if (std::holds_alternative<Refusal>(found) && !prefix) {
        const std::string other = what_is_it(file);
        if (!other.starts_with("this is no log of PostgreSQL's")) {
            return Refusal{other};
        }
    }
    return found;
}

}  // namespace workloads::logs
