#include "harness/postgres/statement_source.hpp"

#include "harness/postgres/canceller.hpp"
#include "harness/postgres/errors.hpp"
#include "harness/postgres/number_in.hpp"
#include "harness/postgres/question.hpp"
#include "harness/postgres/statement_catalog.hpp"

#include <set>
#include <utility>

namespace harness::postgres {
namespace {

using workloads::synthesis::Catalog;
using workloads::synthesis::Description;
using workloads::synthesis::NamedTable;
using workloads::synthesis::Reading;
using workloads::synthesis::StatementCount;
using workloads::synthesis::TypeClass;

// The server's own limit for each statement is 30 s.
constexpr std::chrono::milliseconds longest_answer{40'000};

[[noreturn]] void fail(std::string message, std::string hint) {
    database::Error error;
    error.message = std::move(message);
    error.hint = std::move(hint);
    throw database::Outage{error};
}

class PostgresStatementSource final : public database::StatementSource {
public:
    explicit PostgresStatementSource(const Destination& destination) : connection_{destination} {
        connection_.set_limit(longest_answer);
        canceller_.aim(connection_.get());
        run("/* rehearse */ SET default_transaction_read_only = on");
        run("/* rehearse */ SET statement_timeout = '30s'");
        run("/* rehearse */ SET lock_timeout = '5s'");
        // Literals are written for it.
        run("/* rehearse */ SET standard_conforming_strings = on");
        find_extension();
    }

    Identity identity() override {
        const auto rows =
            ask("/* rehearse */ SELECT pg_catalog.current_database(), "
                "pg_catalog.current_setting('server_version')");
        return {rows.text(0, 0), "PostgreSQL " + rows.text(0, 1)};
    }

    Reading read(bool with_texts) override;

    int active_sessions() override {
        return ask("/* rehearse */ SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity "
                   "WHERE "
                   "datname = pg_catalog.current_database() AND state = 'active' AND pid <> "
                   "pg_catalog.pg_backend_pid()")
            .number<int>(0, 0);
    }

    std::vector<std::string> use_search_path(const std::string& path) override {
        if (path.empty()) {
            run("/* rehearse */ RESET search_path");
        } else {
            run("/* rehearse */ SELECT pg_catalog.set_config('search_path', " + literal_of(path) +
                ", false)");
        }
        const auto rows =
            ask("/* rehearse */ SELECT pg_catalog.unnest(pg_catalog.current_schemas(true))");
        std::vector<std::string> schemas;
        for (int i = 0; i < rows.size(); ++i) {
            schemas.push_back(rows.text(i, 0));
        }
        return schemas;
    }

    Catalog catalog(std::span<const NamedTable> tables, bool common_values) override {
        return read_statement_catalog(connection_, tables, common_values);
    }

    std::vector<Description> describe(std::span<const std::string> statements) override;

    void cancel() noexcept override { canceller_.cancel(); }

private:
    [[nodiscard]] Rows ask(const std::string& sql) { return rows_of(connection_, sql); }
    void run(const std::string& sql) { static_cast<void>(ask(sql)); }
    void find_extension();
    [[nodiscard]] std::string statements_query(bool with_texts) const;
    void read_info(Reading& reading);

    TimedConnection connection_;
    Canceller canceller_;
    std::string schema_;             // of the extension, as one writes it
    std::set<std::string> columns_;  // of its view
    bool tells_resets_ = false;      // since 1.9
};

void PostgresStatementSource::find_extension() {
    const auto found = ask(
        "/* rehearse */ SELECT pg_catalog.quote_ident(n.nspname) FROM pg_catalog.pg_extension e "
        "JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = "
        "'pg_stat_statements'");
    if (found.size() == 0) {
        fail("the extension pg_stat_statements is not installed in the database " +
                 identity().database,
             "run CREATE EXTENSION pg_stat_statements in it; the server must load it, too: "
             "shared_preload_libraries = 'pg_stat_statements' and a restart (of a managed service "
             "its parameter group). Then let it count for as long as a typical load lasts.");
    }
    schema_ = found.text(0, 0);
    const auto columns =
        ask("/* rehearse */ SELECT c.relname, a.attname FROM pg_catalog.pg_class c JOIN "
            "pg_catalog.pg_attribute a ON a.attrelid = c.oid WHERE a.attnum > 0 AND c.oid IN "
            "(pg_catalog.to_regclass('" +
            schema_ + ".pg_stat_statements'), pg_catalog.to_regclass('" + schema_ +
            ".pg_stat_statements_info'))");
    for (int i = 0; i < columns.size(); ++i) {
        if (columns.text(i, 0) == "pg_stat_statements") {
            columns_.insert(columns.text(i, 1));
        } else {
            tells_resets_ = true;
        }
    }
}

// One row for each user, query and level. What is hidden from us cannot be told apart and is added
// up by user.
std::string PostgresStatementSource::statements_query(bool with_texts) const {
    const auto column = [&](const char* name, const char* otherwise) -> std::string {
        return columns_.contains(name) ? std::string{"s."} + name : std::string{otherwise};
    };
    const std::string time =
        columns_.contains("total_exec_time") ? "s.total_exec_time" : "s.total_time";
    // A statement may be as long as one likes; what is cut does not parse, and is counted so.
    const std::string text = with_texts ? "pg_catalog.left(s.query, 200000)" : "''::text";
    return "/* rehearse */ WITH counted AS (SELECT s.userid, coalesce(s.queryid::text, 'hidden') "
           "AS id, " +
           column("toplevel", "NULL::bool") + " AS toplevel, " + text + " AS query, s.calls, " +
           time + " AS time, s.rows, (EXTRACT(epoch FROM " +
           column("stats_since", "NULL::timestamptz") + ") * 1e6)::bigint AS since FROM " +
           schema_ + ".pg_stat_statements(" + (with_texts ? "true" : "false") +
           ") s WHERE s.dbid = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = "
           "pg_catalog.current_database())), "
           "base AS (SELECT reset_val AS path FROM pg_catalog.pg_settings WHERE name = "
           "'search_path'), "
           "setting AS (SELECT r.oid, r.rolname, coalesce((SELECT pg_catalog.substr(c, 13) FROM "
           "pg_catalog.pg_db_role_setting g, pg_catalog.unnest(g.setconfig) c WHERE c LIKE "
           "'search\\_path=%' AND g.setrole IN (r.oid, 0) AND g.setdatabase IN (0, (SELECT d.oid "
           "FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())) "
           "ORDER BY g.setrole DESC, g.setdatabase DESC LIMIT 1), base.path) AS path, base.path "
           "AS base FROM pg_catalog.pg_roles r, base), "
           "paths AS (SELECT oid, CASE WHEN path = base AND NOT (path LIKE '%\"$user\"%' AND "
           "EXISTS (SELECT FROM pg_catalog.pg_namespace n WHERE n.nspname = rolname)) THEN '' "
           "ELSE pg_catalog.replace(path, '\"$user\"', pg_catalog.quote_ident(rolname)) END AS "
           "path FROM setting) "
           "SELECT c.userid || '/' || c.id || '/' || coalesce(c.toplevel::text, ''), "
           "pg_catalog.min(c.query), coalesce(pg_catalog.min(p.path), ''), c.toplevel, "
           "pg_catalog.sum(c.calls), pg_catalog.sum(c.time), pg_catalog.sum(c.rows), "
           "pg_catalog.min(c.since) FROM counted c LEFT JOIN paths p ON p.oid = c.userid "
           "GROUP BY c.userid, c.id, c.toplevel";
}

Reading PostgresStatementSource::read(bool with_texts) {
    Reading reading;
    read_info(reading);
    Result result = connection_.execute(statements_query(with_texts));
    if (is_failure(result.get())) {
        auto error = connection_.error(result.get());
        if (error.code == "55000") {  // "must be loaded via shared_preload_libraries"
            error.hint =
                "set shared_preload_libraries = 'pg_stat_statements' and restart the server (of a "
                "managed service: its parameter group), and let it count for a while";
        } else if (error.kind == database::ErrorKind::privilege) {
            error.hint = "grant this role pg_read_all_stats";
        }
        throw database::Outage{error};
    }
    const Rows rows{std::move(result)};
    for (int i = 0; i < rows.size(); ++i) {
        StatementCount count;
        count.id = rows.text(i, 0);
        count.text = rows.text(i, 1);
        count.search_path = rows.text(i, 2);
        if (!rows.is_null(i, 3)) {
            count.top_level = rows.flag(i, 3);
        }
        count.calls = rows.number<std::int64_t>(i, 4);
        count.time_ms = rows.number<double>(i, 5);
        count.rows = rows.number<std::int64_t>(i, 6);
        if (!rows.is_null(i, 7)) {
            count.since_us = rows.number<std::int64_t>(i, 7);
        }
        reading.statements.push_back(std::move(count));
    }
    return reading;
}

void PostgresStatementSource::read_info(Reading& reading) {
    const auto rows = ask(
        "/* rehearse */ SELECT (EXTRACT(epoch FROM pg_catalog.clock_timestamp()) * 1e6)::bigint, "
        "coalesce(pg_catalog.current_setting('pg_stat_statements.track', true), '')");
    reading.at_us = rows.number<std::int64_t>(0, 0);
    const auto track = rows.text(0, 1);
    if (track == "none") {
        fail("pg_stat_statements counts nothing on this server: pg_stat_statements.track is none",
             "set it to top and reload the server's configuration");
    }
    reading.counts_nested = track == "all";
    if (tells_resets_) {
        Result result = connection_.execute(
            "/* rehearse */ SELECT dealloc, (EXTRACT(epoch FROM stats_reset) * 1e6)::bigint FROM " +
            schema_ + ".pg_stat_statements_info");
        // Where the library is not loaded the statements themselves say so.
        if (!is_failure(result.get()) && PQntuples(result.get()) == 1) {
            const Rows info{std::move(result)};
            reading.evictions = info.number<std::int64_t>(0, 0);
            reading.reset_us = info.number<std::int64_t>(0, 1);
        }
    }
}

std::vector<Description> PostgresStatementSource::describe(
    std::span<const std::string> statements) {
    std::vector<Description> descriptions;
    const std::string prefix = "rehearse_described_";
    for (std::size_t i = 0; i < statements.size(); ++i) {
        const auto name = prefix + std::to_string(i);
        // Through the protocol, which takes one statement and only parses it.
        const Result prepared = connection_.prepare(name.c_str(), statements[i]);
        if (is_failure(prepared.get())) {
            auto error = connection_.error(prepared.get());
            if (error.kind == database::ErrorKind::connection_lost) {
                throw database::Outage{error};
            }
            descriptions.emplace_back(without_row_values(std::move(error)).message);
        } else {
            descriptions.emplace_back(std::vector<TypeClass>{});
        }
    }
    const auto rows =
        ask("/* rehearse */ SELECT p.name, b.typname, b.typcategory FROM "
            "pg_catalog.pg_prepared_statements p CROSS JOIN LATERAL "
            "pg_catalog.unnest(p.parameter_types::oid[]) WITH ORDINALITY u(type, place) JOIN "
            "pg_catalog.pg_type t ON t.oid = u.type JOIN pg_catalog.pg_type b ON b.oid = CASE WHEN "
            "t.typtype = 'd' THEN t.typbasetype ELSE t.oid END WHERE p.name LIKE "
            "'rehearse\\_described\\_%' ORDER BY p.name, u.place");
    for (int i = 0; i < rows.size(); ++i) {
        const auto index =
            number_in<std::size_t>(std::string_view{rows.text(i, 0)}.substr(prefix.size()));
        std::get<std::vector<TypeClass>>(descriptions.at(index))
            .push_back(type_class(rows.text(i, 1), rows.text(i, 2)));
    }
    run("/* rehearse */ DEALLOCATE ALL");
    return descriptions;
}

}  // namespace

std::unique_ptr<database::StatementSource> open_statement_source(const Destination& destination) {
    return std::make_unique<PostgresStatementSource>(destination);
}

}  // namespace harness::postgres
