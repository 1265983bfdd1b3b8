#include "harness/postgres/backfill.hpp"

#include "harness/postgres/control.hpp"
#include "harness/postgres/number_in.hpp"

#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>
#include <pg_query.h>

namespace harness::postgres {

namespace {

using database::Error;
using database::ErrorKind;
using database::Key;
using database::Outage;
using database::Outcome;
using database::Value;

struct KeyColumn {
    std::string name, type;  // as they are written in SQL
    std::string plain_name;  // as the catalog has it
};

struct Table {
    std::string oid, name;  // quoted and qualified
    std::vector<KeyColumn> key;
    // Text of dates, intervals and floats depends on the session's settings; of others it does not.
    bool text_needs_settings = false;
    bool partitioned = false;
};

[[noreturn]] void refuse(ErrorKind kind, std::string message, std::string hint = {}) {
    Error error;
    error.kind = kind;
    error.message = std::move(message);
    error.hint = std::move(hint);
    throw Outage{std::move(error)};
}

Table find_table(database::Control& control, const std::string& name) {
    const std::vector<Value> parameters{name};
    const auto found = ask(control,
                           "SELECT c.oid, format('%I.%I', n.nspname, c.relname), c.relkind "
                           "FROM pg_catalog.pg_class c "
                           "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
                           "WHERE c.oid = pg_catalog.to_regclass($1)",
                           parameters);
    if (found.rows.empty()) {
        refuse(ErrorKind::syntax, "backfill: there is no table " + name,
               "qualify it with its schema; a name with capitals is written in double quotes");
    }
    const auto& row = found.rows.front();
    if (row[2] != "r" && row[2] != "p") {
        refuse(ErrorKind::syntax,
               "backfill: " + name +
                   " is not a table or partitioned table but a relation of kind '" + *row[2] + "'");
    }
    return {.oid = *row[0],
            .name = *row[1],
            .key = {},
            .text_needs_settings = false,
            .partitioned = row[2] == "p"};
}

// The primary key before others, then the one with the fewest columns. Only an index whose order is
// the one of `ORDER BY key` serves: default operator class, the column's own collation, one
// direction. indnkeyatts came with PostgreSQL 11 (INCLUDE), so it is asked for in a way that 10
// understands.
void find_key(database::Control& control, Table& table) {
    const std::vector<Value> parameters{table.oid};
    const auto columns = ask(
        control,
        "WITH usable AS ("
        "  SELECT i.indexrelid, i.indrelid, i.indkey, i.indisprimary, "
        "         coalesce((to_jsonb(i) ->> 'indnkeyatts')::int, i.indnatts) AS n "
        "  FROM pg_catalog.pg_index i "
        "  JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid "
        "  JOIN pg_catalog.pg_am am ON am.oid = ic.relam AND am.amname = 'btree' "
        "  WHERE i.indrelid = $1::oid AND i.indisunique AND i.indisvalid AND i.indimmediate "
        "    AND i.indpred IS NULL AND i.indexprs IS NULL "
        "    AND NOT EXISTS ("
        "      SELECT 1 FROM generate_series(0, "
        "             coalesce((to_jsonb(i) ->> 'indnkeyatts')::int, i.indnatts) - 1) k "
        "      JOIN pg_catalog.pg_attribute a "
        "        ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k] "
        "      JOIN pg_catalog.pg_opclass o ON o.oid = i.indclass[k] "
        "      WHERE NOT a.attnotnull OR NOT o.opcdefault "
        "        OR i.indcollation[k] <> a.attcollation "
        "        OR (i.indoption[k] & 1) <> (i.indoption[0] & 1)) "
        "  ORDER BY i.indisprimary DESC, n, i.indexrelid LIMIT 1) "
        "SELECT quote_ident(a.attname), format_type(a.atttypid, a.atttypmod), "
        "       a.atttypid::regtype::text IN ('smallint', 'integer', 'bigint', 'numeric', 'text', "
        "         'character varying', 'character', 'uuid', 'boolean', 'oid', 'name'), a.attname "
        "FROM usable u, generate_series(0, u.n - 1) k "
        "JOIN pg_catalog.pg_attribute a ON true "
        "WHERE a.attrelid = u.indrelid AND a.attnum = u.indkey[k] ORDER BY k",
        parameters);
    if (columns.rows.empty()) {
        refuse(ErrorKind::other,
               "backfill: " + table.name +
                   " has no primary key and no unique index over NOT NULL"
                   " columns, so its rows cannot be visited in batches",
               // PostgreSQL 10 has no keys over partitions, and no version makes them concurrently.
               table.partitioned
                   ? "backfill its partitions one by one, each over its own key"
                   : "add a primary key, or a unique index (CREATE UNIQUE INDEX CONCURRENTLY) over"
                     " NOT NULL columns, before the backfill");
    }
    for (const auto& row : columns.rows) {
        table.key.push_back({*row[0], *row[1], *row[3]});
        table.text_needs_settings = table.text_needs_settings || row[2] != "t";
    }
}

// The columns that `UPDATE ... SET` assigns, by the server's own grammar. Empty where the grammar
// at hand does not know the statement (a newer server's).
std::vector<std::string> assigned_columns(const std::string& sql) {
    const std::unique_ptr<PgQueryParseResult, void (*)(PgQueryParseResult*)> parsed{
        new PgQueryParseResult{pg_query_parse(sql.c_str())}, [](PgQueryParseResult* result) {
            pg_query_free_parse_result(*result);
            delete result;
        }};
    std::vector<std::string> columns;
    if (parsed->error != nullptr) {
        return columns;
    }
    const auto tree = nlohmann::json::parse(parsed->parse_tree);
    const auto& statements = tree.at("stmts");
    if (statements.size() != 1 || !statements[0].at("stmt").contains("UpdateStmt")) {
        refuse(ErrorKind::syntax, "backfill: set and where must be parts of one UPDATE");
    }
    for (const auto& target : statements[0]["stmt"]["UpdateStmt"].at("targetList")) {
        columns.push_back(target.at("ResTarget").value("name", ""));
    }
    return columns;
}

class PostgresBackfill final : public database::BackfillTable {
public:
    PostgresBackfill(database::Control& control, const scenarios::BackfillStep& step)
        : control_{control}, step_{step}, table_{find_table(control, step.table)} {
        find_key(control, table_);
        check_statement();
        estimate();
    }

    Boundary next_boundary(const std::optional<Key>& after, int batch) override;
    Outcome update(const std::optional<Key>& after, const Key& upto) override;
    [[nodiscard]] std::int64_t estimated_rows() const override { return estimated_rows_; }

private:
    // A batch whose COMMIT was sent and not answered.
    struct InDoubt {
        std::optional<Key> after;
        Key upto;
        std::string transaction;
        std::int64_t rows;
    };

    void check_statement();
    void estimate();
    [[nodiscard]] std::string key_list(const char* before, const char* after) const;
    [[nodiscard]] std::string compare(const char* sign, std::size_t first_parameter) const;
    [[nodiscard]] std::string update_sql(bool after) const;
    Boundary key_of(const std::string& sql, std::span<const Value> parameters);
    Outcome select(const std::string& sql, std::span<const Value> parameters);
    Outcome update_in_transaction(const std::string& sql, std::span<const Value> parameters,
                                  const std::optional<Key>& after, const Key& upto);
    std::optional<Outcome> settle_doubt(const std::optional<Key>& after, const Key& upto);
    Outcome rolled_back(Outcome failure);

    database::Control& control_;
    scenarios::BackfillStep step_;
    Table table_;
    std::int64_t estimated_rows_ = 0;
    std::optional<Key> last_;  // at the start: what is inserted above it is not ours to fill
    std::optional<InDoubt> in_doubt_;
};

// "a, b" with something around each column.
std::string PostgresBackfill::key_list(const char* before, const char* after) const {
    std::string text;
    for (const auto& column : table_.key) {
        text += (text.empty() ? "" : ", ") + (before + column.name) + after;
    }
    return text;
}

// (a, b) > ($1::integer, $2::text): the comparison that a btree index answers with one descent. The
// parameters take the columns' types, and through the column the comparison has its collation.
std::string PostgresBackfill::compare(const char* sign, std::size_t first_parameter) const {
    std::string values;
    for (std::size_t i = 0; i < table_.key.size(); ++i) {
        values += (i == 0 ? "$" : ", $") + std::to_string(first_parameter + i) +
                  "::" + table_.key[i].type;
    }
    if (table_.key.size() == 1) {
        return table_.key.front().name + " " + sign + " " + values;
    }
    return "(" + key_list("", "") + ") " + sign + " (" + values + ")";
}

// New lines: a comment at the end of what the user wrote must not swallow the rest.
std::string PostgresBackfill::update_sql(bool after) const {
    std::string sql = "UPDATE " + table_.name + " SET " + step_.set + "\nWHERE ";
    if (after) {
        sql += compare(">", 1) + " AND ";
    }
    sql += compare("<=", after ? table_.key.size() + 1 : 1);
    return step_.where.empty() ? sql : sql + " AND (" + step_.where + "\n)";
}

// A wrong SET or WHERE, a missing privilege and a SET of the key itself show before the first row
// is touched.
void PostgresBackfill::check_statement() {
    std::string sql = "UPDATE " + table_.name + " SET " + step_.set + "\n";
    sql += step_.where.empty() ? "" : "WHERE (" + step_.where + "\n)";
    for (const auto& assigned : assigned_columns(sql)) {
        for (const auto& column : table_.key) {
            // A row that moves ahead of its batch is visited again, and may be so for ever.
            if (assigned == column.plain_name) {
                refuse(ErrorKind::syntax, "backfill: set changes " + column.name +
                                              ", a column of the key that the "
                                              "batches follow");
            }
        }
    }
    const auto plan = control_.execute("EXPLAIN " + sql);
    if (!plan.ok()) {
        throw Outage{*plan.error};
    }
}

// The planner's own estimate: unlike pg_class.reltuples it knows tables that were never analysed,
// and adds up partitions.
void PostgresBackfill::estimate() {
    const auto plan = ask(control_, "EXPLAIN SELECT 1 FROM " + table_.name);
    const std::string line = plan.rows.at(0).at(0).value_or("");
    const auto at = line.find(" rows=");
    estimated_rows_ = at == std::string::npos
                          ? 0
                          : number_in<std::int64_t>(std::string_view{line}.substr(at + 6));
}

database::BackfillTable::Boundary PostgresBackfill::key_of(const std::string& sql,
                                                           std::span<const Value> parameters) {
    auto outcome = select(sql, parameters);
    Boundary boundary;
    if (!outcome.ok()) {
        boundary.error = std::move(outcome.error);
    } else if (!outcome.rows.empty()) {
        boundary.key.emplace();
        for (auto& value : outcome.rows.front()) {
            boundary.key->push_back(value.value_or(""));  // key columns are NOT NULL
        }
    }
    return boundary;
}

database::BackfillTable::Boundary PostgresBackfill::next_boundary(const std::optional<Key>& after,
                                                                  int batch) {
    if (!last_) {
        // Qualified, because an output column of the same name would be the text.
        auto last = key_of("SELECT " + key_list("", "::text") + " FROM " + table_.name +
                               " t ORDER BY " + key_list("t.", " DESC") + " LIMIT 1",
                           {});
        if (!last.key) {  // an error, or no rows at all
            return last;
        }
        last_ = std::move(last.key);
    }
    const std::string order = key_list("", "");
    std::vector<Value> parameters{last_->begin(), last_->end()};
    std::string where = " WHERE " + compare("<=", 1);
    if (after) {
        where += " AND " + compare(">", 1 + parameters.size());
        parameters.insert(parameters.end(), after->begin(), after->end());
    }
    return key_of("SELECT " + key_list("", "::text") + " FROM (SELECT " + order + " FROM " +
                      table_.name + where + " ORDER BY " + order + " LIMIT " +
                      std::to_string(batch) + ") batch ORDER BY " + key_list("batch.", " DESC") +
                      " LIMIT 1",
                  parameters);
}

// Dates in ISO, floats with all their digits (before 12 the default loses some), so that the text
// comes back as the same value whatever the session's settings.
Outcome PostgresBackfill::select(const std::string& sql, std::span<const Value> parameters) {
    if (!table_.text_needs_settings) {
        return control_.execute(sql, parameters);
    }
    auto begun = control_.execute(
        "BEGIN; SET LOCAL datestyle = 'ISO'; SET LOCAL intervalstyle = 'postgres'; "
        "SET LOCAL extra_float_digits = 3; SET LOCAL bytea_output = 'hex'");
    if (!begun.ok()) {
        return rolled_back(std::move(begun));
    }
    auto outcome = control_.execute(sql, parameters);
    if (!outcome.ok()) {
        return rolled_back(std::move(outcome));
    }
    auto ended = control_.execute("COMMIT");
    return ended.ok() ? outcome : ended;
}

Outcome PostgresBackfill::update(const std::optional<Key>& after, const Key& upto) {
    if (auto known = settle_doubt(after, upto)) {
        return *std::move(known);
    }
    std::vector<Value> parameters;
    if (after) {
        parameters.assign(after->begin(), after->end());
    }
    parameters.insert(parameters.end(), upto.begin(), upto.end());
    return update_in_transaction(update_sql(after.has_value()), parameters, after, upto);
}

Outcome PostgresBackfill::update_in_transaction(const std::string& sql,
                                                std::span<const Value> parameters,
                                                const std::optional<Key>& after, const Key& upto) {
    auto outcome = control_.execute("BEGIN");
    if (!outcome.ok()) {
        return outcome;
    }
    auto updated = control_.execute(sql, parameters);
    if (!updated.ok()) {
        return rolled_back(std::move(updated));
    }
    auto transaction = control_.execute("SELECT pg_catalog.txid_current()");
    if (!transaction.ok()) {
        return rolled_back(std::move(transaction));
    }
    InDoubt doubt{after, upto, transaction.rows.at(0).at(0).value_or(""), updated.rows_affected};
    auto committed = control_.execute("COMMIT");
    if (committed.ok()) {
        updated.rows.clear();
        return updated;
    }
    if (committed.error->kind == ErrorKind::connection_lost) {
        in_doubt_ = std::move(doubt);
    }
    return committed;
}

// What became of the batch whose COMMIT got no answer. Empty: it did not take place, or there is
// none.
std::optional<Outcome> PostgresBackfill::settle_doubt(const std::optional<Key>& after,
                                                      const Key& upto) {
    if (!in_doubt_ || in_doubt_->after != after || in_doubt_->upto != upto) {
        return std::nullopt;
    }
    const std::vector<Value> parameters{in_doubt_->transaction};
    auto status = control_.execute("SELECT pg_catalog.txid_status($1::bigint)", parameters);
    if (!status.ok()) {
        return status;
    }
    const std::string text = status.rows.at(0).at(0).value_or("unknown");
    if (text == "aborted") {
        in_doubt_.reset();
        return std::nullopt;
    }
    Outcome outcome;
    if (text == "committed") {
        outcome.rows_affected = in_doubt_->rows;
        in_doubt_.reset();
        return outcome;
    }
    Error error;
    if (text == "in progress") {
        // The old backend is still at it; the caller comes again after his backoff.
        error.kind = ErrorKind::lock_timeout;
        error.message = "the batch whose COMMIT got no answer is still in progress on the server";
    } else {
        error.message =
            "unknown whether the batch whose COMMIT got no answer took place: the server"
            " no longer knows its transaction";
    }
    outcome.error = std::move(error);
    return outcome;
}

// The error that matters is the first; a ROLLBACK that fails means that the connection is gone,
// which the next statement says.
Outcome PostgresBackfill::rolled_back(Outcome failure) {
    if (failure.error->kind != ErrorKind::connection_lost) {
        control_.execute("ROLLBACK");
    }
    return failure;
}

}  // namespace

std::unique_ptr<database::BackfillTable> open_backfill(database::Control& control,
                                                       const scenarios::BackfillStep& step) {
    return std::make_unique<PostgresBackfill>(control, step);
}

}  // namespace harness::postgres
