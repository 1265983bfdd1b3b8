// What a server counted while it was watched, from its readings. No I/O, no clock of its own.
#pragma once

#include "harness/database/server_counters.hpp"
#include "reports/record.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace harness {

// A server that crashed counts from nothing again, and a table's name may stand for another table
// or for other partitions than before: what cannot be compared with the reading before it adds
// nothing and is what the next one is compared with. So a figure may lack the second in which that
// happened, and never holds what others did before.
class CounterSeries {
public:
    // `tables`: whose sizes and updates are told, in the order of Counters::tables.
    explicit CounterSeries(std::vector<std::string> tables);

    // One reading, by time.
    void add(double at_s, const database::Counters& read, std::optional<double> replica_lag_s);

    // In the order of the tables, or empty: not known.
    void sizes_before(std::span<const database::StoredBytes> sizes);
    void sizes_after(std::span<const database::StoredBytes> sizes);

    // Without tables of which nothing is known, and each once, however many names it has.
    [[nodiscard]] reports::Server take();

private:
    template <typename Number>
    class Growth {
    public:
        // Since the first reading; empty where this one is.
        std::optional<Number> add(std::optional<Number> now);
        void forget() { last_.reset(); }

    private:
        std::optional<Number> last_;
        Number total_{};
    };
    struct Table {
        std::int64_t identity = 0;
        Growth<std::uint64_t> updates, hot_updates;
    };
    struct Updates {
        std::optional<std::uint64_t> all, hot;
    };

    [[nodiscard]] static Updates grow(Table& table,
                                      const std::optional<database::TableCounters>& read);

    Growth<std::int64_t> log_bytes_;
    Growth<std::uint64_t> checkpoints_, cache_hits_, cache_misses_;
    Table all_;
    std::vector<Table> tables_;
    reports::Server server_;
};

}  // namespace harness
