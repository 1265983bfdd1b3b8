#include "harness/postgres/sample.hpp"

#include "harness/postgres/errors.hpp"

#include <pqxx/pqxx>

namespace harness::postgres {

std::vector<std::string> read_sample(const std::string& conninfo, const std::string& query) {
    constexpr int rows_at_once = 10'000;
    try {
        pqxx::connection connection{conninfo};
        pqxx::work transaction{connection};
        transaction.exec("SET TRANSACTION READ ONLY");
        transaction.exec("SET LOCAL lock_timeout = '5s'");
        transaction.exec("SET LOCAL statement_timeout = '60s'");
        // A line of its own: the query may end in a comment.
        transaction.exec("DECLARE rehearse_sample NO SCROLL CURSOR FOR " + query + "\n");
        std::vector<std::string> values;
        while (values.size() < sample_limit) {
            const pqxx::result rows =
                transaction.exec("FETCH " + std::to_string(rows_at_once) + " FROM rehearse_sample");
            if (rows.empty()) {
                break;
            }
            for (const auto& row : rows) {
                if (!row[0].is_null() && values.size() < sample_limit) {
                    values.emplace_back(row[0].c_str(), row[0].size());
                }
            }
        }
        return values;
    } catch (const pqxx::failure& failure) {
        throw database::Outage{error_of(failure)};
    }
}

}  // namespace harness::postgres
