#include "harness/postgres/sample.hpp"

#include "harness/postgres/control.hpp"

#include <algorithm>

namespace harness::postgres {

std::vector<std::vector<std::string>> read_sample(database::Control& control,
                                                  const std::string& query, bool whole_rows) {
    constexpr int rows_at_once = 10'000;
    ask(control, "BEGIN READ ONLY");
    // A line of its own: the query may end in a comment.
    ask(control, "DECLARE rehearse_sample NO SCROLL CURSOR FOR " + query + "\n");
    std::vector<std::vector<std::string>> columns;
    const auto is_full = [&] { return !columns.empty() && columns[0].size() >= sample_limit; };
    while (!is_full()) {
        auto fetched =
            ask(control, "FETCH " + std::to_string(rows_at_once) + " FROM rehearse_sample");
        if (fetched.rows.empty()) {
            break;
        }
        for (auto& row : fetched.rows) {
            row.resize(whole_rows ? row.size() : 1);
            const bool has_null =
                std::any_of(row.begin(), row.end(), [](const auto& value) { return !value; });
            if (has_null || is_full()) {
                continue;
            }
            columns.resize(row.size());
            for (std::size_t i = 0; i < row.size(); ++i) {
                columns[i].push_back(*std::move(row[i]));
            }
        }
    }
    return columns;
}

}  // namespace harness::postgres
