// Random interleavings of workload, migration and hidden damage, against an oracle that holds whole
// rows in memory and knows nothing of digests.
#include "rehearsed_table.hpp"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>

namespace checksum {
namespace {

using testing::int_cell;
using testing::migration;
using testing::random_cell;
using testing::record_options;
using testing::RehearsedTable;
using testing::Row;
using testing::workload;

constexpr std::size_t width = 4;
constexpr std::int64_t ids = 60;

class Oracle {
public:
    explicit Oracle(const std::vector<Row>& rows) {
        for (const Row& row : rows) {
            expected_[row[0].bytes] = row;
        }
    }
    void by_workload(const Row& old, const Row* now) {
        expected_.erase(old[0].bytes);
        if (now != nullptr) {
            expected_[(*now)[0].bytes] = *now;
        }
    }
    // One transaction of the migration with one row.
    void by_migration(const Row& old, const Row* now) {
        difference(old[0], find(old), now, "by migration");
        by_workload(old, now);
    }
    std::vector<std::string> told(const std::vector<Row>& rows) {
        std::map<std::string, Row> found;
        for (const Row& row : rows) {
            found[row[0].bytes] = row;
        }
        for (std::int64_t id = 0; id < 2 * ids; ++id) {
            const Row key{int_cell(id)};
            const auto row = found.find(key[0].bytes);
            difference(key[0], find(key), row == found.end() ? nullptr : &row->second,
                       "not in the change stream");
        }
        std::ranges::sort(told_);
        return told_;
    }

private:
    const Row* find(const Row& key) {
        const auto found = expected_.find(key[0].bytes);
        return found == expected_.end() ? nullptr : &found->second;
    }
    void difference(const testing::Cell& key, const Row* expected, const Row* now,
                    const std::string& source) {
        std::int64_t id = 0;
        std::memcpy(&id, key.bytes.data(), 8);
        const std::string name = " id=" + std::to_string(id);
        if ((expected == nullptr) != (now == nullptr)) {
            told_.push_back((now == nullptr ? "lost" : "extra") + name + ": " + source);
        } else if (now != nullptr) {
            std::string columns;
            for (std::size_t i = 0; i < width; ++i) {
                if (!((*expected)[i].value() == (*now)[i].value())) {
                    columns += " (c" + std::to_string(i) + ")";
                }
            }
            if (!columns.empty()) {
                told_.push_back("changed" + name + columns + ": " + source);
            }
        }
    }

    std::map<std::string, Row> expected_;
    std::vector<std::string> told_;
};

Row random_row(std::mt19937_64& random, std::int64_t id) {
    Row row{int_cell(id)};
    while (row.size() < width) {
        row.push_back(random_cell(random));
    }
    return row;
}

Row changed_row(std::mt19937_64& random, Row row) {
    row[1 + random() % (width - 1)] = random_cell(random);
    return row;
}

struct Scene {
    RehearsedTable& table;
    Oracle& oracle;
    std::mt19937_64& random;

    void act(std::uint32_t source, std::int64_t id) {
        Row* const row = table.find(id);
        const auto tell = [&](const Row& old, const Row* now) {
            source == workload ? oracle.by_workload(old, now) : oracle.by_migration(old, now);
        };
        if (row == nullptr) {
            const Row fresh = random_row(random, id);
            table.insert(source, fresh);
            tell(fresh, &fresh);
        } else if (random() % 5 == 0) {
            const Row old = *row;
            table.remove(source, id);
            tell(old, nullptr);
        } else {
            const Row now = random() % 3 == 0 ? *row : changed_row(random, *row);
            Row carried = now;
            if (carried[2] == (*row)[2] && random() % 2 == 0) {
                carried[2] = {.presence = Presence::unchanged};
            }
            const Row old = *row;
            table.update(source, id, now, false, carried);
            tell(old, &now);
        }
    }
};

// Behind the stream, at the very end: earlier damage is carried on by whoever updates the row next,
// which is what old images and known statements are for.
void damage(Scene& scene) {
    for (std::uint64_t i = scene.random() % 4; i > 0; --i) {
        const auto id = static_cast<std::int64_t>(scene.random() % ids);
        if (const Row* row = scene.table.find(id)) {
            if (scene.random() % 3 == 0) {
                scene.table.lose_behind_the_stream(id);
            } else {
                scene.table.behind_the_stream(id, changed_row(scene.random, *row));
            }
        }
    }
}

void run(std::uint64_t seed, unsigned percent_migration, bool with_damage) {
    std::mt19937_64 random{seed};
    std::vector<Row> rows;
    for (std::int64_t id = 0; id < ids; id += 2) {
        rows.push_back(random_row(random, id));
    }
    auto options = record_options({"c0", "c1", "c2", "c3"});
    options.columns[0].name = "id";
    options.columns[2].may_be_unchanged_external = true;
    RehearsedTable table{options, options, rows};
    table.options.memory_bytes = random() % 2 == 0 ? std::size_t{24} << 20 : 4000;
    table.options.most_kept = 1000;
    Oracle oracle{rows};
    Scene scene{table, oracle, random};
    for (std::uint64_t i = random() % 300; i > 0; --i) {
        scene.act(random() % 100 < percent_migration ? migration : workload,
                  static_cast<std::int64_t>(random() % ids));
    }
    if (with_damage) {
        damage(scene);
    }
    const auto result = table.replayed();
    const auto expected = oracle.told(table.rows());
    ASSERT_EQ(RehearsedTable::told(result), expected) << "seed " << seed;
    ASSERT_EQ(result.inconsistencies, 0U);
    ASSERT_EQ(result.unverified, 0U);
    ASSERT_EQ(result.verdict(), expected.empty() ? LedgerVerdict::pass : LedgerVerdict::mismatch);
}

TEST(ReplayProperty, TheWorkloadAloneIsNeverAMismatch) {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        run(seed, 0, false);
    }
}

TEST(ReplayProperty, ExactlyTheDamageIsFound) {
    for (std::uint64_t seed = 1000; seed < 1200; ++seed) {
        run(seed, seed % 2 == 0 ? 0 : 5, true);
    }
}

TEST(ReplayProperty, ExactlyWhatTheMigrationChangedIsFound) {
    for (std::uint64_t seed = 2000; seed < 2100; ++seed) {
        run(seed, 30, seed % 2 == 0);
    }
}

}  // namespace
}  // namespace checksum
