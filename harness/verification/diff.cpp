#include "harness/verification/diff.hpp"

#include "harness/verification/row_spill.hpp"
#include "harness/verification/scan.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>
#include <variant>

namespace harness::verification {
namespace {

using database::TableShape;

struct Side {
    const TableShape& shape;
    const database::TableScan& scan;
    DiffSide& told;
};

class Comparison {
public:
    Comparison(const DiffSettings& settings, const checksum::RecordLayout& layout,
               Progress& progress, std::stop_token stop)
        : settings_{settings},
          layout_{layout},
          hasher_{layout.hasher(settings.seed)},
          directory_{settings.spill_directory.empty()
                         ? std::filesystem::temp_directory_path().string()
                         : settings.spill_directory},
          progress_{progress},
          stop_{std::move(stop)} {
        budget_ = std::make_shared<checksum::SpillBudget>(
            settings.spill_bytes != 0 ? settings.spill_bytes
                                      : std::filesystem::space(directory_).available / 2);
    }

    // Digests both and names what differs.
    checksum::TableDifference run(const Side& before, const Side& after, TableDiff& result) {
        std::optional<RowSpill> before_rows, after_rows;
        renew(before_rows);
        renew(after_rows);
        buckets_ = buckets_for(layout_.columns(), settings_.workers,
                               before.shape.bytes == 0 || after.shape.bytes == 0
                                   ? 0
                                   : std::max(before.shape.bytes, after.shape.bytes));
        const auto before_digest = read(before, *before_rows);
        const auto after_digest = read(after, *after_rows);
        before.told.rows = before_digest.rows();
        after.told.rows = after_digest.rows();
        auto difference = checksum::compare(before_digest, after_digest);
        if (difference.equal()) {
            return difference;
        }
        if (before_rows->error() || after_rows->error()) {
            renew(before_rows);  // the room is free again
            renew(after_rows);
            before_rows->keep_only(before_digest, difference.buckets);
            after_rows->keep_only(after_digest, difference.buckets);
            static_cast<void>(read(before, *before_rows));
            static_cast<void>(read(after, *after_rows));
        }
        name_rows(*before_rows, *after_rows, difference, before_digest.buckets(), result);
        return difference;
    }

private:
    void renew(std::optional<RowSpill>& rows) const {
        rows.emplace(layout_, hasher_, directory_, budget_);
    }

    checksum::TableDigest read(const Side& side, RowSpill& rows) {
        ScanSettings scan_settings;
        scan_settings.workers = settings_.workers;
        scan_settings.buckets = buckets_;
        scan_settings.max_rows_per_s = settings_.max_rows_per_s;
        scan_settings.observer = [&rows](std::size_t) { return rows.observer(); };
        progress_.begin(side.shape.name, side.shape.estimated_rows, side.shape.bytes,
                        Progress::Clock::now());
        auto scanned = scan(side.scan, hasher_, scan_settings, progress_, stop_);
        side.told.bytes += scanned.bytes;
        side.told.seconds += std::chrono::duration<double>(scanned.duration).count();
        return std::move(scanned.digest);
    }

    static void name_rows(RowSpill& before, RowSpill& after,
                          const checksum::TableDifference& difference, std::size_t buckets,
                          TableDiff& result) {
        for (const auto* spill : {&before, &after}) {
            if (spill->error()) {
                result.unnamed = spill->error()->message;
                return;
            }
        }
        auto compared = checksum::compare(
            before.take(), after.take(),
            {.partitions = checksum::partitions_of(difference.buckets, buckets)});
        if (auto* error = std::get_if<checksum::SpillError>(&compared)) {
            result.unnamed = error->message;
            return;
        }
        result.found = std::get<checksum::Mismatches>(std::move(compared));
        if (result.found.total() == 0) {
            result.unnamed = "the sums differ and no row does: please report this";
        }
    }

    const DiffSettings& settings_;
    const checksum::RecordLayout& layout_;
    const checksum::RowHasher hasher_;
    std::string directory_;
    std::size_t buckets_ = 0;  // on both sides
    std::shared_ptr<checksum::SpillBudget> budget_;
    Progress& progress_;
    std::stop_token stop_;
};

checksum::RecordLayout layout_of(const DiffPlan& plan, bool show_values) {
    checksum::RecordOptions options;
    for (std::size_t i = 0; i < plan.before.size(); ++i) {
        options.columns.push_back({.name = plan.before[i].name, .is_key = plan.is_key[i]});
    }
    options.keyed = plan.keyed;
    options.show_values = show_values && plan.keyed;  // without a key the row is its own name
    return checksum::RecordLayout{std::move(options)};
}

}  // namespace

TableDiff diff(database::Snapshot& before, const std::string& before_table,
               database::Snapshot& after, const std::string& after_table,
               const DiffSettings& settings, Progress& progress, std::stop_token stop) {
    const TableShape before_shape = before.shape(before_table);
    const TableShape after_shape = after.shape(after_table);
    DiffPlan plan = plan_diff(before_shape, after_shape, settings.columns, settings.maps);
    const database::ScanOptions options{.scale = settings.scale, .workers = settings.workers};
    const auto after_scan = after.scan(after_shape, plan.after, options);
    adapt_types(plan, before_shape, after_scan->columns(), settings.scale);
    const auto before_scan = before.scan(before_shape, plan.before, options);

    TableDiff result;
    result.before.table = before_shape.name;
    result.after.table = after_shape.name;
    result.only_after = plan.only_after;
    result.keyed = plan.keyed;
    const auto layout = layout_of(plan, settings.show_values);
    Comparison comparison{settings, layout, progress, std::move(stop)};
    const auto difference = comparison.run({before_shape, *before_scan, result.before},
                                           {after_shape, *after_scan, result.after}, result);
    result.equal = difference.equal();
    for (std::size_t i = 0; i < plan.before.size(); ++i) {
        const auto& read = plan.after[i];
        result.columns.push_back(
            {.name = read.name,
             .before_type = before_scan->columns()[i].type,
             .after = !read.expression.empty() ? read.expression
                      : read.column.empty()    ? read.name
                                               : read.column,
             .after_type = after_scan->columns()[i].type,
             .is_key = plan.keyed && plan.is_key[i],
             .equal = std::ranges::find(difference.columns, i) == difference.columns.end()});
    }
    if (!plan.keyed && !settings.show_values) {
        for (auto& mismatch : result.found.kept) {
            mismatch.key.clear();  // it is the row's values
        }
    }
    return result;
}

}  // namespace harness::verification
