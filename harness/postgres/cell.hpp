// One column of one row of an answer.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

#include <libpq-fe.h>

namespace harness::postgres {

// Valid as long as the result.
class Cell {
public:
    Cell(const PGresult* result, int row, int column)
        : result_{result}, row_{row}, column_{column} {}
    [[nodiscard]] std::string_view text() const {
        return {PQgetvalue(result_, row_, column_),
                static_cast<std::size_t>(PQgetlength(result_, row_, column_))};
    }
    // Empty for NULL and for what is no number.
    [[nodiscard]] std::optional<std::int64_t> number() const {
        const auto digits = text();
        std::int64_t value = 0;
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (error != std::errc{} || end != digits.data() + digits.size()) {
            return std::nullopt;
        }
        return value;
    }
    [[nodiscard]] std::int64_t number_or_0() const { return number().value_or(0); }

private:
    const PGresult* result_;
    int row_, column_;
};

}  // namespace harness::postgres
