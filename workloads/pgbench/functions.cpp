#include "workloads/pgbench/functions.hpp"

#include "workloads/distributions.hpp"
#include "workloads/pgbench/hashes.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace workloads::pgbench {
namespace {

constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();

constexpr NamedFunction named[]{
    {"abs", Function::abs, 1, 1},
    {"debug", Function::debug, 1, 1},
    {"double", Function::to_double, 1, 1},
    {"exp", Function::exp, 1, 1},
    {"greatest", Function::greatest, 1, most_arguments},
    {"hash", Function::hash_murmur2, 1, 2, true},
    {"hash_fnv1a", Function::hash_fnv1a, 1, 2, true},
    {"hash_murmur2", Function::hash_murmur2, 1, 2, true},
    {"int", Function::to_int, 1, 1},
    {"least", Function::least, 1, most_arguments},
    {"ln", Function::ln, 1, 1},
    {"mod", Function::modulo, 2, 2},
    {"permute", Function::permute, 2, 3, true},
    {"pi", Function::pi, 0, 0},
    {"pow", Function::power, 2, 2},
    {"power", Function::power, 2, 2},
    {"random", Function::random, 2, 2},
    {"random_exponential", Function::random_exponential, 3, 3},
    {"random_gaussian", Function::random_gaussian, 3, 3},
    {"random_zipfian", Function::random_zipfian, 3, 3},
    {"sqrt", Function::sqrt, 1, 1},
};

bool fail(std::string& error, std::string message) {
    error = std::move(message);
    return false;
}

// -1 apart: the lowest integer divided by it does not fit, and the processor would trap.
bool divide(Function function, std::int64_t left, std::int64_t right, Value& value,
            std::string& error) {
    if (right == 0) {
        return fail(error, "division by zero");
    }
    if (right == -1) {
        if (function == Function::modulo) {
            value = Value::of(std::int64_t{0});
            return true;
        }
        if (left == lowest) {
            return fail(error, "bigint div out of range");
        }
        value = Value::of(-left);
        return true;
    }
    value = Value::of(function == Function::divide ? left / right : left % right);
    return true;
}

bool calculate(Function function, std::int64_t left, std::int64_t right, Value& value,
               std::string& error) {
    std::int64_t result = 0;
    const auto fits = [&](bool overflow, const char* name) {
        value = Value::of(result);
        return !overflow || fail(error, std::string{"bigint "} + name + " out of range");
    };
    switch (function) {
        case Function::add:
            return fits(__builtin_add_overflow(left, right, &result), "add");
        case Function::subtract:
            return fits(__builtin_sub_overflow(left, right, &result), "sub");
        case Function::multiply:
            return fits(__builtin_mul_overflow(left, right, &result), "mul");
        case Function::equal:
            value = Value::of(left == right);
            return true;
        case Function::not_equal:
            value = Value::of(left != right);
            return true;
        case Function::less:
            value = Value::of(left < right);
            return true;
        case Function::less_equal:
            value = Value::of(left <= right);
            return true;
        default:
            return divide(function, left, right, value, error);
    }
}

Value calculate(Function function, double left, double right) {
    switch (function) {
        case Function::add:
            return Value::of(left + right);
        case Function::subtract:
            return Value::of(left - right);
        case Function::multiply:
            return Value::of(left * right);
        case Function::divide:
            return Value::of(left / right);
        case Function::equal:
            return Value::of(left == right);
        case Function::not_equal:
            return Value::of(left != right);
        case Function::less:
            return Value::of(left < right);
        default:
            return Value::of(left <= right);
    }
}

bool is_real(const Value& value) {
    return value.type == Value::Type::real;
}

// Doubles if one of the two is one; % is of integers alone.
bool arithmetic(Function function, const Value& left, const Value& right, Value& value,
                std::string& error) {
    if (function != Function::modulo && (is_real(left) || is_real(right))) {
        const auto a = to_real(left, error);
        const auto b = a ? to_real(right, error) : std::nullopt;
        if (b) {
            value = calculate(function, *a, *b);
        }
        return b.has_value();
    }
    const auto a = to_integer(left, error);
    const auto b = a ? to_integer(right, error) : std::nullopt;
    return b && calculate(function, *a, *b, value, error);
}

// The shifts take their distance modulo 64, as the processors do that pgbench mostly runs on; the
// language that it is written in leaves the others undefined.
bool bitwise(Function function, const Value& left, const Value& right, Value& value,
             std::string& error) {
    const auto a = to_integer(left, error);
    const auto b = a ? to_integer(right, error) : std::nullopt;
    if (!b) {
        return false;
    }
    const auto distance = static_cast<unsigned>(*b & 63);
    switch (function) {
        case Function::bit_and:
            value = Value::of(*a & *b);
            return true;
        case Function::bit_or:
            value = Value::of(*a | *b);
            return true;
        case Function::bit_xor:
            value = Value::of(*a ^ *b);
            return true;
        case Function::shift_left:
            value =
                Value::of(static_cast<std::int64_t>(static_cast<std::uint64_t>(*a) << distance));
            return true;
        default:
            value = Value::of(*a >> distance);
            return true;
    }
}

bool extreme(Function function, std::span<const Value> values, Value& value, std::string& error) {
    const bool least = function == Function::least;
    if (std::any_of(values.begin(), values.end(), is_real)) {
        double best = 0;
        for (std::size_t i = 0; i < values.size(); ++i) {
            const auto next = to_real(values[i], error);
            if (!next) {
                return false;
            }
            const bool better = least ? *next < best : *next > best;
            best = i == 0 || better ? *next : best;
        }
        value = Value::of(best);
        return true;
    }
    std::int64_t best = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const auto next = to_integer(values[i], error);
        if (!next) {
            return false;
        }
        const bool better = least ? *next < best : *next > best;
        best = i == 0 || better ? *next : best;
    }
    value = Value::of(best);
    return true;
}

bool absolute(const Value& from, Value& value, std::string& error) {
    if (from.type != Value::Type::integer) {
        const auto real = to_real(from, error);
        value = Value::of(std::fabs(real.value_or(0)));
        return real.has_value();
    }
    // The lowest integer has no opposite; pgbench gives it back as it is.
    const bool turns = from.integer < 0 && from.integer != lowest;
    value = Value::of(turns ? -from.integer : from.integer);
    return true;
}

bool of_one_real(Function function, const Value& from, Value& value, std::string& error) {
    const auto x = to_real(from, error);
    if (!x) {
        return false;
    }
    value = Value::of(function == Function::sqrt  ? std::sqrt(*x)
                      : function == Function::ln  ? std::log(*x)
                      : function == Function::exp ? std::exp(*x)
                                                  : *x);
    return true;
}

bool raise(const Value& base, const Value& exponent, Value& value, std::string& error) {
    const auto a = to_real(base, error);
    const auto b = a ? to_real(exponent, error) : std::nullopt;
    if (b) {
        value = Value::of(std::pow(*a, *b));
    }
    return b.has_value();
}

bool draw_by_law(Function function, std::int64_t low, std::int64_t high, double parameter,
                 Random& random, Value& value, std::string& error) {
    if (function == Function::random_gaussian) {
        if (!(parameter >= 2)) {
            return fail(error, "gaussian parameter must be at least 2.0");
        }
        value =
            Value::of(draw_gaussian({.low = low, .high = high, .parameter = parameter}, random));
        return true;
    }
    if (function == Function::random_exponential) {
        if (!(parameter > 0)) {
            return fail(error, "exponential parameter must be greater than zero");
        }
        value =
            Value::of(draw_exponential({.low = low, .high = high, .parameter = parameter}, random));
        return true;
    }
    if (!(parameter >= 1.001 && parameter <= 1000)) {
        return fail(error, "zipfian parameter must be in range [1.001, 1000]");
    }
    if (span_of(low, high) >= widest_double_range - 1) {
        return fail(error, "random_zipfian takes ranges of fewer than 2^53 values");
    }
    value = Value::of(draw_zipfian(make_zipfian(low, high, parameter), random));
    return true;
}

bool draw(Function function, std::span<const Value> values, Random& random, Value& value,
          std::string& error) {
    const auto low = to_integer(values[0], error);
    const auto high = low ? to_integer(values[1], error) : std::nullopt;
    if (!high) {
        return false;
    }
    if (*low > *high) {
        return fail(error, "empty range given to random");
    }
    if (span_of(*low, *high) >= static_cast<std::uint64_t>(highest)) {
        return fail(error, "random range is too large");
    }
    if (function == Function::random) {
        value = Value::of(draw_uniform(*low, *high, random));
        return true;
    }
    const auto parameter = to_real(values[2], error);
    return parameter && draw_by_law(function, *low, *high, *parameter, random, value, error);
}

bool hash(Function function, std::span<const Value> values, Value& value, std::string& error) {
    const auto key = to_integer(values[0], error);
    const auto seed = key ? to_integer(values[1], error) : std::nullopt;
    if (!seed) {
        return false;
    }
    const auto bits = static_cast<std::uint64_t>(*seed);
    value = Value::of(function == Function::hash_fnv1a ? hash_fnv1a(*key, bits)
                                                       : hash_murmur2(*key, bits));
    return true;
}

bool shuffle(std::span<const Value> values, Value& value, std::string& error) {
    const auto key = to_integer(values[0], error);
    const auto size = key ? to_integer(values[1], error) : std::nullopt;
    const auto seed = size ? to_integer(values[2], error) : std::nullopt;
    if (!seed) {
        return false;
    }
    if (*size <= 0) {
        return fail(error, "permute size parameter must be greater than zero");
    }
    value = Value::of(permute(*key, *size, static_cast<std::uint64_t>(*seed)));
    return true;
}

// IS compares types, too, and knows NULL.
bool same(const Value& left, const Value& right) {
    return left.type == right.type && left.truth == right.truth;
}

bool call_function(Function function, std::span<const Value> values, Random& random, Value& value,
                   std::string& error) {
    switch (function) {
        case Function::abs:
            return absolute(values[0], value, error);
        case Function::exp:
        case Function::ln:
        case Function::sqrt:
        case Function::to_double:
            return of_one_real(function, values[0], value, error);
        case Function::to_int: {
            const auto integer = to_integer(values[0], error);
            value = Value::of(integer.value_or(0));
            return integer.has_value();
        }
        case Function::greatest:
        case Function::least:
            return extreme(function, values, value, error);
        case Function::hash_fnv1a:
        case Function::hash_murmur2:
            return hash(function, values, value, error);
        case Function::permute:
            return shuffle(values, value, error);
        case Function::pi:
            value = Value::of(std::numbers::pi);
            return true;
        case Function::power:
            return raise(values[0], values[1], value, error);
        default:
            return draw(function, values, random, value, error);
    }
}

}  // namespace

const NamedFunction* find_function(std::string_view name) {
    std::string lower{name};
    for (char& c : lower) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    const auto* found = std::find_if(std::begin(named), std::end(named),
                                     [&](const auto& function) { return function.name == lower; });
    return found == std::end(named) ? nullptr : found;
}

std::vector<std::string_view> function_names() {
    std::vector<std::string_view> names;
    for (const auto& function : named) {
        names.push_back(function.name);
    }
    return names;
}

bool call(Function function, std::span<const Value> values, Random& random, Value& value,
          std::string& error) {
    switch (function) {
        case Function::is:
            value = Value::of(same(values[0], values[1]));
            return true;
        case Function::is_not:
            value = Value::of(!same(values[0], values[1]));
            return true;
        case Function::debug:  // what it would print has no reader in a rehearsal
            value = values[0];
            return true;
        default:
            break;
    }
    if (std::any_of(values.begin(), values.end(), [](const auto& v) { return v.is_null(); })) {
        value = Value{};
        return true;
    }
    if (function <= Function::less_equal) {
        return arithmetic(function, values[0], values[1], value, error);
    }
    if (function <= Function::shift_right) {
        return bitwise(function, values[0], values[1], value, error);
    }
    if (function == Function::logical_not) {
        const auto truth = to_boolean(values[0], error);
        value = Value::of(!truth.value_or(false));
        return truth.has_value();
    }
    return call_function(function, values, random, value, error);
}

}  // namespace workloads::pgbench
