#include "workloads/letters.hpp"
#include "workloads/pgbench/script.hpp"
#include "workloads/pgbench/sql_scanner.hpp"
#include "workloads/pgbench/variable_names.hpp"
#include "workloads/suggestion.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace workloads::pgbench {
namespace {

constexpr std::array<std::string_view, 13> command_names{
    "aset", "elif",     "else",  "endif", "endpipeline",   "gset",        "if",
    "set",  "setshell", "shell", "sleep", "startpipeline", "syncpipeline"};

// Line and column, for offsets that only grow.
class Cursor {
public:
    explicit Cursor(std::string_view text) : text_{text} {}
    void move(std::size_t offset, int& line, int& column) {
        for (; at_ < offset && at_ < text_.size(); ++at_) {
            if (text_[at_] == '\n') {
                ++line_;
                column_ = 1;
            } else if ((static_cast<unsigned char>(text_[at_]) & 0xc0U) != 0x80U) {
                ++column_;
            }
        }
        line = line_;
        column = column_;
    }

private:
    std::string_view text_;
    std::size_t at_ = 0;
    int line_ = 1, column_ = 1;
};

struct Word {
    std::string_view text;
    std::size_t offset = 0;
};

class Parser {
public:
    Parser(std::string_view text, const ScriptOptions& options)
        : text_{text}, options_{options}, names_{options}, cursor_{text} {
        script_.name = options.name;
        script_.writes_text = options.writes_text;
    }

    std::variant<Script, ScriptErrors> parse() {
        std::size_t at = 0;
        while (!full_) {
            const ScannedStatement scanned = scan_statement(text_, at);
            if (scanned.error) {
                errors_.push_back(*scanned.error);
                break;  // what is text and what is quoted from here on, nobody knows
            }
            if (!scanned.blank()) {
                add_statement(scanned);
            }
            if (scanned.end == ScannedStatement::End::text) {
                break;
            }
            at = scanned.end == ScannedStatement::End::backslash ? read_command(scanned.next)
                                                                 : scanned.next;
        }
        finish();
        if (!errors_.empty()) {
            std::stable_sort(errors_.begin(), errors_.end(),
                             [](const auto& a, const auto& b) { return a.offset < b.offset; });
            return std::move(errors_);
        }
        return std::move(script_);
    }

private:
    struct Condition {
        std::size_t offset = 0;
        std::optional<std::size_t> branch;  // that goes to the next \elif, \else or \endif
        std::vector<std::size_t> jumps;     // to the \endif
        bool has_else = false;
    };

    void complain(std::size_t offset, std::string message) {
        errors_.push_back({std::move(message), offset});
    }

    Command& add(Command::Kind kind, std::size_t offset) {
        Command command;
        command.kind = kind;
        cursor_.move(offset, command.line, command.column);
        script_.commands.push_back(std::move(command));
        if (script_.commands.size() > most_commands && !full_) {
            full_ = true;
            complain(offset, "the script has more than " + std::to_string(most_commands) +
                                 " commands; split it into several scripts");
        }
        return script_.commands.back();
    }

    void add_statement(const ScannedStatement& scanned) {
        SqlCommand sql;
        sql.offset = scanned.offset;
        sql.combined = scanned.combined;
        sql.conditional = !conditions_.empty();
        sql.pieces.push_back(scanned.pieces[0]);
        for (std::size_t i = 0; i < scanned.mentions.size(); ++i) {
            if (options_.writes_text) {
                mention_in_text(sql, scanned.mentions[i]);
            } else {
                mention_as_parameter(sql, scanned.mentions[i]);
            }
            sql.pieces.back() += scanned.pieces[i + 1];
        }
        if (!options_.writes_text && sql.combined) {
            complain(sql.offset,
                     "statements joined with \\; are sent as one text, which only the simple "
                     "protocol can do: write `protocol: simple`, or end each with a ;");
        }
        if (!options_.writes_text && sql.variables.size() > most_statement_variables) {
            complain(sql.offset, "a statement takes at most " +
                                     std::to_string(most_statement_variables) + " variables");
        }
        Command& command = add(Command::Kind::sql, scanned.offset);
        command.target = static_cast<std::uint32_t>(script_.statements.size());
        sql.line = command.line;
        sql.column = command.column;
        script_.statements.push_back(std::move(sql));
        keeper_ = script_.commands.size();
    }

    void mention_as_parameter(SqlCommand& sql, const Mention& mention) {
        if (mention.where != Mention::Where::apart && mention.where != Mention::Where::glued) {
            complain(mention.offset,
                     ":" + mention.name +
                         " stands inside a literal, a quoted name or a comment, where no parameter "
                         "can stand: write `protocol: simple`, which writes values into the text");
        } else if (!names_.can_have_value(mention.name)) {
            complain(mention.offset, undefined(mention.name));
        }
        refer(sql, mention);
    }

    void refer(SqlCommand& sql, const Mention& mention) {
        const auto id = names_.id_of(mention.name);
        if (!id) {
            too_many_variables(mention.offset);
            return;
        }
        sql.variables.push_back(*id);
        sql.pieces.emplace_back();
    }

    void mention_in_text(SqlCommand& sql, const Mention& mention) {
        const auto& name = mention.name;
        if (!names_.can_have_value(name)) {
            sql.pieces.back() += ":" + name;
            return;
        }
        if (names_.is_constant(name)) {
            sql.pieces.back() += options_.variables.at(name);
            return;
        }
        if (!names_.is_plain(name)) {
            sql.unreadable = ":" + name + " holds text of the database, which becomes part of it";
        } else if (mention.where == Mention::Where::glued ||
                   mention.where == Mention::Where::quoted_name) {
            sql.unreadable = ":" + name + " becomes a part of a name in it";
        }
        refer(sql, mention);
    }

    [[nodiscard]] std::string undefined(std::string_view name) const {
        return "undefined variable :" + std::string{name} + names_.suggestion(name);
    }

    void too_many_variables(std::size_t offset) {
        complain(offset, "a script names at most " + std::to_string(most_variables) + " variables");
        full_ = true;
    }

    // Up to the end of the line, over the lines that a backslash joins to it.
    [[nodiscard]] std::size_t end_of_command(std::size_t from) const {
        for (std::size_t end = from;;) {
            end = text_.find('\n', end);
            if (end == std::string_view::npos) {
                return text_.size();
            }
            const std::size_t last = end > from && text_[end - 1] == '\r' ? end - 1 : end;
            if (last == from || text_[last - 1] != '\\') {
                return end;
            }
            ++end;
        }
    }

    [[nodiscard]] Word word_at(std::size_t from, std::size_t end) const {
        const auto joins = [&](std::size_t at) {
            return text_.substr(at, 2) == "\\\n" || text_.substr(at, 3) == "\\\r\n";
        };
        while (from < end && (is_space(text_[from]) || joins(from))) {
            ++from;
        }
        std::size_t to = from;
        while (to < end && !is_space(text_[to]) && !joins(to)) {
            ++to;
        }
        return {text_.substr(from, to - from), from};
    }

    [[nodiscard]] std::vector<Word> words(std::size_t from, std::size_t end) const {
        std::vector<Word> all;
        for (Word word = word_at(from, end); !word.text.empty(); word = word_at(from, end)) {
            all.push_back(word);
            from = word.offset + word.text.size();
        }
        return all;
    }

    // Returns where the text goes on.
    std::size_t read_command(std::size_t from) {
        const std::size_t end = end_of_command(from);
        const Word name = word_at(from, end);
        std::string lower{name.text};
        for (char& c : lower) {
            c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        }
        const std::size_t rest = name.offset + name.text.size();
        const std::size_t backslash = from - 1;
        if (lower == "set") {
            read_set(backslash, rest, end);
        } else if (lower == "if" || lower == "elif" || lower == "else" || lower == "endif") {
            read_condition(lower, backslash, rest, end);
        } else if (lower == "gset" || lower == "aset") {
            read_keep(lower, backslash, words(rest, end));
        } else if (lower == "sleep") {
            read_sleep(backslash, words(rest, end));
        } else if (lower == "startpipeline" || lower == "syncpipeline" || lower == "endpipeline") {
            read_pipeline(lower, backslash, words(rest, end));
        } else if (lower == "shell" || lower == "setshell") {
            complain(backslash, "\\" + lower +
                                    " runs a program on this machine; a rehearsal sends SQL only: "
                                    "remove it, or set the variable with \\set or \\gset");
        } else {
            complain(backslash, "there is no command \\" + std::string{name.text.substr(0, 40)} +
                                    did_you_mean(lower, command_names));
        }
        return std::min(end + 1, text_.size());
    }

    Expression read_expression(std::size_t from, std::size_t end) {
        const auto find = [&](std::string_view name, std::size_t offset) {
            if (!names_.can_have_value(name)) {
                complain(offset, undefined(name));
            }
            return names_.id_of(name);
        };
        auto parsed = parse_expression({text_, from, end}, find);
        if (auto* expression = std::get_if<Expression>(&parsed)) {
            return std::move(*expression);
        }
        for (auto& error : std::get<std::vector<TextError>>(parsed)) {
            errors_.push_back(std::move(error));
        }
        return {};
    }

    void read_set(std::size_t backslash, std::size_t from, std::size_t end) {
        const Word name = word_at(from, end);
        if (name.text.empty()) {
            return complain(backslash, "\\set needs a variable and an expression");
        }
        auto expression = read_expression(name.offset + name.text.size(), end);
        if (!is_variable_name(name.text)) {
            return complain(name.offset,
                            "'" + std::string{name.text.substr(0, 40)} +
                                "' cannot be a variable's name: letters, digits and _, not "
                                "beginning with a digit");
        }
        const auto id = names_.id_of(name.text);
        if (!id) {
            return too_many_variables(name.offset);
        }
        names_.set(name.text);
        Command& command = add(Command::Kind::set, backslash);
        command.variable = *id;
        command.expression = std::move(expression);
    }

    void no_arguments(const std::string& name, std::size_t from, std::size_t end) {
        if (const Word word = word_at(from, end); !word.text.empty()) {
            complain(word.offset, "\\" + name + " takes no argument");
        }
    }

    void land(std::optional<std::size_t>& branch) {
        if (branch) {
            script_.commands[*branch].target = static_cast<std::uint32_t>(script_.commands.size());
            branch.reset();
        }
    }

    void read_condition(const std::string& name, std::size_t backslash, std::size_t from,
                        std::size_t end) {
        keeper_ = 0;
        if (name == "if") {
            if (conditions_.size() >= most_nested_conditions) {
                complain(backslash, "\\if is nested more than " +
                                        std::to_string(most_nested_conditions) + " deep");
                full_ = true;
                return;
            }
            auto expression = read_expression(from, end);
            conditions_.emplace_back().offset = backslash;
            branch(backslash, std::move(expression));
            return;
        }
        if (name == "elif" && conditions_.empty()) {
            static_cast<void>(read_expression(from, end));
        } else if (name != "elif") {
            no_arguments(name, from, end);
        }
        if (conditions_.empty()) {
            return complain(backslash, "\\" + name + " without an \\if before it");
        }
        Condition& condition = conditions_.back();
        if (name == "endif") {
            land(condition.branch);
            for (const std::size_t jump : condition.jumps) {
                script_.commands[jump].target = static_cast<std::uint32_t>(script_.commands.size());
            }
            conditions_.pop_back();
            return;
        }
        if (condition.has_else) {
            complain(backslash, "\\" + name + " after the \\else of its \\if");
        }
        condition.jumps.push_back(script_.commands.size());
        add(Command::Kind::jump, backslash);
        land(condition.branch);
        if (name == "elif") {
            branch(backslash, read_expression(from, end));
        } else {
            condition.has_else = true;
        }
    }

    void branch(std::size_t backslash, Expression expression) {
        conditions_.back().branch = script_.commands.size();
        add(Command::Kind::branch, backslash).expression = std::move(expression);
    }

    void read_keep(const std::string& name, std::size_t backslash,
                   const std::vector<Word>& arguments) {
        if (arguments.size() > 1) {
            return complain(arguments[1].offset, "\\" + name + " takes one prefix at most");
        }
        std::string prefix{arguments.empty() ? std::string_view{} : arguments[0].text};
        if (!prefix.empty() && !is_variable_name(prefix)) {
            return complain(arguments[0].offset,
                            "'" + prefix.substr(0, 40) +
                                "' cannot begin a variable's name: letters, digits and _, not "
                                "beginning with a digit");
        }
        names_.captured(prefix);
        if (keeper_ == 0 || keeper_ != script_.commands.size() ||
            script_.statements.back().keeps != SqlCommand::Keeps::nothing) {
            return complain(backslash, "\\" + name + " must follow a statement");
        }
        script_.statements.back().keeps =
            name == "gset" ? SqlCommand::Keeps::gset : SqlCommand::Keeps::aset;
        script_.statements.back().prefix = std::move(prefix);
    }

    void read_sleep(std::size_t backslash, const std::vector<Word>& arguments) {
        if (arguments.empty()) {
            return complain(backslash, "\\sleep needs a length: \\sleep 10 ms");
        }
        if (arguments.size() > 2) {
            return complain(arguments[2].offset, "\\sleep takes a number and a unit");
        }
        const Word& length = arguments[0];
        Command made;
        Word unit = arguments.size() == 2 ? arguments[1] : Word{"s", length.offset};
        if (length.text[0] == ':') {
            const auto name = length.text.substr(1);
            if (!is_variable_name(name) || !names_.can_have_value(name)) {
                return complain(length.offset, undefined(name));
            }
            const auto id = names_.id_of(name);
            if (!id) {
                return too_many_variables(length.offset);
            }
            made.from_variable = true;
            made.variable = *id;
        } else if (!read_length(length, unit, made.sleep_us)) {
            return;
        }
        if (!read_unit(unit, made.unit_us)) {
            return;
        }
        if (__builtin_mul_overflow(made.sleep_us, made.unit_us, &made.sleep_us) ||
            made.sleep_us > longest_sleep_us) {
            return complain(length.offset, "\\sleep for more than an hour");
        }
        Command& command = add(Command::Kind::sleep, backslash);
        command.from_variable = made.from_variable;
        command.variable = made.variable;
        command.sleep_us = made.sleep_us;
        command.unit_us = made.unit_us;
    }

    // 10ms is 10 ms.
    bool read_length(const Word& length, Word& unit, std::int64_t& number) {
        const char* const end = length.text.data() + length.text.size();
        const auto [rest, error] = std::from_chars(length.text.data(), end, number);
        const auto digits = static_cast<std::size_t>(rest - length.text.data());
        if (error != std::errc{} || number < 0) {
            complain(length.offset, "\\sleep needs a whole number or a :variable");
            return false;
        }
        if (rest != end) {
            if (unit.offset != length.offset) {
                complain(unit.offset, "\\sleep has two units");
                return false;
            }
            unit = {length.text.substr(digits), length.offset + digits};
        }
        return true;
    }

    bool read_unit(const Word& unit, std::int64_t& us) {
        std::string lower{unit.text};
        for (char& c : lower) {
            c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        }
        us = lower == "us" ? 1 : lower == "ms" ? 1'000 : lower == "s" ? 1'000'000 : 0;
        if (us == 0) {
            complain(unit.offset,
                     "unknown unit of time '" + lower.substr(0, 40) + "': must be us, ms or s");
        }
        return us != 0;
    }

    void read_pipeline(const std::string& name, std::size_t backslash,
                       const std::vector<Word>& arguments) {
        if (!arguments.empty()) {
            complain(arguments[0].offset, "\\" + name + " takes no argument");
        }
        if (options_.writes_text) {
            complain(backslash, "\\" + name +
                                    " needs `protocol: extended` or `protocol: prepared`: the "
                                    "simple protocol has no pipelines");
        }
        add(name == "startpipeline"  ? Command::Kind::start_pipeline
            : name == "syncpipeline" ? Command::Kind::sync_pipeline
                                     : Command::Kind::end_pipeline,
            backslash);
    }

    void finish() {
        for (const auto& condition : conditions_) {
            complain(condition.offset, "this \\if has no \\endif");
        }
        if (script_.commands.empty() && errors_.empty()) {
            complain(0, "the script is empty");
        }
        names_.fill(script_);
    }

    static constexpr std::int64_t longest_sleep_us = 3'600'000'000;

    std::string_view text_;
    const ScriptOptions& options_;
    VariableNames names_;
    Cursor cursor_;
    Script script_;
    ScriptErrors errors_;
    std::vector<Condition> conditions_;
    std::size_t keeper_ = 0;  // as many commands as there are when a \gset may follow
    bool full_ = false;       // reading on makes no sense
};

}  // namespace

std::variant<Script, ScriptErrors> parse_script(std::string_view text,
                                                const ScriptOptions& options) {
    return Parser{text, options}.parse();
}

}  // namespace workloads::pgbench
