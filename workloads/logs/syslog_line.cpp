#include "workloads/logs/syslog_line.hpp"

#include "workloads/letters.hpp"
#include "workloads/logs/log_time.hpp"

#include <algorithm>
#include <cstddef>

namespace workloads::logs {
namespace {

constexpr std::size_t longest_name = 64;

bool take_digits(std::string_view& text, std::uint64_t& number) {
    const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
    const auto length = static_cast<std::size_t>(end - text.begin());
    if (!read_number(text.substr(0, length), number)) {
        return false;
    }
    text.remove_prefix(length);
    return true;
}

// "Nov 21 10:00:00 " or "Nov  1 10:00:00 ".
bool take_short_time(std::string_view& text) {
    constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    constexpr std::string_view shape = "aaa d0 00:00:00 ";
    const std::size_t month = months.find(text.substr(0, 3));
    if (text.size() < shape.size() || month == std::string_view::npos || month % 3 != 0) {
        return false;
    }
    for (std::size_t i = 3; i < shape.size(); ++i) {
        const char c = text[i];
        const bool fits = shape[i] == '0'   ? is_digit(c)
                          : shape[i] == 'd' ? is_digit(c) || c == ' '
                                            : c == shape[i];
        if (!fits) {
            return false;
        }
    }
    text.remove_prefix(shape.size());
    return true;
}

// "2024-11-21T10:00:00.123456+01:00 ", with Z for the zone, or without the fraction.
bool take_long_time(std::string_view& text, LogTime& time) {
    std::string stamp{text.substr(0, std::min(text.find(' '), std::size_t{40}))};
    if (stamp.size() < 20 || stamp[10] != 'T' || text.size() == stamp.size()) {
        return false;
    }
    stamp[10] = ' ';
    const std::size_t length = stamp_length(stamp);
    if (length == 0 || length >= stamp.size()) {
        return false;
    }
    const std::string_view zone = text.substr(length, stamp.size() - length);
    if (zone != "Z" && !(zone.size() == 6 && (zone[0] == '+' || zone[0] == '-'))) {
        return false;
    }
    TimeReader reader;
    if (!reader.read(stamp.substr(0, length) + " x", time)) {
        return false;
    }
    time.zone = zone;
    text.remove_prefix(stamp.size());
    return take(text, " ");
}

}  // namespace

std::optional<SyslogLine> read_syslog_line(std::string_view line) {
    SyslogLine read;
    std::uint64_t priority = 0;
    if (take(line, "<")) {
        if (!take_digits(line, priority) || !take(line, ">")) {
            return std::nullopt;
        }
        take(line, "1 ");
    }
    if (!take_short_time(line) && !take_long_time(line, read.time)) {
        return std::nullopt;
    }
    const std::size_t host_end = line.substr(0, 256).find(' ');
    if (host_end == std::string_view::npos || host_end == 0) {
        return std::nullopt;
    }
    line.remove_prefix(host_end + 1);
    const std::size_t open = line.substr(0, longest_name).find('[');
    std::uint64_t pid = 0;
    if (!line.starts_with("postgres") || open == std::string_view::npos ||
        line.substr(0, open).find(' ') != std::string_view::npos) {
        return std::nullopt;
    }
    line.remove_prefix(open + 1);
    if (!take_digits(line, pid) || !take(line, "]: ") || pid > 0x7FFFFFFF) {
        return std::nullopt;
    }
    read.pid = static_cast<std::int64_t>(pid);
    std::string_view rest = line;
    if (take(rest, "[") && take_digits(rest, read.message) && take(rest, "-") &&
        take_digits(rest, read.piece) && take(rest, "] ")) {
        line = rest;
    } else {
        read.message = read.piece = 0;
    }
    read.text = line;
    return read;
}

void append_control_characters(std::string& out, std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t hash = std::min(text.find('#', at), text.size());
        out += text.substr(at, hash - at);
        if (hash == text.size()) {
            return;
        }
        const std::string_view code = text.substr(hash + 1, 3);
        const bool octal =
            code.size() == 3 && (code == "177" || code[0] == '0') &&
            std::all_of(code.begin(), code.end(), [](char c) { return c >= '0' && c <= '7'; });
        const int value = octal ? (code[0] - '0') * 64 + (code[1] - '0') * 8 + (code[2] - '0') : 99;
        if (octal && (value < 32 || value == 127)) {
            out += static_cast<char>(value);
            at = hash + 4;
        } else {
            out += '#';
            at = hash + 1;
        }
    }
}

}  // namespace workloads::logs
