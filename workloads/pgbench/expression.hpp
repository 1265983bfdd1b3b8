// The expressions of pgbench's \set and \if, with the grammar, the types and the errors that the
// PostgreSQL manual (10 to 18) gives them.
#pragma once

#include "workloads/pgbench/value.hpp"
#include "workloads/random.hpp"
#include "workloads/values.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace workloads::pgbench {

using VariableId = std::uint16_t;  // index of a variable within one script

enum class Function : std::uint8_t {
    // clang-format off
    // operators
    add, subtract, multiply, divide, modulo,
    equal, not_equal, less, less_equal,
    bit_and, bit_or, bit_xor, shift_left, shift_right,
    logical_and, logical_or, logical_not, is, is_not, case_when,
    // functions
    abs, debug, to_double, exp, greatest, hash_fnv1a, hash_murmur2, to_int, least, ln, permute, pi,
    power, random, random_exponential, random_gaussian, random_zipfian, sqrt,
    // clang-format on
};

// Built from the leaves up: a node's operands stand before it, the last node is the whole.
class Expression {
public:
    struct Node {
        enum class Kind : std::uint8_t { constant, variable, call } kind = Kind::constant;
        Function function = Function::add;  // call
        std::uint16_t height = 1;           // of the tree below, itself included
        VariableId variable = 0;
        Value constant{};
        std::vector<std::uint32_t> operands{};
        std::size_t offset = 0;  // in the script, for messages
    };

    // What an evaluation reads. `value_of` tells why there is no value in `error`.
    class Scope {
    public:
        virtual bool value_of(VariableId variable, Value& value, std::string& error) = 0;
        virtual Random& random() = 0;

    protected:
        ~Scope() = default;
    };

    // False: `error` says why, in pgbench's own words where it has some.
    [[nodiscard]] bool evaluate(Scope& scope, Value& value, std::string& error) const;

    std::vector<Node> nodes;

private:
    bool evaluate(std::uint32_t node, Scope& scope, Value& value, std::string& error) const;
    bool evaluate_lazily(const Node& node, Scope& scope, Value& value, std::string& error) const;
};

// A tree higher than this is refused: evaluating it takes a frame of the stack a level.
inline constexpr std::uint16_t highest_expression = 500;
// As many as pgbench itself takes.
inline constexpr std::size_t most_arguments = 16;

struct ExpressionText {
    std::string_view script;
    std::size_t from = 0, to = 0;  // the bytes of `script`; a backslash at a line's end is a space
};

// Given each variable's name, and where it stands; empty: the script holds too many.
using FindVariable = std::function<std::optional<VariableId>(std::string_view, std::size_t)>;

// The error's offset is one of the whole script. A text in which all is right but the names of its
// functions gets one error each; anything else ends the reading.
[[nodiscard]] std::variant<Expression, std::vector<TextError>> parse_expression(
    const ExpressionText& text, const FindVariable& find);

}  // namespace workloads::pgbench
