#include "harness/postgres/table_chunks.hpp"

#include "harness/postgres/control.hpp"

#include <algorithm>

namespace harness::postgres {
namespace {

constexpr std::uint64_t page_bytes = 8192;  // BLCKSZ; another one makes other chunks, no wrong ones
constexpr std::uint64_t least_bytes = std::uint64_t{1} << 20;
constexpr std::uint64_t most_bytes = std::uint64_t{256} << 20;
// Below this a table is read by one statement where ranges of pages cannot be read.
constexpr std::uint64_t worth_ranges = std::uint64_t{8} << 20;
constexpr std::uint64_t sampled_pages = 2000;
constexpr int first_with_tid_ranges = 140'000;

std::string tid(std::uint64_t page) {
    return "'(" + std::to_string(page) + ",0)'::pg_catalog.tid";
}

void add_page_ranges(ChunkSources& sources, const Leaf& leaf, const std::string& from,
                     std::uint64_t size) {
    const std::uint64_t pages = leaf.bytes / page_bytes;
    const std::uint64_t step = std::max<std::uint64_t>(size / page_bytes, 1);
    std::uint64_t page = 0;
    do {
        const bool last = page + step >= pages;  // without an end: whatever the size said
        ChunkSource chunk{.from = from, .bytes = std::min(step, pages - page) * page_bytes};
        if (page > 0 || !last) {
            chunk.where = "ctid >= " + tid(page) + (last ? "" : " AND ctid < " + tid(page + step));
            chunk.ranged = true;
        }
        sources.chunks.push_back(std::move(chunk));
        page += step;
    } while (page < pages);
}

// Bounds between `parts` ranges of about the same number of rows, as lists of SQL literals. A
// sample of whole pages does: where two rows of the same key's neighbourhood fall decides nothing.
std::vector<std::string> key_bounds(database::Control& control, const CatalogTable& table,
                                    const std::string& from, std::uint64_t bytes,
                                    std::uint64_t parts) {
    std::string names, literals;
    for (const auto& name : table.key) {
        const auto column =
            std::ranges::find(table.shape.columns, name, &database::TableColumn::name);
        names += (names.empty() ? "" : ", ") + quoted_identifier(name);
        literals += (literals.empty() ? "" : " || ', ' || ") +
                    ("pg_catalog.quote_literal(" + quoted_identifier(name) +
                     "::pg_catalog.text) || '::" + column->cast_to + "'");
    }
    const auto pages = std::max<std::uint64_t>(bytes / page_bytes, 1);
    const double percent =
        std::min(100.0, 100.0 * static_cast<double>(sampled_pages) / static_cast<double>(pages));
    const auto answer = ask(control, "SELECT " + literals + " FROM (SELECT " + names +
                                         ", pg_catalog.row_number() OVER (ORDER BY " + names +
                                         ") AS n, pg_catalog.count(*) OVER () AS c FROM " + from +
                                         " TABLESAMPLE SYSTEM (" + std::to_string(percent) +
                                         ") REPEATABLE (1)) sample WHERE n * " +
                                         std::to_string(parts) + " / c <> (n - 1) * " +
                                         std::to_string(parts) + " / c AND n < c ORDER BY n");
    std::vector<std::string> bounds;
    for (const auto& row : answer.rows) {
        bounds.push_back("(" + *row[0] + ")");
    }
    return bounds;
}

void add_key_ranges(database::Control& control, ChunkSources& sources, const CatalogTable& table,
                    const std::string& from, std::uint64_t bytes, std::uint64_t size) {
    const std::uint64_t parts = bytes / size + 1;
    std::string key;
    for (const auto& name : table.key) {
        key += (key.empty() ? "(" : ", ") + quoted_identifier(name);
    }
    key += ")";
    const auto bounds = key_bounds(control, table, from, bytes, parts);
    for (std::size_t i = 0; i <= bounds.size(); ++i) {
        ChunkSource chunk{.from = from, .bytes = bytes / (bounds.size() + 1)};
        if (i > 0) {
            chunk.where = key + " >= " + bounds[i - 1];
        }
        if (i < bounds.size()) {
            chunk.where += (i > 0 ? " AND " : "") + key + " < " + bounds[i];
        }
        chunk.ranged = !bounds.empty();
        sources.chunks.push_back(std::move(chunk));
    }
}

}  // namespace

std::uint64_t chunk_bytes(std::uint64_t table_bytes, std::size_t workers) noexcept {
    return std::clamp(table_bytes / (std::max<std::size_t>(workers, 1) * 32), least_bytes,
                      most_bytes);
}

ChunkSources cut_into_chunks(database::Control& control, const CatalogTable& table,
                             int server_version, std::size_t workers) {
    ChunkSources sources;
    const std::uint64_t size = chunk_bytes(table.shape.bytes, workers);
    const std::string alias = " AS " + table.alias;
    bool pages = false, keys = false;
    const auto add_other = [&](const std::string& from, std::uint64_t bytes, bool sampled) {
        if (workers > 1 && sampled && !table.key.empty() && bytes >= worth_ranges) {
            add_key_ranges(control, sources, table, from, bytes, size);
            keys = true;
        } else {
            sources.chunks.push_back({.from = from, .where = {}, .bytes = bytes});
        }
    };
    if (table.leaves.empty()) {
        add_other(table.shape.name + alias, table.shape.bytes, table.sampled);
    }
    for (const auto& leaf : table.leaves) {
        const std::string from = "ONLY " + leaf.name + alias;
        if (leaf.heap && server_version >= first_with_tid_ranges) {
            add_page_ranges(sources, leaf, from, size);
            pages = true;
        } else {
            add_other(from, leaf.bytes, leaf.sampled);
        }
    }
    sources.method = sources.chunks.size() == 1 ? "whole"
                     : pages                    ? "ranges of pages"
                     : keys                     ? "ranges of the key"
                                                : "partitions";
    return sources;
}

}  // namespace harness::postgres
