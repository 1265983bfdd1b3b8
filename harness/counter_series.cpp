#include "harness/counter_series.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace harness {

template <typename Number>
std::optional<Number> CounterSeries::Growth<Number>::add(std::optional<Number> now) {
    if (!now) {
        return std::nullopt;
    }
    if (last_ && *now > *last_) {
        total_ += *now - *last_;
    }
    last_ = now;
    return total_;
}

CounterSeries::CounterSeries(std::vector<std::string> tables) : tables_(tables.size()) {
    for (auto& name : tables) {
        server_.tables.emplace_back().name = std::move(name);
    }
}

CounterSeries::Updates CounterSeries::grow(Table& table,
                                           const std::optional<database::TableCounters>& read) {
    if (!read || read->identity != table.identity) {
        table.updates.forget();
        table.hot_updates.forget();
    }
    if (!read) {
        return {};
    }
    table.identity = read->identity;
    return {table.updates.add(read->updates), table.hot_updates.add(read->hot_updates)};
}

void CounterSeries::add(double at_s, const database::Counters& read,
                        std::optional<double> replica_lag_s) {
    reports::ServerSample sample;
    sample.at_s = at_s;
    sample.log_bytes = log_bytes_.add(read.log_bytes);
    sample.checkpoints = checkpoints_.add(read.checkpoints);
    sample.cache_hits = cache_hits_.add(read.cache_hits);
    sample.cache_misses = cache_misses_.add(read.cache_misses);
    const auto updates = grow(all_, read.all_tables);
    sample.updates = updates.all;
    sample.hot_updates = updates.hot;
    sample.replica_lag_s = replica_lag_s;
    server_.samples.push_back(sample);
    for (std::size_t i = 0; i < tables_.size() && i < read.tables.size(); ++i) {
        const auto [all, hot] = grow(tables_[i], read.tables[i]);
        auto& table = server_.tables[i];
        table.updates = all ? all : table.updates;
        table.hot_updates = hot ? hot : table.hot_updates;
    }
}

void CounterSeries::sizes_before(std::span<const database::StoredBytes> sizes) {
    for (std::size_t i = 0; i < server_.tables.size() && i < sizes.size(); ++i) {
        server_.tables[i].bytes_before = sizes[i].table;
        server_.tables[i].index_bytes_before = sizes[i].indexes;
    }
}

void CounterSeries::sizes_after(std::span<const database::StoredBytes> sizes) {
    for (std::size_t i = 0; i < server_.tables.size() && i < sizes.size(); ++i) {
        server_.tables[i].bytes_after = sizes[i].table;
        server_.tables[i].index_bytes_after = sizes[i].indexes;
    }
}

reports::Server CounterSeries::take() {
    std::vector<reports::TableSize> told;
    std::set<std::int64_t> identities;
    for (std::size_t i = 0; i < tables_.size(); ++i) {
        auto& table = server_.tables[i];
        const bool known = table.bytes_before || table.bytes_after || table.updates;
        const auto identity = tables_[i].identity;
        if (known && (identity == 0 || identities.insert(identity).second)) {
            told.push_back(std::move(table));
        }
    }
    server_.tables = std::move(told);
    return std::move(server_);
}

}  // namespace harness
