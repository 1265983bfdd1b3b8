#include "workloads/pgbench/expression.hpp"

#include "workloads/pgbench/functions.hpp"

#include <array>

namespace workloads::pgbench {

bool Expression::evaluate(Scope& scope, Value& value, std::string& error) const {
    return evaluate(static_cast<std::uint32_t>(nodes.size() - 1), scope, value, error);
}

bool Expression::evaluate(std::uint32_t index, Scope& scope, Value& value,
                          std::string& error) const {
    const Node& node = nodes[index];
    switch (node.kind) {
        case Node::Kind::constant:
            value = node.constant;
            return true;
        case Node::Kind::variable:
            return scope.value_of(node.variable, value, error);
        case Node::Kind::call:
            break;
    }
    if (node.function == Function::logical_and || node.function == Function::logical_or ||
        node.function == Function::case_when) {
        return evaluate_lazily(node, scope, value, error);
    }
    std::array<Value, most_arguments> values;
    for (std::size_t i = 0; i < node.operands.size(); ++i) {
        if (!evaluate(node.operands[i], scope, values[i], error)) {
            return false;
        }
    }
    return call(node.function, {values.data(), node.operands.size()}, scope.random(), value, error);
}

// Unlike in SQL, a NULL on the left decides: pgbench does not look at the right.
bool Expression::evaluate_lazily(const Node& node, Scope& scope, Value& value,
                                 std::string& error) const {
    if (node.function == Function::case_when) {
        // Condition and result in turns, the last one is what else.
        for (std::size_t i = 0; i + 1 < node.operands.size(); i += 2) {
            if (!evaluate(node.operands[i], scope, value, error)) {
                return false;
            }
            if (is_true(value)) {
                return evaluate(node.operands[i + 1], scope, value, error);
            }
        }
        return evaluate(node.operands.back(), scope, value, error);
    }
    const bool decides = node.function == Function::logical_or;
    for (const std::uint32_t operand : node.operands) {
        if (!evaluate(operand, scope, value, error)) {
            return false;
        }
        if (value.is_null()) {
            return true;
        }
        const auto truth = to_boolean(value, error);
        if (!truth) {
            return false;
        }
        if (*truth == decides) {
            return true;
        }
    }
    return true;
}

}  // namespace workloads::pgbench
