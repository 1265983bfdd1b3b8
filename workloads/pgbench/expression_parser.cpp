// Precedence climbing; what binds how tightly is the table that pgbench's grammar declares.
#include "workloads/pgbench/expression.hpp"
#include "workloads/pgbench/expression_tokens.hpp"
#include "workloads/pgbench/functions.hpp"
#include "workloads/suggestion.hpp"

#include <algorithm>
#include <limits>

namespace workloads::pgbench {
namespace {

enum Precedence : int { or_, and_, not_, is_, comparison, bits, sum, product, sign };

struct Operator {
    std::string_view symbol;
    Precedence precedence;
    Function function;
    bool swapped = false;  // a > b is b < a
};

constexpr Operator operators[]{
    {"=", comparison, Function::equal},
    {"<>", comparison, Function::not_equal},
    {"!=", comparison, Function::not_equal},
    {"<", comparison, Function::less},
    {"<=", comparison, Function::less_equal},
    {">", comparison, Function::less, true},
    {">=", comparison, Function::less_equal, true},
    {"|", bits, Function::bit_or},
    {"#", bits, Function::bit_xor},
    {"&", bits, Function::bit_and},
    {"<<", bits, Function::shift_left},
    {">>", bits, Function::shift_right},
    {"+", sum, Function::add},
    {"-", sum, Function::subtract},
    {"*", product, Function::multiply},
    {"/", product, Function::divide},
    {"%", product, Function::modulo},
};

const Operator* operator_of(const Token& token) {
    static constexpr Operator words[]{{"or", or_, Function::logical_or},
                                      {"and", and_, Function::logical_and}};
    if (token.kind == Token::Kind::keyword) {
        const auto* word = std::find_if(std::begin(words), std::end(words),
                                        [&](const auto& op) { return op.symbol == token.text; });
        return word == std::end(words) ? nullptr : word;
    }
    const auto* found = std::find_if(std::begin(operators), std::end(operators),
                                     [&](const auto& op) { return token.is_symbol(op.symbol); });
    return found == std::end(operators) ? nullptr : found;
}

class Parser {
public:
    Parser(const ExpressionText& text, const FindVariable& find) : tokens_{text}, find_{find} {}

    std::variant<Expression, std::vector<TextError>> parse() {
        if (tokens_.next().kind == Token::Kind::end) {
            stop(tokens_.next(), "an expression is missing");
        } else {
            expression(or_);
        }
        if (!stopped_ && tokens_.next().kind != Token::Kind::end) {
            unexpected();
        }
        if (!errors_.empty()) {
            return std::move(errors_);
        }
        return std::move(made_);
    }

private:
    using Index = std::uint32_t;

    Index stop(const Token& at, std::string message) {
        if (!stopped_) {
            errors_.push_back({std::move(message), at.offset});
        }
        stopped_ = true;
        return 0;
    }

    Index unexpected() {
        const Token& token = tokens_.next();
        if (token.kind == Token::Kind::end) {
            return stop(token, "the expression ends too early");
        }
        if (token.kind == Token::Kind::bad) {
            return stop(token, "syntax error: " + std::string{token.text});
        }
        if (token.kind == Token::Kind::highest_plus_1) {
            return stop(token, "syntax error: an integer of more than 64 bits");
        }
        return stop(token, "syntax error");
    }

    void expect_symbol(std::string_view symbol) {
        if (tokens_.next().is_symbol(symbol)) {
            tokens_.take();
        } else {
            unexpected();
        }
    }

    void expect_keyword(std::string_view word) {
        if (tokens_.next().is_keyword(word)) {
            tokens_.take();
        } else {
            unexpected();
        }
    }

    Index add(Expression::Node node) {
        for (const Index operand : node.operands) {
            if (operand < made_.nodes.size()) {
                const auto height = static_cast<std::uint16_t>(made_.nodes[operand].height + 1);
                node.height = std::max(node.height, height);
            }
        }
        if (node.height > highest_expression) {
            Token at;
            at.offset = node.offset;
            return too_deep(at);
        }
        made_.nodes.push_back(std::move(node));
        return static_cast<Index>(made_.nodes.size() - 1);
    }

    Index too_deep(const Token& at) {
        return stop(at, "the expression has more than " + std::to_string(highest_expression) +
                            " levels; split it with further \\set");
    }

    Index constant(const Token& at, Value value) {
        return add({.constant = value, .offset = at.offset});
    }

    Index call(const Token& at, Function function, std::vector<Index> operands) {
        return add({.kind = Expression::Node::Kind::call,
                    .function = function,
                    .operands = std::move(operands),
                    .offset = at.offset});
    }

    // Whatever binds at least as tightly as `least`.
    Index expression(int least) {
        if (depth_ >= highest_expression) {
            return too_deep(tokens_.next());
        }
        ++depth_;
        Index left = prefix();
        while (!stopped_) {
            const Token token = tokens_.next();
            if (token.is_keyword("is") || token.is_keyword("isnull") ||
                token.is_keyword("notnull")) {
                if (least > is_) {
                    break;
                }
                left = test(left);
                continue;
            }
            const Operator* const op = operator_of(token);
            if (op == nullptr || op->precedence < least) {
                break;
            }
            tokens_.take();
            const Index right = expression(op->precedence + 1);
            auto operands = op->swapped ? std::vector{right, left} : std::vector{left, right};
            left = stopped_ ? 0 : call(token, op->function, std::move(operands));
            if (const Operator* const next = operator_of(tokens_.next());
                !stopped_ && op->precedence == comparison && next != nullptr &&
                next->precedence == comparison) {
                return stop(tokens_.next(),
                            "syntax error: comparisons cannot be chained; write parentheses");
            }
        }
        --depth_;
        return left;
    }

    // IS [NOT] NULL | TRUE | FALSE, ISNULL, NOTNULL
    Index test(Index left) {
        const Token token = tokens_.take();
        if (!token.is_keyword("is")) {
            const bool wanted = token.is_keyword("isnull");
            return call(token, wanted ? Function::is : Function::is_not,
                        {left, constant(token, Value{})});
        }
        const bool negated = tokens_.next().is_keyword("not");
        if (negated) {
            tokens_.take();
        }
        const Token& what = tokens_.next();
        Value value;
        if (what.is_keyword("true") || what.is_keyword("false")) {
            value = Value::of(what.is_keyword("true"));
        } else if (!what.is_keyword("null")) {
            return unexpected();
        }
        const Index right = constant(tokens_.take(), value);
        return call(token, negated ? Function::is_not : Function::is, {left, right});
    }

    Index prefix() {
        const Token token = tokens_.next();
        if (token.is_symbol("+")) {
            tokens_.take();
            return expression(sign);
        }
        if (token.is_symbol("-")) {
            return negative();
        }
        if (token.is_symbol("~")) {
            tokens_.take();
            const Index ones = constant(token, Value::of(std::int64_t{-1}));
            const Index operand = expression(bits + 1);
            return stopped_ ? 0 : call(token, Function::bit_xor, {ones, operand});
        }
        if (token.is_keyword("not")) {
            tokens_.take();
            const Index operand = expression(not_);
            return stopped_ ? 0 : call(token, Function::logical_not, {operand});
        }
        return primary();
    }

    // A subtraction from 0, as in pgbench: -0.0 is 0.
    Index negative() {
        const Token minus = tokens_.take();
        if (tokens_.next().kind == Token::Kind::highest_plus_1) {
            tokens_.take();
            return constant(minus, Value::of(std::numeric_limits<std::int64_t>::min()));
        }
        const Index zero = constant(minus, Value::of(std::int64_t{0}));
        const Index operand = expression(sign);
        return stopped_ ? 0 : call(minus, Function::subtract, {zero, operand});
    }

    Index primary() {
        const Token token = tokens_.next();
        switch (token.kind) {
            case Token::Kind::number:
                tokens_.take();
                return constant(token, token.value);
            case Token::Kind::variable:
                return variable();
            case Token::Kind::function:
                return function();
            case Token::Kind::keyword:
                return word();
            case Token::Kind::symbol:
                if (token.text == "(") {
                    tokens_.take();
                    const Index inside = expression(or_);
                    expect_symbol(")");
                    return inside;
                }
                return unexpected();
            default:
                return unexpected();
        }
    }

    Index word() {
        const Token token = tokens_.next();
        if (token.text == "case") {
            return case_when();
        }
        if (token.text == "null") {
            return constant(tokens_.take(), Value{});
        }
        if (token.text == "true" || token.text == "false") {
            return constant(tokens_.take(), Value::of(token.text == "true"));
        }
        return unexpected();
    }

    Index case_when() {
        const Token token = tokens_.take();
        std::vector<Index> operands;
        do {
            expect_keyword("when");
            operands.push_back(stopped_ ? 0 : expression(or_));
            expect_keyword("then");
            operands.push_back(stopped_ ? 0 : expression(or_));
        } while (!stopped_ && tokens_.next().is_keyword("when"));
        if (tokens_.next().is_keyword("else")) {
            tokens_.take();
            operands.push_back(expression(or_));
        } else {
            operands.push_back(constant(token, Value{}));
        }
        expect_keyword("end");
        return stopped_ ? 0 : call(token, Function::case_when, std::move(operands));
    }

    Index variable() {
        const Token token = tokens_.take();
        return named(token, token.text);
    }

    Index named(const Token& at, std::string_view name) {
        const auto id = find_(name, at.offset);
        if (!id) {
            return stop(at, "the script holds too many variables");
        }
        return add(
            {.kind = Expression::Node::Kind::variable, .variable = *id, .offset = at.offset});
    }

    Index function() {
        const Token token = tokens_.take();
        const NamedFunction* const known = find_function(token.text);
        if (known == nullptr) {
            const auto names = function_names();
            errors_.push_back({"there is no function " + std::string{token.text} +
                                   did_you_mean(token.text, names),
                               token.offset});
        }
        expect_symbol("(");
        std::vector<Index> operands;
        while (!stopped_ && !tokens_.next().is_symbol(")")) {
            operands.push_back(expression(or_));
            if (stopped_ || tokens_.next().is_symbol(")")) {
                break;
            }
            expect_symbol(",");
            if (!stopped_ && tokens_.next().is_symbol(")")) {
                return unexpected();
            }
        }
        if (stopped_) {
            return 0;
        }
        tokens_.take();
        return known == nullptr ? constant(token, Value{}) : checked(token, *known, operands);
    }

    Index checked(const Token& token, const NamedFunction& known, std::vector<Index>& operands) {
        if (operands.size() < known.least || operands.size() > known.most) {
            errors_.push_back({std::string{known.name} + " takes " + arity(known) +
                                   ", and is given " + std::to_string(operands.size()),
                               token.offset});
            return constant(token, Value{});
        }
        if (known.seeded && operands.size() < known.most) {
            operands.push_back(named(token, "default_seed"));
        }
        return call(token, known.function, std::move(operands));
    }

    static std::string arity(const NamedFunction& known) {
        if (known.least == known.most) {
            return known.least == 0   ? "no argument"
                   : known.least == 1 ? "1 argument"
                                      : std::to_string(known.least) + " arguments";
        }
        return std::to_string(known.least) + " to " + std::to_string(known.most) + " arguments";
    }

    Tokens tokens_;
    const FindVariable& find_;
    Expression made_;
    std::vector<TextError> errors_;
    int depth_ = 0;
    bool stopped_ = false;  // nothing behind the error can be read
};

}  // namespace

std::variant<Expression, std::vector<TextError>> parse_expression(const ExpressionText& text,
                                                                  const FindVariable& find) {
    return Parser{text, find}.parse();
}

}  // namespace workloads::pgbench
