#include "harness/verification/table_checksum.hpp"

#include "harness/verification/scan.hpp"

#include <algorithm>

namespace harness::verification {
namespace {

// Only their sum is told. These few stay in a core's first cache: 65,536 of them, as a comparison
// takes, cost a tenth of the client's CPU.
constexpr std::size_t buckets = 16;

}  // namespace

std::vector<database::Projection> columns_to_read(const database::TableShape& shape,
                                                  const std::vector<std::string>& wanted) {
    for (const auto& name : wanted) {
        if (std::ranges::find(shape.columns, name, &database::TableColumn::name) ==
            shape.columns.end()) {
            std::string message = "there is no column " + name + " in " + shape.name + "; it has";
            for (const auto& column : shape.columns) {
                message += (column.name == shape.columns.front().name ? " " : ", ") + column.name;
            }
            throw database::UnknownName{message};
        }
    }
    std::vector<database::Projection> projections;
    for (const auto& column : shape.columns) {
        if (wanted.empty() || column.is_key ||
            std::ranges::find(wanted, column.name) != wanted.end()) {
            projections.push_back({.name = column.name});
        }
    }
    if (projections.empty()) {
        throw database::Unreadable{"table " + shape.name + " has no columns"};
    }
    return projections;
}

TableChecksum checksum_of(database::Snapshot& snapshot, const std::string& table,
                          const ChecksumSettings& settings, Progress& progress,
                          std::stop_token stop) {
    const auto shape = snapshot.shape(table);
    const auto planned = snapshot.scan(shape, columns_to_read(shape, settings.columns),
                                       {.scale = settings.scale, .workers = settings.workers});
    std::vector<checksum::Column> columns;
    TableChecksum result;
    result.table = shape.name;
    for (const auto& column : planned->columns()) {
        columns.push_back({.name = column.name, .is_key = column.is_key});
        result.columns.push_back(
            {.name = column.name, .type = column.type, .is_key = column.is_key, .digest = {}});
    }
    const checksum::RowHasher hasher{std::move(columns), settings.seed};
    ScanSettings scan_settings;
    scan_settings.workers = std::min(settings.workers, planned->chunks().size());
    scan_settings.buckets = buckets;
    scan_settings.max_rows_per_s = settings.max_rows_per_s;
    progress.begin(shape.name, shape.estimated_rows, shape.bytes, Progress::Clock::now());
    const auto scanned = scan(*planned, hasher, scan_settings, progress, stop);
    result.rows = scanned.digest.rows();
    result.digest = scanned.digest.total();
    const auto sums = scanned.digest.column_sums();
    for (std::size_t i = 0; i < sums.size(); ++i) {
        result.columns[i].digest = sums[i];
    }
    result.bytes = scanned.bytes;
    result.seconds = std::chrono::duration<double>(scanned.duration).count();
    result.method = planned->method();
    result.chunks = planned->chunks().size();
    result.workers = scan_settings.workers;
    return result;
}

}  // namespace harness::verification
