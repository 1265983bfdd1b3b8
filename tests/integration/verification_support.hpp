// Checksums and comparisons of tables in a test's database.
#pragma once

#include "harness/postgres/snapshot.hpp"
#include "harness/verification/diff.hpp"
#include "harness/verification/table_checksum.hpp"
#include "tests/integration/throwaway.hpp"

#include <string>
#include <vector>

namespace tests {

class VerificationTest : public FreshDatabase {
protected:
    harness::verification::TableChecksum checksum(
        const std::string& table, harness::verification::ChecksumSettings settings = {}) {
        harness::verification::Progress progress;
        const auto snapshot = harness::postgres::open_snapshot(
            harness::postgres::Target::parse(uri()), std::vector{table}, {});
        return harness::verification::checksum_of(*snapshot, table, settings, progress, {});
    }

    std::string digest(const std::string& table,
                       harness::verification::ChecksumSettings settings = {}) {
        return hex(checksum(table, std::move(settings)).digest);
    }

    harness::verification::TableDiff diff(const std::string& before, const std::string& after,
                                          harness::verification::DiffSettings settings = {}) {
        harness::verification::Progress progress;
        const auto snapshot = harness::postgres::open_snapshot(
            harness::postgres::Target::parse(uri()), std::vector{before, after}, {});
        return harness::verification::diff(*snapshot, before, *snapshot, after, settings, progress,
                                           {});
    }

    // "changed id=3: total, status", sorted.
    static std::vector<std::string> found(const harness::verification::TableDiff& diff) {
        std::vector<std::string> lines;
        for (const auto& mismatch : diff.found.kept) {
            std::string line = name(mismatch.kind) + std::string{" "} + mismatch.key;
            for (std::size_t i = 0; i < mismatch.columns.size(); ++i) {
                line += (i == 0 ? ": " : ", ") + mismatch.columns[i];
            }
            lines.push_back(std::move(line));
        }
        std::sort(lines.begin(), lines.end());
        return lines;
    }
};

}  // namespace tests
