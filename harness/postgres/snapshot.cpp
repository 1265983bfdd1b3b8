#include "harness/postgres/snapshot.hpp"

#include "harness/postgres/column_kinds.hpp"
#include "harness/postgres/control.hpp"
#include "harness/postgres/identity.hpp"
#include "harness/postgres/number_in.hpp"
#include "harness/postgres/table_catalog.hpp"
#include "harness/postgres/table_chunks.hpp"
#include "harness/postgres/table_reader.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace harness::postgres {
namespace {

using database::Chunk;
using database::Projection;
using database::TableColumn;
using database::UnknownName;

class PostgresScan final : public database::TableScan {
public:
    PostgresScan(std::shared_ptr<const ReadPlan> plan, std::vector<TableColumn> columns,
                 std::string method)
        : plan_{std::move(plan)}, columns_{std::move(columns)}, method_{std::move(method)} {
        for (const auto& source : plan_->sources) {
            chunks_.push_back({.number = chunks_.size(), .bytes = source.bytes});
        }
    }

    [[nodiscard]] const std::vector<TableColumn>& columns() const override { return columns_; }
    [[nodiscard]] std::span<const Chunk> chunks() const override { return chunks_; }
    [[nodiscard]] const std::string& method() const override { return method_; }
    [[nodiscard]] std::unique_ptr<database::TableReader> open_reader() const override {
        return postgres::open_reader(plan_);
    }

private:
    std::shared_ptr<const ReadPlan> plan_;
    std::vector<TableColumn> columns_;
    std::vector<Chunk> chunks_;
    std::string method_;
};

// A column of what is read, and how it is asked for.
struct Selected {
    TableColumn column;
    FieldType field;
    std::string sql;
};

class PostgresSnapshot final : public database::Snapshot {
public:
    PostgresSnapshot(const Target& target, std::span<const std::string> tables,
                     const database::SnapshotOptions& options);

    database::TableShape shape(const std::string& table) override {
        return table_of(oids_.at(table)).shape;
    }
    std::string fence() override {
        return *ask(*control_, "SELECT pg_catalog.txid_current_snapshot()").rows.at(0).at(0);
    }
    std::unique_ptr<database::TableScan> scan(const database::TableShape& shape,
                                              std::span<const Projection> projections,
                                              const database::ScanOptions& options) override;

private:
    [[nodiscard]] const CatalogTable& table_of(std::uint32_t oid);
    [[nodiscard]] std::uint32_t type_of(const CatalogTable& table, const std::string& expression);
    [[nodiscard]] Selected select(const CatalogTable& table, const Projection& projection,
                                  checksum::Scale scale);

    Destination destination_;
    database::SnapshotOptions options_;
    std::unique_ptr<database::Control> control_;  // its transaction holds snapshot and locks
    int server_version_ = 0;
    std::string name_;
    std::optional<ColumnKinds> kinds_;
    std::map<std::string, std::uint32_t> oids_;
    std::map<std::uint32_t, CatalogTable> tables_;
};

// Plans for a table are made with ACCESS SHARE on it, its heirs, and what is under a view; the
// locks stay until the transaction's end.
std::string lock_statement(const std::string& name) {
    return "SELECT FROM " + name + " LIMIT 0";
}

PostgresSnapshot::PostgresSnapshot(const Target& target, std::span<const std::string> tables,
                                   const database::SnapshotOptions& options)
    : destination_{target.conninfo("checksum")}, options_{options} {
    ControlOptions control_options;
    control_options.lock_timeout = options.lock_timeout;
    const auto holder = open_control(destination_, control_options);
    // All connections lead to this one server: a snapshot's name may exist on another one, too.
    destination_.server = std::make_shared<const ServerIdentity>(identity_of_server(*holder));
    control_ = open_control(destination_, control_options);
    for (const auto& table : tables) {
        oids_.emplace(table, resolve_table(*holder, table));
    }
    // Locked before the snapshot is taken: a table that is rewritten or truncated between the two
    // would look empty to it.
    std::vector<std::string> locks;
    ask(*holder, "BEGIN READ ONLY");
    ask(*holder, "SET LOCAL row_security = off");
    for (const auto& [table, oid] : oids_) {
        locks.push_back(lock_statement(quoted_name(*holder, oid)));
        ask(*holder, locks.back());
    }
    for (const auto& setting : session_settings(options.lock_timeout)) {
        ask(*control_, setting);
    }
    ask(*control_, begin_snapshot);
    const auto exported = ask(*control_,
                              "SELECT pg_catalog.pg_export_snapshot(), "
                              "pg_catalog.current_setting('server_version_num')");
    name_ = *exported.rows.at(0).at(0);
    server_version_ = number_in<int>(exported.rows[0].at(1));
    for (const auto& lock : locks) {
        ask(*control_, lock);
    }
    kinds_.emplace(*control_);
}

const CatalogTable& PostgresSnapshot::table_of(std::uint32_t oid) {
    const auto known = tables_.find(oid);
    if (known != tables_.end()) {
        return known->second;
    }
    return tables_.emplace(oid, read_table(*control_, *kinds_, oid)).first->second;
}

// pg_typeof looks at the type alone: no row is read. The line break ends a comment.
std::uint32_t PostgresSnapshot::type_of(const CatalogTable& table, const std::string& expression) {
    ask(*control_, "SAVEPOINT rehearse_type");
    const auto answer = control_->execute(
        "SELECT pg_catalog.pg_typeof(s.value)::pg_catalog.oid FROM (VALUES (1)) one LEFT JOIN "
        "(SELECT (" +
        expression + "\n) AS value FROM " + table.shape.name + " AS " + table.alias +
        " LIMIT 0) s ON true");
    if (!answer.ok()) {
        if (answer.error->kind == database::ErrorKind::connection_lost) {
            throw database::Outage{*answer.error};
        }
        ask(*control_, "ROLLBACK TO SAVEPOINT rehearse_type");
        throw UnknownName{"\"" + expression + "\" cannot be read from " + table.shape.name + ": " +
                          answer.error->message};
    }
    ask(*control_, "RELEASE SAVEPOINT rehearse_type");
    return number_in<std::uint32_t>(answer.rows.at(0).at(0));
}

Selected PostgresSnapshot::select(const CatalogTable& table, const Projection& projection,
                                  checksum::Scale scale) {
    Selected selected;
    std::uint32_t type = 0;
    if (projection.expression.empty()) {
        const auto& name = projection.column.empty() ? projection.name : projection.column;
        const auto column = std::ranges::find(table.shape.columns, name, &TableColumn::name);
        if (column == table.shape.columns.end()) {
            throw UnknownName{"there is no column " + name + " in " + table.shape.name};
        }
        selected.column = *column;
        selected.sql = quoted_identifier(name);
        type = table.types[static_cast<std::size_t>(column - table.shape.columns.begin())];
    } else {
        selected.sql = "(" + projection.expression + "\n)";
        type = type_of(table, projection.expression);
    }
    selected.column.name = projection.name;
    if (!projection.cast_to.empty()) {
        selected.sql = "CAST(" + selected.sql + " AS " + projection.cast_to + ")";
        type = type_of(table, selected.sql);
    }
    const ColumnKind& kind = kinds_->of(type);
    if (kind.as_text) {
        selected.sql = "CAST(" + selected.sql + " AS pg_catalog.text)";
    }
    if (selected.column.type.empty() || !projection.cast_to.empty()) {
        selected.column.type = kind.cast_to;
    }
    selected.column.cast_to = kind.cast_to;
    selected.column.kind = kind_of(kind.field, scale);
    selected.column.tag = kind.field.tag;
    selected.field = kind.field;
    return selected;
}

std::unique_ptr<database::TableScan> PostgresSnapshot::scan(const database::TableShape& shape,
                                                            std::span<const Projection> projections,
                                                            const database::ScanOptions& options) {
    const CatalogTable& table = table_of(static_cast<std::uint32_t>(shape.identity));
    auto plan = std::make_shared<ReadPlan>(ReadPlan{
        .destination = destination_,
        .table = table.shape.name,
        .snapshot = name_,
        .lock = lock_statement(table.shape.name),
        .lock_timeout = options_.lock_timeout,
        .sources = {},
        .select = {},
        .fields = {},
        .scale = options.scale,
    });
    std::vector<TableColumn> columns;
    for (const auto& projection : projections) {
        auto selected = select(table, projection, options.scale);
        plan->select += (plan->select.empty() ? "" : ", ") + selected.sql;
        plan->fields.push_back(std::move(selected.field));
        columns.push_back(std::move(selected.column));
    }
    auto cut = cut_into_chunks(*control_, table, server_version_, options.workers);
    plan->sources = std::move(cut.chunks);
    return std::make_unique<PostgresScan>(std::move(plan), std::move(columns),
                                          std::move(cut.method));
}

}  // namespace

std::unique_ptr<database::Snapshot> open_snapshot(const Target& target,
                                                  std::span<const std::string> tables,
                                                  const database::SnapshotOptions& options) {
    return std::make_unique<PostgresSnapshot>(target, tables, options);
}

}  // namespace harness::postgres
