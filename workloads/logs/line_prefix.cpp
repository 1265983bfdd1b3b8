#include "workloads/logs/line_prefix.hpp"

#include "workloads/letters.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace workloads::logs {
namespace {

std::string advice() {
    return "recommended: log_line_prefix = '" + std::string{recommended_prefix} +
           "', which the server takes over at a reload";
}

constexpr std::string_view known_escapes = "audrhLbpPtmnieclsvxQ";
constexpr std::size_t stamp_with_milliseconds = 23;
constexpr std::size_t longest_tag = 40, longest_value = 300, widest = 1000;
// A name may hold what follows it, so several ends are tried; a hostile line costs no more than
// this.
constexpr std::size_t most_steps = 4000;

constexpr std::string_view additions[] = {"DETAIL",    "HINT",     "QUERY",    "CONTEXT",
                                          "STATEMENT", "LOCATION", "BACKTRACE"};
constexpr std::string_view severities[] = {"LOG",    "ERROR", "FATAL", "WARNING",
                                           "NOTICE", "PANIC", "INFO",  "DEBUG"};

bool contains(const auto& words, const auto& word) {
    return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

bool is_known_tag(std::string_view word) {
    return contains(severities, word) || contains(additions, word);
}

std::string_view trimmed(std::string_view text, bool left) {
    if (left) {
        const std::size_t last = text.find_last_not_of(' ');
        return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
    }
    const std::size_t first = text.find_first_not_of(' ');
    return first == std::string_view::npos ? std::string_view{} : text.substr(first);
}

bool all_digits(std::string_view text) {
    return std::all_of(text.begin(), text.end(), is_digit);
}

bool read_hex(std::string_view text, std::int64_t& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
    return error == std::errc{} && end == text.data() + text.size() && !text.starts_with('-');
}

// "65e1a2b1.1267": when the session began and its process.
bool read_session_id(std::string_view text, std::int64_t& start_s, std::int64_t& pid) {
    const std::size_t dot = text.find('.');
    return dot != std::string_view::npos && text.size() <= 33 &&
           read_hex(text.substr(0, dot), start_s) && read_hex(text.substr(dot + 1), pid);
}

// "1709287201.250": seconds since 1970.
bool read_epoch(std::string_view text, LogTime& time) {
    const std::size_t dot = text.find('.');
    std::uint64_t seconds = 0, milliseconds = 0;
    constexpr std::uint64_t end_of_time = 253'402'300'800;  // the year 10000
    if (dot == std::string_view::npos || text.size() - dot != 4 ||
        !read_number(text.substr(0, dot), seconds) || seconds >= end_of_time ||
        !read_number(text.substr(dot + 1), milliseconds)) {
        return false;
    }
    time = {static_cast<std::int64_t>(seconds * 1'000'000 + milliseconds * 1000), {}, true};
    return true;
}

bool is_virtual_transaction(std::string_view text) {
    const std::size_t slash = text.find('/');
    return text.empty() ||
           (slash != std::string_view::npos && slash > 0 && all_digits(text.substr(0, slash)) &&
            slash + 1 < text.size() && all_digits(text.substr(slash + 1)));
}

bool is_sqlstate(std::string_view text) {
    return text.size() == 5 && std::all_of(text.begin(), text.end(), [](char c) {
               return is_digit(c) || (c >= 'A' && c <= 'Z');
           });
}

// Whether a value can be that of an escape; times are read by their readers.
bool plausible(char escape, std::string_view text) {
    std::int64_t number = 0, other = 0;
    LogTime time;
    switch (escape) {
        case 'p':
            return read_number(text, number) && number >= 0;
        case 'P':
            return all_digits(text);
        case 'l':
        case 'x':
            return all_digits(text) && text.size() < 20 && !text.empty();
        case 'Q':
            return read_number(text, number);
        case 'n':
            return read_epoch(text, time);
        case 'c':
            return read_session_id(text, number, other);
        case 'v':
            return is_virtual_transaction(text);
        case 'e':
            return is_sqlstate(text);
        default:
            return true;
    }
}

std::string_view known_name(std::string_view name) {
    return name == "[unknown]" ? std::string_view{} : name;
}

// "10.0.0.7:51234" as %r has it: "10.0.0.7(51234)".
std::string with_port(std::string_view remote) {
    const std::size_t colon = remote.rfind(':');
    if (colon == std::string_view::npos || !all_digits(remote.substr(colon + 1))) {
        return std::string{remote};
    }
    return std::string{remote.substr(0, colon)} + "(" + std::string{remote.substr(colon + 1)} + ")";
}

// What an escape becomes.
// `has_port`: of the address, because the prefix has it (%r).
std::string written(char escape, const LogEntry& entry, std::uint64_t number, bool has_port) {
    switch (escape) {
        case 'a':
            return std::string{entry.application};
        case 'u':
            return std::string{entry.user};
        case 'd':
            return std::string{entry.database};
        case 'r':
            return with_port(entry.remote);
        case 'h':
            return std::string{has_port ? entry.remote.substr(0, entry.remote.rfind(':'))
                                        : entry.remote};
        case 'b':
            return std::string{entry.backend_type};
        case 'p':
            return std::to_string(entry.pid);
        case 't':
        case 'm':
            return stamp_text(entry.time, escape == 'm');
        case 's':
            return stamp_text(entry.session_start, false);
        case 'n': {
            const std::string thousandth = std::to_string(entry.time.local_us / 1000 % 1000 + 1000);
            return std::to_string(entry.time.local_us / 1'000'000) + "." + thousandth.substr(1);
        }
        case 'i':
            return std::string{entry.command_tag};
        case 'e':
            return std::string{entry.sqlstate};
        case 'c':
            return std::string{entry.session_id};
        case 'l':
            return std::to_string(number);
        case 'v':
            return std::string{entry.virtual_transaction};
        case 'x':
            return std::to_string(entry.transaction_id);
        case 'Q':
            return std::to_string(entry.query_id);
        default:
            return {};
    }
}

}  // namespace

LineTag read_tag(std::string_view text) {
    const std::size_t colon = text.substr(0, longest_tag + 1).find(':');
    if (colon == std::string_view::npos || colon == 0 ||
        !text.substr(colon + 1).starts_with("  ")) {
        return {};
    }
    const std::string_view word = text.substr(0, colon);
    if (std::any_of(word.begin(), word.end(), [](char c) {
            const bool ascii = static_cast<unsigned char>(c) < 0x80;
            return ascii && !((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'));
        })) {
        return {};  // letters, of any alphabet
    }
    return {word, colon + 3};
}

bool adds_to_record(std::string_view word) {
    return contains(additions, word);
}

std::variant<LinePrefix, TextError> LinePrefix::parse(std::string_view format, Needs needs) {
    LinePrefix prefix;
    prefix.format_ = format;
    bool after_escape = false;
    for (std::size_t at = 0; at < format.size();) {
        const std::size_t start = at;
        if (format[at] == '\n' || format[at] == '\r') {
            return TextError{"a log_line_prefix cannot hold a line break", at};
        }
        if (format[at] != '%' || format.substr(at, 2) == "%%") {
            at += format[at] == '%' ? 2 : 1;
            if (prefix.elements_.empty() || prefix.elements_.back().escape != 0) {
                prefix.elements_.emplace_back();
            }
            prefix.elements_.back().text += format[at - 1];
            after_escape = false;
            continue;
        }
        Element element = read_escape(format, at);
        if (element.escape != 'q' && !contains(known_escapes, element.escape)) {
            return TextError{"'" + std::string{format.substr(start, at - start)} +
                                 "' is no escape of log_line_prefix (a percent sign is %%)",
                             start};
        }
        if (element.escape != 'q') {
            if (after_escape) {
                return TextError{
                    "two escapes of the log_line_prefix stand side by side: where the "
                    "first one's value ends cannot be told. " +
                        advice(),
                    start};
            }
            after_escape = true;
            ++prefix.escapes_;
        }
        prefix.elements_.push_back(std::move(element));
    }
    if (needs == Needs::time_and_session) {
        if (!prefix.has("mtn")) {
            return TextError{"this log_line_prefix has no time (%m). " + advice(), 0};
        }
        if (!prefix.has("pc")) {
            return TextError{
                "this log_line_prefix has neither process (%p) nor session (%c): "
                "lines cannot be told apart by session. " +
                    advice(),
                0};
        }
    }
    return prefix;
}

// From the percent sign at `at`, which moves behind it. The escape is '%' where the text ends
// first.
LinePrefix::Element LinePrefix::read_escape(std::string_view format, std::size_t& at) {
    Element element;
    ++at;
    element.left = at < format.size() && format[at] == '-';
    at += element.left ? 1 : 0;
    while (at < format.size() && is_digit(format[at]) && element.width < widest) {
        element.width = element.width * 10 + static_cast<std::size_t>(format[at++] - '0');
    }
    element.escape = at < format.size() ? format[at++] : '%';
    return element;
}

bool LinePrefix::has(std::string_view escapes) const {
    return std::any_of(elements_.begin(), elements_.end(), [&](const Element& element) {
        return element.escape != 0 && contains(escapes, element.escape);
    });
}

std::string LinePrefix::write(const LogEntry& entry, std::uint64_t number) const {
    std::string out;
    std::size_t session = std::string::npos;  // where its part begins
    bool any = false;
    for (const auto& element : elements_) {
        if (element.escape == 0) {
            out += element.text;
            continue;
        }
        if (element.escape == 'q') {
            session = session == std::string::npos ? out.size() : session;
            continue;
        }
        const std::string text = written(element.escape, entry, number, has("r"));
        const std::string pad(element.width - std::min(element.width, text.size()), ' ');
        out += element.left ? text + pad : pad + text;
        any |= session != std::string::npos && !text.empty();
    }
    if (session != std::string::npos && !any) {
        out.resize(session);
    }
    return out;
}

std::optional<std::size_t> LinePrefix::read(std::string_view line, LogEntry& entry,
                                            std::string& scratch) {
    line_ = line;
    steps_ = 0;
    written_ = started_ = {};
    values_.fill({});
    if (!match(0, 0)) {
        return std::nullopt;
    }
    fill(entry, scratch);
    return end_;
}

bool LinePrefix::ends_here(std::size_t at) {
    const LineTag tag = read_tag(line_.substr(at));
    // Where a name runs into the tag, only a word that we know can be told from the name.
    const bool sure = elements_.empty() || elements_.back().escape == 0 || is_known_tag(tag.word);
    end_ = at;
    return tag.length != 0 && sure;
}

bool LinePrefix::match(std::size_t element, std::size_t at) {
    if (++steps_ > most_steps) {
        return false;
    }
    if (element == elements_.size()) {
        return ends_here(at);
    }
    const Element& wanted = elements_[element];
    if (wanted.escape == 0) {
        return line_.substr(at).starts_with(wanted.text) &&
               match(element + 1, at + wanted.text.size());
    }
    if (wanted.escape == 'q') {
        if (!is_known_tag(read_tag(line_.substr(at)).word) && match(element + 1, at)) {
            return true;
        }
        // What the session's part of the prefix was tried with is no value.
        for (std::size_t i = element + 1; i < elements_.size(); ++i) {
            if (elements_[i].escape != 0) {
                values_[static_cast<unsigned char>(elements_[i].escape)] = {};
            }
        }
        return ends_here(at);
    }
    return match_field(element, at);
}

bool LinePrefix::match_field(std::size_t element, std::size_t at) {
    std::size_t next = element + 1;
    bool may_end = next == elements_.size();
    while (next < elements_.size() && elements_[next].escape == 'q') {
        may_end = true;
        ++next;
    }
    const std::size_t limit = std::min(line_.size(), at + longest_value + elements_[element].width);
    if (next < elements_.size()) {
        const std::string& stop = elements_[next].text;
        const std::string_view reach = line_.substr(0, std::min(line_.size(), limit + stop.size()));
        for (std::size_t to = reach.find(stop, at); to != std::string_view::npos;
             to = reach.find(stop, to + 1)) {
            if (++steps_ > most_steps) {
                return false;
            }
            if (take(element, at, to) && match(element + 1, to)) {
                return true;
            }
        }
    }
    for (std::size_t to = at; may_end && to < limit; ++to) {
        if (++steps_ > most_steps) {
            return false;
        }
        if (take(element, at, to) && ends_here(to)) {
            return true;
        }
    }
    return false;
}

bool LinePrefix::take(std::size_t element, std::size_t from, std::size_t to) {
    const Element& field = elements_[element];
    if (to - from < field.width) {
        return false;
    }
    std::string_view text = line_.substr(from, to - from);
    if (field.width != 0) {
        text = trimmed(text, field.left);
    }
    switch (field.escape) {
        case 't':
        case 'm':
            if ((stamp_length(text) == stamp_with_milliseconds) != (field.escape == 'm') ||
                !time_.read(text, written_) || written_.zone.find(' ') != std::string_view::npos) {
                return false;
            }
            break;
        case 's':
            if (!session_time_.read(text, started_) ||
                started_.zone.find(' ') != std::string_view::npos) {
                return false;
            }
            break;
        default:
            if (!plausible(field.escape, text)) {
                return false;
            }
    }
    values_[static_cast<unsigned char>(field.escape)] = text;
    return true;
}

// "10.0.0.7(51234)" is "10.0.0.7:51234" in the other formats.
void LinePrefix::fill(LogEntry& entry, std::string& scratch) const {
    const auto value = [this](char escape) { return values_[static_cast<unsigned char>(escape)]; };
    entry.time = written_;
    if (!written_.known) {
        read_epoch(value('n'), entry.time);
    }
    entry.session_start = started_;
    entry.session_id = value('c');
    std::int64_t start_s = 0;
    constexpr std::int64_t most_s = 253'402'300'799;  // the year 9999
    if (read_session_id(entry.session_id, start_s, entry.pid) && !started_.known && start_s >= 0 &&
        start_s <= most_s) {
        entry.session_start = {start_s * 1'000'000, {}, true};
    }
    if (!value('p').empty()) {
        read_number(value('p'), entry.pid);
    }
    entry.user = known_name(value('u'));
    entry.database = known_name(value('d'));
    entry.application = known_name(value('a'));
    entry.backend_type = value('b');
    entry.command_tag = value('i');
    entry.sqlstate = value('e');
    entry.virtual_transaction = value('v');
    if (!value('l').empty()) {
        read_number(value('l'), entry.session_line);
    }
    if (!value('x').empty()) {
        read_number(value('x'), entry.transaction_id);
    }
    if (!value('Q').empty()) {
        read_number(value('Q'), entry.query_id);
    }
    entry.remote = value('r').empty() ? known_name(value('h')) : known_name(value('r'));
    const std::size_t open = value('r').rfind('(');
    if (open != std::string_view::npos && value('r').ends_with(')')) {
        scratch.assign(value('r'));
        scratch[open] = ':';
        scratch.pop_back();
        entry.remote = scratch;
    }
}

}  // namespace workloads::logs
