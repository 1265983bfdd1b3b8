#include "harness/postgres/sample.hpp"

#include "harness/postgres/control.hpp"

namespace harness::postgres {

std::vector<std::string> read_sample(database::Control& control, const std::string& query) {
    constexpr int rows_at_once = 10'000;
    ask(control, "BEGIN READ ONLY");
    // A line of its own: the query may end in a comment.
    ask(control, "DECLARE rehearse_sample NO SCROLL CURSOR FOR " + query + "\n");
    std::vector<std::string> values;
    while (values.size() < sample_limit) {
        auto fetched =
            ask(control, "FETCH " + std::to_string(rows_at_once) + " FROM rehearse_sample");
        if (fetched.rows.empty()) {
            break;
        }
        for (auto& row : fetched.rows) {
            if (row.at(0) && values.size() < sample_limit) {
                values.push_back(*std::move(row[0]));
            }
        }
    }
    return values;
}

}  // namespace harness::postgres
