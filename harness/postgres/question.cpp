#include "harness/postgres/question.hpp"

namespace harness::postgres {

Rows rows_of(TimedConnection& connection, const std::string& sql) {
    Result result = connection.execute(sql);
    if (is_failure(result.get())) {
        throw database::Outage{connection.error(result.get())};
    }
    return Rows{std::move(result)};
}

std::string literal_of(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        out += c == '\'' ? "''" : std::string{c};
    }
    return out + "'";
}

}  // namespace harness::postgres
