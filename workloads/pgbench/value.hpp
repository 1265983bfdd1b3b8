// What an expression of a pgbench script yields: NULL, a boolean, a 64-bit integer or a double.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace workloads::pgbench {

struct Value {
    enum class Type : std::uint8_t { null, boolean, integer, real };

    Type type = Type::null;
    bool truth = false;        // boolean
    std::int64_t integer = 0;  // integer
    double real = 0;           // real

    [[nodiscard]] static Value of(bool value) noexcept;
    [[nodiscard]] static Value of(std::int64_t value) noexcept;
    [[nodiscard]] static Value of(double value) noexcept;
    [[nodiscard]] bool is_null() const noexcept { return type == Type::null; }
};

[[nodiscard]] std::string_view name_of(Value::Type type) noexcept;

// As pgbench writes a variable into SQL: 42, 0.1 (15 digits), true, NULL.
void write_text(const Value& value, std::string& out);

// What a variable's text means in an expression: null, on, off, the beginnings of true, false, yes
// and no (in any case), an integer, a double. Empty: none of them, or beyond the range.
[[nodiscard]] std::optional<Value> value_of_text(std::string_view text);

// Conversions as pgbench makes them. Empty: `error` says why not.
[[nodiscard]] std::optional<std::int64_t> to_integer(const Value& value, std::string& error);
[[nodiscard]] std::optional<double> to_real(const Value& value, std::string& error);
[[nodiscard]] std::optional<bool> to_boolean(const Value& value, std::string& error);

// As conditions are judged: NULL and zero are false.
[[nodiscard]] bool is_true(const Value& value) noexcept;

}  // namespace workloads::pgbench
