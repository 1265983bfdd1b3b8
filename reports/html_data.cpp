// What the charts of the HTML report show. Read by reports/web/src/data.ts, which mirrors the
// shape.
//
// Built for size: an hour of a hundred operations and ten thousand lock episodes must stay below a
// few megabytes, deflated. Texts stand in one table and are named by their number; times that rise
// are told as differences; the heatmap has at most 600 columns and of each only the rows in use.
#include "reports/chart_locks.hpp"
#include "reports/chart_writer.hpp"
#include "reports/findings.hpp"
#include "reports/html.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace reports {

namespace {

using namespace charts;

constexpr std::uint32_t most_columns = 600;
constexpr int rows_per_decade = 8;
constexpr std::size_t row_count = 77;  // 1 us to 1 h, and what is longer

constexpr std::array quantiles{0.0,    0.05,   0.1,    0.2,     0.3,     0.4,      0.5,
                               0.6,    0.7,    0.75,   0.8,     0.85,    0.9,      0.925,
                               0.95,   0.9625, 0.975,  0.98125, 0.9875,  0.99,     0.995,
                               0.9975, 0.999,  0.9995, 0.9999,  0.99999, 0.999999, 1.0};

// Row r holds what took from 10^(r/8) us up to the next one's.
class LatencyRows {
public:
    LatencyRows() {
        for (std::size_t row = 0; row < row_count; ++row) {
            lowest_[row] = static_cast<std::int64_t>(
                std::ceil(std::pow(10.0, static_cast<double>(row) / rows_per_decade)));
        }
        for (std::size_t bits = 0; bits < by_width_.size(); ++bits) {
            const std::int64_t least = bits == 0 ? 0 : std::int64_t{1} << (bits - 1);
            while (by_width_[bits] + 1 < row_count && lowest_[by_width_[bits] + 1] <= least) {
                ++by_width_[bits];
            }
        }
    }

    [[nodiscard]] std::size_t of(std::int64_t us) const {
        auto row = by_width_[static_cast<std::size_t>(std::bit_width(
            static_cast<std::uint64_t>(std::clamp<std::int64_t>(us, 1, INT64_C(1) << 40))))];
        while (row + 1 < row_count && lowest_[row + 1] <= us) {
            ++row;
        }
        return row;
    }

private:
    std::array<std::int64_t, row_count> lowest_{};
    std::array<std::size_t, 64> by_width_{};
};

struct Span {
    std::uint32_t first = 0, end = 0;  // seconds
    std::uint32_t width = 1;           // of a heatmap's column

    [[nodiscard]] std::uint32_t columns() const { return (end - first + width - 1) / width; }
};

Span span_of(const Record& record) {
    double from = 0;
    double to = static_cast<double>(record.seconds.size());
    if (!record.phases.empty()) {
        from = record.phases.front().start_s;
        to = std::max(record.phases.back().end_s, record.phases.front().end_s);
    }
    constexpr double most_seconds = 1e8;
    Span span;
    span.first = static_cast<std::uint32_t>(std::clamp(std::floor(from), 0.0, most_seconds));
    span.end = static_cast<std::uint32_t>(std::clamp(std::ceil(to), 0.0, most_seconds));
    span.end = std::max(span.end, span.first + 1);
    span.width = (span.end - span.first + most_columns - 1) / most_columns;
    return span;
}

// Of one operation: calls by column and row, of each version that sent any, and failures by column.
struct Heat {
    std::array<std::vector<std::uint32_t>, 2> by_app;
    std::vector<std::uint32_t> failed;
};

std::vector<Heat> heats_of(const Record& record, const Span& span) {
    static const LatencyRows rows;
    std::vector<Heat> heats(record.operations.size());
    const auto add = [](std::vector<std::uint32_t>& cells, std::size_t all, std::size_t at,
                        std::uint64_t times) {
        cells.resize(all);
        cells[at] += static_cast<std::uint32_t>(std::min<std::uint64_t>(times, UINT32_MAX / 2));
    };
    SecondLog::for_each_entry({&record.latencies}, [&](const SecondLog::Entry& entry) {
        const auto series = Series::of(entry.series);
        if (series.operation >= heats.size() || entry.second < span.first ||
            entry.second >= span.end) {
            return;
        }
        auto& heat = heats[series.operation];
        const std::size_t column = (entry.second - span.first) / span.width;
        const auto count = [&](std::int64_t us, std::uint64_t times) {
            if (series.failed) {
                add(heat.failed, span.columns(), column, times);
            } else {
                add(heat.by_app[series.app], span.columns() * row_count,
                    column * row_count + rows.of(us), times);
            }
        };
        for (const auto& bucket : entry.buckets) {
            count(std::min(bucket.edge_us, entry.max_us), bucket.times);
        }
        if (entry.saturated > 0) {
            count(entry.max_us, entry.saturated);
        }
    });
    return heats;
}

// Column by column: the first row in use, how many rows from there, and each one's calls; an empty
// column is one 0 behind a row 0.
void put_cells(const std::vector<std::uint32_t>& cells, Writer& out) {
    out.open('[');
    for (std::size_t column = 0; column * row_count < cells.size(); ++column) {
        const auto* begin = cells.data() + column * row_count;
        std::size_t first = 0;
        std::size_t end = row_count;
        while (first < end && begin[first] == 0) {
            ++first;
        }
        while (end > first && begin[end - 1] == 0) {
            --end;
        }
        out.number(static_cast<std::int64_t>(first == end ? 0 : first));
        out.number(static_cast<std::int64_t>(end - first));
        for (auto row = first; row < end; ++row) {
            out.number(begin[row]);
        }
    }
    out.close(']');
}

void put_curve(const Histogram& histogram, Writer& out) {
    out.open('[');
    for (const double q : quantiles) {
        if (histogram.count() == 0) {
            break;
        }
        out.number(histogram.quantile_us(q));
    }
    out.close(']');
}

void put_operations(const Record& record, const Span& span, Strings& strings, Writer& out) {
    const auto heats = heats_of(record, span);
    out.key("operations").open('[');
    for (std::size_t i = 0; i < record.operations.size(); ++i) {
        const auto& operation = record.operations[i];
        out.open('{').key("name").number(strings.number_of(operation.name));
        out.key("heat").open('[');
        put_cells(heats[i].by_app[0], out);
        put_cells(heats[i].by_app[1], out);
        out.close(']').key("failed").numbers(heats[i].failed);
        out.key("curves").open('[');
        for (const auto& versions : operation.by_app) {
            out.open('[');
            for (const auto phase : judged_phases) {
                put_curve(versions[static_cast<std::size_t>(phase)].response, out);
            }
            out.close(']');
        }
        out.close(']').close('}');
    }
    out.close(']');
}

void put_seconds(const Record& record, const Span& span, Writer& out) {
    const auto column = [&](const char* key, auto&& figure) {
        out.key(key).open('[');
        for (auto i = span.first; i < span.end && i < record.seconds.size(); ++i) {
            out.number(static_cast<std::int64_t>(figure(record.seconds[i])));
        }
        out.close(']');
    };
    out.key("seconds").open('{');
    column("due", [](const Second& s) { return s.due; });
    column("done", [](const Second& s) { return s.done; });
    column("failed", [](const Second& s) { return s.failed; });
    column("p50", [](const Second& s) { return s.p50_us; });
    column("p99", [](const Second& s) { return s.p99_us; });
    column("blocked", [](const Second& s) { return s.blocked; });
    out.close('}');
}

void put_events(const Record& record, Strings& strings, Writer& out) {
    out.key("phases").open('[');
    for (const auto& phase : record.phases) {
        out.open('[').number(strings.number_of(name_of(phase.name)));
        out.number(ms_of(phase.start_s)).number(ms_of(phase.end_s)).close(']');
    }
    out.close(']').key("steps").open('[');
    for (const auto& step : record.steps) {
        if (step.outcome != "skipped") {
            out.open('[').number(strings.number_of(step.name));
            out.number(ms_of(step.start_s)).number(ms_of(step.end_s));
            out.number(strings.number_of(step.outcome)).close(']');
        }
    }
    out.close(']').key("adversaries").open('[');
    for (const auto& adversary : record.adversaries) {
        if (adversary.outcome != "never ran") {
            out.open('[').number(strings.number_of(adversary.name));
            out.number(ms_of(adversary.start_s)).number(ms_of(adversary.end_s));
            out.number(strings.number_of(adversary.outcome)).close(']');
        }
    }
    out.close(']');
}

void put_server(const Record& record, Writer& out) {
    const auto& samples = record.server.samples;
    const auto column = [&](const char* key, auto ServerSample::*figure, double scale) {
        out.key(key).open('[');
        for (const auto& sample : samples) {
            if (sample.*figure) {
                out.number(std::llround(static_cast<double>(*(sample.*figure)) * scale));
            } else {
                out.null();
            }
        }
        out.close(']');
    };
    out.key("server").open('{').key("at").open('[');
    for (const auto& sample : samples) {
        out.number(ms_of(sample.at_s));
    }
    out.close(']');
    column("log_bytes", &ServerSample::log_bytes, 1);
    column("checkpoints", &ServerSample::checkpoints, 1);
    column("hits", &ServerSample::cache_hits, 1);
    column("misses", &ServerSample::cache_misses, 1);
    column("updates", &ServerSample::updates, 1);
    column("hot_updates", &ServerSample::hot_updates, 1);
    column("lag", &ServerSample::replica_lag_s, 1e3);
    out.close('}');
}

void put_part(const Record& record, Writer& out) {
    const auto span = span_of(record);
    Strings strings;
    out.open('{').key("from").number(std::int64_t{span.first} * 1'000);
    out.key("to").number(std::int64_t{span.end} * 1'000);
    out.key("column").number(std::int64_t{span.width} * 1'000);
    put_seconds(record, span, out);
    put_events(record, strings, out);
    put_locks(record, strings, out);
    put_operations(record, span, strings, out);
    put_server(record, out);
    strings.put(out);
    out.close('}');
}

}  // namespace

std::string chart_data(const Record& record) {
    Writer out;
    out.open('{').key("rows_per_decade").number(rows_per_decade);
    out.key("quantiles").open('[');
    for (const double q : quantiles) {
        out.number(std::llround(q * 1e6));
    }
    out.close(']').key("parts").open('[');
    put_part(record, out);
    if (record.rollback != nullptr) {
        put_part(*record.rollback, out);
    }
    out.close(']').close('}');
    return out.text();
}

}  // namespace reports
