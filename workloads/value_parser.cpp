// From a scenario's text to a Generator: the one table of parameter functions and their checks.
#include "workloads/call_text.hpp"
#include "workloads/distributions.hpp"
#include "workloads/letters.hpp"
#include "workloads/suggestion.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

namespace workloads {
namespace {

using Function = Generator::Function;
using Made = std::variant<Function, TextError>;

// What a generator holds at most in one value; PostgreSQL itself stops at 1 GB.
constexpr std::int64_t longest_text_bytes = 10'000'000;
// pgbench's MIN_GAUSSIAN_PARAM: below it the cut tails make rejection slow.
constexpr double least_gaussian_parameter = 2.0;
// A query's columns: what PostgreSQL returns at most.
constexpr std::int64_t most_sample_columns = 1'664;

// A number that means the same with and without quotes around it: no leading zeros (007 is a text),
// no leading sign but '-', no leading point.
bool is_plain_number(std::string_view text) {
    std::size_t at = 0;
    const auto digits = [&] {
        const std::size_t start = at;
        while (at < text.size() && is_digit(text[at])) {
            ++at;
        }
        return at - start;
    };
    if (!text.empty() && text[0] == '-') {
        ++at;
    }
    const std::size_t first = at;
    const std::size_t whole = digits();
    if (whole == 0 || (whole > 1 && text[first] == '0')) {
        return false;
    }
    if (at < text.size() && text[at] == '.') {
        ++at;
        if (digits() == 0) {
            return false;
        }
    }
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        if (at < text.size() && (text[at] == '+' || text[at] == '-')) {
            ++at;
        }
        if (digits() == 0) {
            return false;
        }
    }
    return at == text.size();
}

bool is_whole_number(std::string_view text) {
    return is_plain_number(text) && text.find_first_of(".eE") == std::string_view::npos;
}

// Reads one call's arguments by position; the first complaint is kept.
class Arguments {
public:
    explicit Arguments(const Call& call) : call_{call} {}

    std::int64_t whole(std::size_t index, std::string_view name) {
        const Argument& argument = call_.arguments[index];
        std::int64_t value = 0;
        if (argument.quoted || !is_whole_number(argument.text)) {
            complain(argument, std::string{name} + " must be a whole number such as 100, not " +
                                   shown(argument));
        } else if (!read(argument, value)) {
            complain(argument, std::string{name} + " = " + argument.text +
                                   " does not fit in 64 bits (-9223372036854775808 to "
                                   "9223372036854775807)");
        }
        return value;
    }

    double real(std::size_t index, std::string_view name) {
        const Argument& argument = call_.arguments[index];
        double value = 0;
        if (argument.quoted || !is_plain_number(argument.text)) {
            complain(argument,
                     std::string{name} + " must be a number such as 1.5, not " + shown(argument));
        } else if (!read(argument, value) || !std::isfinite(value)) {
            complain(argument,
                     std::string{name} + " = " + argument.text + " is out of a double's range");
        }
        return value;
    }

    void require(bool holds, std::size_t index, std::string message) {
        if (!error_ && !holds) {
            complain(call_.arguments[index], std::move(message));
        }
    }

    void require_order(std::size_t low, bool holds) {
        require(holds, low,
                call_.name + "(lo, hi, ...): lo = " + call_.arguments[low].text +
                    " is greater than hi = " + call_.arguments[low + 1].text);
    }

    // zipfian, gaussian and exponential compute in doubles.
    void require_double_range(std::int64_t low, std::int64_t high) {
        require_order(0, low <= high);
        require(span_of(low, high) < widest_double_range, 0,
                call_.name +
                    "() reaches at most 2^53 = 9007199254740992 different values; the "
                    "range from lo to hi holds more");
    }

    Made result(Function function) {
        return error_ ? Made{*std::move(error_)} : Made{std::move(function)};
    }

private:
    template <typename Number>
    static bool read(const Argument& argument, Number& value) {
        const char* end = argument.text.data() + argument.text.size();
        const auto [stop, failure] = std::from_chars(argument.text.data(), end, value);
        return failure == std::errc{} && stop == end;
    }
    static std::string shown(const Argument& argument) {
        return argument.quoted ? "the quoted text '" + argument.text + "'" : argument.text;
    }
    void complain(const Argument& argument, std::string message) {
        if (!error_) {
            error_ = TextError{std::move(message), argument.offset};
        }
    }

    const Call& call_;
    std::optional<TextError> error_;
};

std::string null_message() {
    return "NULL is no value of a parameter: write NULL in the SQL itself, or 'NULL' in quotes for "
           "the text";
}

bool is_null_word(const Argument& argument) {
    return !argument.quoted && argument.text.size() == 4 &&
           std::equal(argument.text.begin(), argument.text.end(), "NULL",
                      [](char c, char upper) { return c == upper || c == upper - 'A' + 'a'; });
}

Made make_uniform(const Call& call) {
    Arguments arguments{call};
    const bool whole =
        std::all_of(call.arguments.begin(), call.arguments.end(),
                    [](const Argument& argument) { return is_whole_number(argument.text); });
    if (whole) {
        const std::int64_t low = arguments.whole(0, "lo"), high = arguments.whole(1, "hi");
        arguments.require_order(0, low <= high);
        return arguments.result(Generator::Uniform{low, high});
    }
    const double low = arguments.real(0, "lo"), high = arguments.real(1, "hi");
    arguments.require_order(0, low <= high);
    arguments.require(std::isfinite(high - low), 0, "hi - lo is out of a double's range");
    return arguments.result(Generator::UniformReal{low, high});
}

Made make_zipfian_function(const Call& call) {
    Arguments arguments{call};
    const std::int64_t low = arguments.whole(0, "lo"), high = arguments.whole(1, "hi");
    const double exponent = arguments.real(2, "the exponent s");
    arguments.require_double_range(low, high);
    arguments.require(exponent >= 0, 2, "the exponent s must be at least 0 (0 is uniform)");
    // The table of constants is only defined for arguments that passed.
    Made checked = arguments.result(Generator::Zipfian{low, high, exponent, 0, 0, 0});
    return std::holds_alternative<Function>(checked)
               ? Made{Function{make_zipfian(low, high, exponent)}}
               : checked;
}

Made make_gaussian(const Call& call) {
    Arguments arguments{call};
    const std::int64_t low = arguments.whole(0, "lo"), high = arguments.whole(1, "hi");
    const double parameter = arguments.real(2, "the parameter p");
    arguments.require_double_range(low, high);
    arguments.require(
        parameter >= least_gaussian_parameter, 2,
        "gaussian's parameter p must be at least 2.0, as in pgbench: the curve is cut "
        "at p standard deviations");
    return arguments.result(Generator::Gaussian{low, high, parameter});
}

Made make_exponential(const Call& call) {
    Arguments arguments{call};
    const std::int64_t low = arguments.whole(0, "lo"), high = arguments.whole(1, "hi");
    const double parameter = arguments.real(2, "the parameter p");
    arguments.require_double_range(low, high);
    arguments.require(parameter > 0, 2, "exponential's parameter p must be greater than 0");
    return arguments.result(Generator::Exponential{low, high, parameter});
}

// A query for the target; quotes show that it is none of ours.
std::optional<TextError> complaint_of_query(const Argument& query, std::string_view usage) {
    if (!query.quoted) {
        return TextError{"the query must stand in quotes: " + std::string{usage}, query.offset};
    }
    if (std::all_of(query.text.begin(), query.text.end(), is_space)) {
        return TextError{"the query is empty", query.offset};
    }
    return std::nullopt;
}

Made make_sequence(const Call& call) {
    if (const Argument& query = call.arguments[0]; query.quoted && !is_plain_number(query.text)) {
        if (auto complaint = complaint_of_query(query, "")) {
            return *std::move(complaint);
        }
        return Function{Generator::Sequence{0, query.text, false}};
    }
    Arguments arguments{call};
    const std::int64_t start = arguments.whole(0, "start");
    arguments.require(start <= latest_sequence_start, 0,
                      "start = " + call.arguments[0].text +
                          " leaves the sequence no room to count up within 64 bits");
    return arguments.result(Generator::Sequence{start});
}

Made make_choice(const Call& call) {
    Generator::Choice choice{{}, true};
    for (const Argument& argument : call.arguments) {
        if (is_null_word(argument)) {
            return TextError{null_message(), argument.offset};
        }
        choice.all_numeric =
            choice.all_numeric && !argument.quoted && is_plain_number(argument.text);
        choice.values.push_back(argument.text);
    }
    return Function{std::move(choice)};
}

// A quoted value that reads as a call is one; with quotes of its own inside it is a text again.
std::variant<Generator, TextError> weighted_value(const Argument& argument) {
    if (is_null_word(argument)) {
        return Generator{Generator::Null{}};
    }
    const auto read = argument.quoted ? read_call(argument.text)
                                      : std::variant<Call, Argument, TextError>{argument};
    const auto* inner = std::get_if<Argument>(&read);
    if (!argument.quoted || (inner != nullptr && !inner->quoted) || argument.text.empty()) {
        return Generator{
            Generator::Literal{argument.text, !argument.quoted && is_plain_number(argument.text)}};
    }
    if (inner != nullptr) {
        return Generator{Generator::Literal{inner->text, false}};
    }
    if (const auto* call = std::get_if<Call>(&read); call != nullptr && call->name == "weighted") {
        return TextError{"weighted() cannot stand in weighted(): multiply the weights",
                         argument.offset};
    }
    auto parsed = Generator::parse(argument.text);
    if (auto* error = std::get_if<TextError>(&parsed)) {
        return TextError{std::move(error->message), argument.offset};
    }
    return parsed;
}

Made make_weighted(const Call& call) {
    if (call.arguments.size() % 2 != 0) {
        return TextError{
            "weighted(w1, v1, w2, v2, ...) takes pairs of a weight and a value; the "
            "last weight has no value",
            call.offset};
    }
    Arguments arguments{call};
    Generator::Weighted made;
    double sum = 0;
    for (std::size_t i = 0; i < call.arguments.size(); i += 2) {
        const double weight = arguments.real(i, "a weight");
        arguments.require(weight > 0 && weight <= 1e9, i,
                          "a weight must be greater than 0 and at most 1e9");
        sum += weight;
        made.up_to.push_back(sum);
        auto value = weighted_value(call.arguments[i + 1]);
        if (auto* error = std::get_if<TextError>(&value)) {
            return *std::move(error);
        }
        made.values.push_back(std::get<Generator>(std::move(value)));
    }
    return arguments.result(std::move(made));
}

Made make_text(const Call& call) {
    Arguments arguments{call};
    const std::int64_t length = arguments.whole(0, "n");
    arguments.require(length >= 0, 0, "n, the number of characters, must not be negative");
    arguments.require(
        length <= longest_text_bytes, 0,
        "text(" + call.arguments[0].text + ") is too long: at most 10000000 characters (10 MB)");
    return arguments.result(Generator::Text{length});
}

Made make_uuid(const Call&) {
    return Function{Generator::Uuid{}};
}
Made make_now(const Call&) {
    return Function{Generator::Now{}};
}

Made make_sample(const Call& call) {
    const Argument& query = call.arguments[0];
    if (auto complaint = complaint_of_query(query, "sample(\"SELECT id FROM ...\")")) {
        return *std::move(complaint);
    }
    Arguments arguments{call};
    std::int64_t column = 0;
    if (call.arguments.size() > 1) {
        column = arguments.whole(1, "the column");
        arguments.require(column >= 1 && column <= most_sample_columns, 1,
                          "the column is counted from 1 to " + std::to_string(most_sample_columns));
    }
    return arguments.result(
        Generator::SampleOf{query.text, nullptr, static_cast<std::size_t>(column)});
}

struct FunctionRow {
    std::string_view name;
    std::string_view usage;
    std::size_t fewest, most;
    Made (*make)(const Call&);
};

constexpr std::size_t any_number = std::numeric_limits<std::size_t>::max();

// Every parameter function there is.
constexpr FunctionRow functions[] = {
    {"uniform", "uniform(lo, hi)", 2, 2, make_uniform},
    {"zipfian", "zipfian(lo, hi, s)", 3, 3, make_zipfian_function},
    {"gaussian", "gaussian(lo, hi, p)", 3, 3, make_gaussian},
    {"exponential", "exponential(lo, hi, p)", 3, 3, make_exponential},
    {"sequence", "sequence(start)", 1, 1, make_sequence},
    {"choice", "choice(a, b, ...)", 1, any_number, make_choice},
    {"weighted", "weighted(w1, v1, w2, v2, ...)", 2, any_number, make_weighted},
    {"text", "text(n)", 1, 1, make_text},
    {"uuid", "uuid()", 0, 0, make_uuid},
    {"now", "now()", 0, 0, make_now},
    {"sample", "sample(\"SELECT ...\")", 1, 2, make_sample},
};

const FunctionRow* find_function(std::string_view name) {
    const auto* row = std::find_if(std::begin(functions), std::end(functions),
                                   [&](const FunctionRow& known) { return known.name == name; });
    return row == std::end(functions) ? nullptr : row;
}

TextError unknown_function(const Call& call) {
    std::vector<std::string_view> names;
    std::string all;
    for (const FunctionRow& row : functions) {
        names.push_back(row.name);
        all += all.empty() ? "" : ", ";
        all += row.usage;
    }
    return {"there is no parameter function " + call.name + "()" + did_you_mean(call.name, names) +
                " (known: " + all + "; a text that only looks like a call goes in quotes)",
            call.offset};
}

Made make_call(const Call& call) {
    const FunctionRow* row = find_function(call.name);
    if (row == nullptr) {
        return unknown_function(call);
    }
    const std::size_t given = call.arguments.size();
    if (given < row->fewest || given > row->most) {
        const std::string takes =
            row->most == any_number ? "at least " + std::to_string(row->fewest)
            : row->most > row->fewest
                ? std::to_string(row->fewest) + " or " + std::to_string(row->most)
                : std::to_string(row->fewest);
        return TextError{std::string{row->usage} + " takes " + takes +
                             (row->fewest == 1 && row->most != 2 ? " argument" : " arguments") +
                             ", not " + std::to_string(given),
                         call.offset};
    }
    return row->make(call);
}

Made make_literal(const Argument& literal) {
    if (is_null_word(literal)) {
        return TextError{null_message(), literal.offset};
    }
    if (const FunctionRow* row = find_function(literal.text); row != nullptr && !literal.quoted) {
        return TextError{literal.text + " is a function: write " + std::string{row->usage} +
                             ", or '" + literal.text + "' in quotes for the text",
                         literal.offset};
    }
    return Function{
        Generator::Literal{literal.text, !literal.quoted && is_plain_number(literal.text)}};
}

}  // namespace

std::variant<Generator, TextError> Generator::parse(std::string_view text) {
    auto read = read_call(text);
    if (auto* error = std::get_if<TextError>(&read)) {
        return std::move(*error);
    }
    const Call* call = std::get_if<Call>(&read);
    Made made = call != nullptr ? make_call(*call) : make_literal(std::get<Argument>(read));
    if (auto* error = std::get_if<TextError>(&made)) {
        return std::move(*error);
    }
    return Generator{std::get<Function>(std::move(made))};
}

}  // namespace workloads
