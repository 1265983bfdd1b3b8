// Rows of an answer, by column.
#pragma once

#include "harness/postgres/number_in.hpp"
#include "harness/postgres/timed_connection.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace harness::postgres {

// A libpq result that holds rows.
class Rows {
public:
    explicit Rows(Result result) : result_{std::move(result)} {}

    [[nodiscard]] int size() const { return PQntuples(result_.get()); }
    [[nodiscard]] bool is_null(int row, int column) const {
        return PQgetisnull(result_.get(), row, column) == 1;
    }
    // Empty for NULL, too.
    [[nodiscard]] std::string text(int row, int column) const {
        return {PQgetvalue(result_.get(), row, column),
                static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
    }
    // 0 for NULL, too.
    template <typename Number>
    [[nodiscard]] Number number(int row, int column) const {
        return number_in<Number>(std::string_view{PQgetvalue(result_.get(), row, column)});
    }
    [[nodiscard]] bool flag(int row, int column) const { return text(row, column) == "t"; }

private:
    Result result_;
};

// Throws database::Outage where there is no answer.
[[nodiscard]] Rows rows_of(TimedConnection& connection, const std::string& sql);

// As a literal of SQL, under standard_conforming_strings = on.
[[nodiscard]] std::string literal_of(std::string_view text);

}  // namespace harness::postgres
