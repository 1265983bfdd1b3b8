#include "workloads/synthesis/workload_file.hpp"

#include "workloads/letters.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>

namespace workloads::synthesis {
namespace {

constexpr std::size_t comment_columns = 98;

bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
}

std::string number_text(double value, int digits) {
    std::array<char, 32> buffer;
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                   std::chars_format::general, digits)
                         .ptr;
    return {buffer.data(), end};
}

// Without an exponent: a rate in a scenario has none. Never 0.
std::string rate_text(double value) {
    const double at_least = std::max(value, 0.001);
    std::array<char, 64> buffer;
    const int decimals = at_least >= 100 ? 0 : at_least >= 1 ? 2 : 4;
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), at_least,
                                   std::chars_format::fixed, decimals)
                         .ptr;
    return {buffer.data(), end};
}

std::string percent(double share) {
    std::array<char, 32> buffer;
    // Never 100.0 % of what is not all of it.
    const double shown = share < 1 ? std::min(share * 100, 99.9) : 100;
    std::snprintf(buffer.data(), buffer.size(), "%.1f %%", shown);
    return buffer.data();
}

std::string time_text(std::int64_t us) {
    using namespace std::chrono;
    const sys_seconds moment{seconds{us / 1'000'000}};
    const auto day = floor<days>(moment);
    const year_month_day date{day};
    const hh_mm_ss time{moment - day};
    std::array<char, 64> buffer;
    std::snprintf(buffer.data(), buffer.size(), "%04d-%02u-%02u %02ld:%02ld:%02ld UTC",
                  static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                  static_cast<unsigned>(date.day()), static_cast<long>(time.hours().count()),
                  static_cast<long>(time.minutes().count()),
                  static_cast<long>(time.seconds().count()));
    return buffer.data();
}

// Lines of at most `comment_columns`, each with `# ` and what stands before it. What a comment may
// not hold becomes a space.
std::string commented(std::string_view text, const std::string& indent) {
    std::string out, line;
    const auto flush = [&] {
        out += indent + (line.empty() ? "#" : "# " + line) + "\n";
        line.clear();
    };
    std::size_t at = 0;
    while (at <= text.size()) {
        const auto end = std::min(text.find('\n', at), text.size());
        const auto written = text.substr(at, end - at);
        // What is indented stays so where it is cut.
        const std::string deeper(std::min(written.find_first_not_of(' '), written.size()), ' ');
        std::size_t word = deeper.size();
        line = deeper;
        while (word < written.size()) {
            const auto stop = std::min(written.find(' ', word), written.size());
            std::string piece{written.substr(word, stop - word)};
            std::replace_if(piece.begin(), piece.end(), is_control, ' ');
            if (line.size() > deeper.size() &&
                indent.size() + 2 + line.size() + 1 + piece.size() > comment_columns) {
                flush();
                line = deeper;
            }
            line += (line.size() > deeper.size() ? " " : "") + piece;
            word = stop + 1;
        }
        if (line.find_first_not_of(' ') == std::string::npos) {
            line.clear();
        }
        flush();
        at = end + 1;
    }
    return out;
}

// A text over several lines, or on one.
std::string sql_text(const std::string& sql, const std::string& indent) {
    const bool as_block = sql.find('\n') != std::string::npos && sql.front() != ' ' &&
                          sql.front() != '\t' && std::none_of(sql.begin(), sql.end(), [](char c) {
                              return is_control(c) && c != '\n' && c != '\t';
                          });
    if (!as_block) {
        return yaml_text(sql) + "\n";
    }
    std::string out = "|-\n";
    std::size_t at = 0;
    while (at <= sql.size()) {
        const auto end = std::min(sql.find('\n', at), sql.size());
        const auto line = sql.substr(at, end - at);
        out += line.empty() ? "\n" : indent + line + "\n";
        at = end + 1;
    }
    return out;
}

std::string share_text(const Share& share, const Share& all) {
    const auto part = [](double some, double whole) { return whole > 0 ? some / whole : 0; };
    return percent(part(share.calls_per_s, all.calls_per_s)) + " of the calls, " +
           percent(part(share.ms_per_s, all.ms_per_s)) + " of the time";
}

std::string count_of(std::size_t n, const char* one, const char* many) {
    return std::to_string(n) + " " + (n == 1 ? one : many);
}

std::string operation_text(const SynthesizedOperation& operation,
                           const SynthesizedWorkload& workload) {
    std::string out = "    # " + share_text(operation.share, workload.all) + "; " +
                      number_text(operation.rows_per_call, 3) + " rows a call\n";
    out += "    - name: " + operation.name + "\n";
    out += "      weight: " + number_text(operation.share.calls_per_s, 5) + "\n";
    if (!operation.parameters.empty()) {
        out += "      params:\n";
    }
    for (const auto& parameter : operation.parameters) {
        if (!parameter.note.empty()) {
            out += commented(parameter.note, "        ");
        }
        out += "        " + parameter.name + ": " + yaml_text(parameter.function) + "\n";
    }
    return out + "      sql: " + sql_text(operation.sql, "        ");
}

std::string header(const SynthesizedWorkload& workload, const Provenance& provenance) {
    std::string text = "A workload synthesized by " + provenance.program +
                       " from pg_stat_statements of the database " + provenance.database + " (" +
                       provenance.server + ").\n\n" + coverage_text(workload, provenance) + "\n";
    text +=
        "Put it into a scenario and edit it as you like. What to know of it:\n"
        "- Each statement is an operation by itself. Which of them are one transaction is not "
        "known: put those under `transaction:` together.\n"
        "- Keys and other values are drawn from the target's own rows, each row as often as the "
        "others: that some are asked for more often than others is not known.\n";
    text += provenance.keep_values
                ? "- It holds values of the source's rows (--keep-values): its most common values "
                  "with their frequencies.\n"
                : "- It holds no value of the source's rows.\n";
    return text;
}

}  // namespace

std::string coverage_text(const SynthesizedWorkload& workload, const Provenance& provenance) {
    std::string text = provenance.since_reset ? "Counted since the last reset, "
                                              : "Counted between two readings, ";
    text += time_text(provenance.from_us) + " to " + time_text(provenance.to_us) + " (" +
            number_text(provenance.seconds, 6) + " s).\n";
    if (!(workload.all.calls_per_s > 0)) {
        text += "Nothing ran meanwhile that works on data.\n";
    }
    text += "Covered: " + count_of(workload.operations.size(), "statement", "statements") + ", " +
            percent(workload.coverage_of_calls()) + " of the calls and " +
            percent(workload.coverage_of_time()) + " of the time of all that work on data (" +
            number_text(workload.all.calls_per_s, 5) + " calls/s).\n";
    if (!workload.omissions.empty()) {
        text += "Not covered:\n";
    }
    for (const auto& omission : workload.omissions) {
        text += "- " + share_text(omission.share, workload.all) + ", " +
                count_of(omission.statements, "statement", "statements") + ": " + omission.reason +
                "\n";
    }
    const auto beside = [&](const Share& share, const char* what) {
        if (share.calls_per_s > 0) {
            text += "Beside them " + number_text(share.calls_per_s, 5) + " calls/s and " +
                    number_text(share.ms_per_s, 3) + " ms/s of " + what + "\n";
        }
    };
    beside(workload.session_control,
           "BEGIN, COMMIT, SET and the like, which do no work of their own on data.");
    beside(workload.nested, "statements that functions ran, which run inside their callers.");
    beside(workload.own, "questions that this program asked.");
    if (provenance.counts_nested_unseen) {
        text +=
            "pg_stat_statements.track is `all` there, and this version does not tell which "
            "statements functions ran: those are taken twice. Set it to `top`.\n";
    }
    if (provenance.evictions > 0) {
        text += "pg_stat_statements threw out rare statements " +
                std::to_string(provenance.evictions) +
                " times meanwhile: what they did is missing and in no share above. Raise "
                "pg_stat_statements.max.\n";
    }
    return text;
}

std::string workload_file(const SynthesizedWorkload& workload, const Provenance& provenance) {
    std::string out = commented(header(workload, provenance), "");
    for (const auto& omission : workload.omissions) {
        for (const auto& example : omission.examples) {
            out += commented("Not covered (" + omission.reason + "):", "");
            out += commented("  " + example, "");
        }
    }
    out += "workload:\n";
    out += commented("Twice as many as worked at one instant there (at most " +
                         number_text(provenance.active, 3) + " seen), scaled.",
                     "  ");
    out += "  connections: " + std::to_string(provenance.connections) + "\n";
    out += commented(number_text(workload.covered.calls_per_s, 6) + " calls/s there, times " +
                         number_text(provenance.scale, 6) + ".",
                     "  ");
    out += "  rate: " + rate_text(workload.rate_per_s) + "/s\n";
    if (!workload.search_path.empty()) {
        const auto set = yaml_text("SET search_path = " + workload.search_path);
        out += "  session:\n    old: " + set + "\n    new: " + set + "\n";
    }
    out += "  operations:\n";
    for (const auto& operation : workload.operations) {
        out += operation_text(operation, workload);
    }
    return out;
}

std::string yaml_text(std::string_view text) {
    const bool has_controls = std::any_of(text.begin(), text.end(), is_control);
    if (has_controls) {
        std::string out = "\"";
        for (const char c : text) {
            std::array<char, 8> escape{};
            if (is_control(c)) {
                std::snprintf(escape.data(), escape.size(), "\\x%02x",
                              static_cast<unsigned>(static_cast<unsigned char>(c)));
                out += escape.data();
            } else {
                out += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
            }
        }
        return out + "\"";
    }
    const bool plain = !text.empty() && is_name_start(text.front()) && text.back() != ' ' &&
                       text.back() != ':' && text.find(": ") == std::string_view::npos &&
                       text.find(" #") == std::string_view::npos;
    if (plain) {
        return std::string{text};
    }
    std::string out = "'";
    for (const char c : text) {
        out += c == '\'' ? "''" : std::string{c};
    }
    return out + "'";
}

}  // namespace workloads::synthesis
