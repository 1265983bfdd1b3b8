// Writes the HTML report of a large run and tells what that cost, as one line of JSON:
// {"seconds": 0.9, "cpu_seconds": 0.9, "peak_bytes": ..., "added_bytes": ..., "file_bytes": ...}.
// `added` is what writing needed beyond the record itself.
//
// bench_report OUT.html [SECONDS OPERATIONS EPISODES]; an hour, 100 and 10,000 when left out.
#include "reports/html.hpp"
#include "reports/verdict.hpp"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>
#include <string>

#include <sys/resource.h>

namespace {

using reports::PhaseName;

struct Size {
    std::uint32_t seconds = 3'600, operations = 100, episodes = 10'000;
};

constexpr std::uint32_t calls_a_second = 20;  // of each operation

class Maker {
public:
    explicit Maker(const Size& size) : size_{size} {}

    reports::Record record() {
        reports::Record record;
        add_run(record);
        add_load(record);
        add_locks(record);
        add_server(record);
        reports::decide(record, reports::default_gates());
        return record;
    }

private:
    [[nodiscard]] double at(double share) const { return share * size_.seconds; }

    [[nodiscard]] PhaseName phase_of(std::uint32_t second) const {
        return second < at(0.05)  ? PhaseName::warmup
               : second < at(0.3) ? PhaseName::before
               : second < at(0.8) ? PhaseName::during
                                  : PhaseName::after;
    }

    void add_run(reports::Record& record) {
        record.run = {.id = "big",
                      .started_at = "2026-01-01T00:00:00Z",
                      .finished_at = "2026-01-01T01:00:00Z",
                      .seed = 42,
                      .scenario = "an hour of a busy shop",
                      .scenario_file = "shop.yaml",
                      .description = "generated",
                      .version = "0.1.0",
                      .overridden = {},
                      .duration_s = at(1)};
        record.target.engine = "PostgreSQL";
        record.target.version = "16";
        record.target.database = "shop";
        record.connections = 64;
        record.asked_rate = static_cast<double>(calls_a_second) * size_.operations;
        record.phases = {{PhaseName::warmup, 0, at(0.05)},
                         {PhaseName::before, at(0.05), at(0.3)},
                         {PhaseName::during, at(0.3), at(0.8)},
                         {PhaseName::after, at(0.8), at(1)}};
        for (int i = 0; i < 40; ++i) {
            reports::Step step;
            step.name = "step " + std::to_string(i);
            step.kind = i % 4 == 3 ? "backfill" : "sql";
            step.statement =
                "ALTER TABLE orders ALTER COLUMN c" + std::to_string(i) + " SET NOT NULL";
            step.start_s = at(0.3 + 0.5 * i / 40);
            step.end_s = at(0.3 + 0.5 * (i + 0.9) / 40);
            step.outcome = "ok";
            step.attempts = {
                {.start_s = step.start_s, .end_s = step.end_s, .outcome = "ok", .error = {}}};
            step.locks = {{.relation = "orders",
                           .mode = "AccessExclusiveLock",
                           .waited_s = 0.1,
                           .held_s = 0.2}};
            record.steps.push_back(step);
        }
    }

    void add_load(reports::Record& record) {
        for (std::uint32_t i = 0; i < size_.operations; ++i) {
            record.operations.emplace_back().name = "operation_" + std::to_string(i);
        }
        for (std::uint32_t second = 0; second < size_.seconds; ++second) {
            reports::Histogram all;
            for (std::uint32_t i = 0; i < size_.operations; ++i) {
                all.merge(add_second(record, second, i));
            }
            record.seconds.push_back({.done = static_cast<std::uint32_t>(all.count()),
                                      .failed = second % 97 == 0 ? 3U : 0U,
                                      .due = calls_a_second * size_.operations,
                                      .p50_us = all.quantile_us(0.5),
                                      .p99_us = all.quantile_us(0.99),
                                      .max_us = all.max_us(),
                                      .blocked = second % 11});
        }
    }

    // Log-normal, as response times are; slower while the migration runs. A rolling deploy in the
    // middle: each version has its calls.
    const reports::Histogram& add_second(reports::Record& record, std::uint32_t second,
                                         std::uint32_t operation) {
        const auto phase = phase_of(second);
        std::lognormal_distribution<double> latency{
            7.5 + operation * 0.01 + (phase == PhaseName::during ? 0.4 : 0.0), 0.7};
        std::bernoulli_distribution is_new{second < at(0.5) ? 0.0 : second > at(0.6) ? 1.0 : 0.5};
        std::array<reports::Histogram, 2> by_app;
        for (std::uint32_t call = 0; call < calls_a_second; ++call) {
            by_app[is_new(random_) ? 1 : 0].record_us(static_cast<std::int64_t>(latency(random_)) +
                                                      1);
        }
        whole_.clear();
        for (std::uint32_t app = 0; app < 2; ++app) {
            if (by_app[app].count() > 0) {
                auto& calls =
                    record.operations[operation].by_app[app][static_cast<std::size_t>(phase)];
                calls.count += by_app[app].count();
                calls.response.merge(by_app[app]);
                record.latencies.append(
                    second, reports::Series{.operation = operation, .app = app}.number(),
                    by_app[app]);
                whole_.merge(by_app[app]);
            }
        }
        return whole_;
    }

    void add_locks(reports::Record& record) {
        std::uniform_int_distribution<int> waiters{1, 20};
        std::uniform_real_distribution<double> length{0.02, 1.5};
        record.locks.samples = size_.seconds * 50ULL;
        record.locks.sample_interval_ms = 20;
        for (std::uint32_t i = 0; i < size_.episodes; ++i) {
            reports::LockEpisode episode;
            episode.start_s = at(0.05) + at(0.9) * i / size_.episodes;
            episode.end_s = episode.start_s + length(random_);
            episode.blocker = {.pid = 1'000 + i % 64,
                               .kind = "operation",
                               .step = {},
                               .operation = "operation_" + std::to_string(i % size_.operations),
                               .query = "UPDATE stock SET left_over = left_over - 1 WHERE id = " +
                                        std::to_string(i * 7'919ULL),
                               .state = "active"};
            episode.relation = "table_" + std::to_string(i % 9);
            episode.mode = "RowExclusiveLock";
            episode.kind = "row";
            add_waits(record, i, waiters(random_), episode);
            record.locks.episodes.push_back(episode);
        }
    }

    void add_waits(reports::Record& record, std::uint32_t number, int count,
                   reports::LockEpisode& episode) {
        std::uniform_real_distribution<double> share{0.0, 1.0};
        episode.max_blocked = static_cast<std::uint32_t>(count);
        const double span = episode.end_s - episode.start_s;
        for (int i = 0; i < count; ++i) {
            const double from = episode.start_s + share(random_) * span * 0.5;
            const auto name =
                "operation_" + std::to_string((number + static_cast<unsigned>(i)) % 100);
            record.locks.waits.push_back(
                {.episode = number,
                 .pid = 2'000 + i,
                 .behind = i == 0 || share(random_) < 0.7 ? episode.blocker.pid : 2'000 + i - 1,
                 .kind = "operation",
                 .name = name,
                 .relation = episode.relation,
                 .mode = "RowExclusiveLock",
                 .start_s = from,
                 .end_s = episode.end_s});
            episode.victim_seconds += episode.end_s - from;
            episode.longest_wait_ms =
                std::max(episode.longest_wait_ms, (episode.end_s - from) * 1e3);
            episode.victims.push_back({name, 1, (episode.end_s - from) * 1e3});
        }
    }

    void add_server(reports::Record& record) {
        for (std::uint32_t second = 0; second < size_.seconds; ++second) {
            record.server.samples.push_back({.at_s = static_cast<double>(second),
                                             .log_bytes = second * 3'000'000LL,
                                             .checkpoints = second / 300,
                                             .cache_hits = second * 20'000ULL,
                                             .cache_misses = second * 90ULL,
                                             .updates = second * 900ULL,
                                             .hot_updates = second * 610ULL,
                                             .replica_lag_s = 0.01 * (second % 17)});
        }
    }

    Size size_;
    std::mt19937_64 random_{42};
    reports::Histogram whole_;
};

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

long peak_bytes() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss * 1'024;
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 2 && count != 5) {
        std::fprintf(stderr, "bench_report OUT.html [SECONDS OPERATIONS EPISODES]\n");
        return 2;
    }
    Size size;
    if (count == 5) {
        const auto number = [&](int i) {
            return static_cast<std::uint32_t>(std::strtoul(arguments[i], nullptr, 10));
        };
        size = {.seconds = number(2), .operations = number(3), .episodes = number(4)};
    }
    const auto record = Maker{size}.record();

    const auto before = peak_bytes();
    const auto cpu_before = cpu_seconds();
    const auto begin = std::chrono::steady_clock::now();
    const auto page = reports::to_html(record);
    std::ofstream out{arguments[1], std::ios::binary};
    out << page;
    out.close();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    if (!out) {
        std::fprintf(stderr, "%s cannot be written\n", arguments[1]);
        return 1;
    }
    std::printf(
        "{\"seconds\": %.3f, \"cpu_seconds\": %.3f, \"peak_bytes\": %ld, \"added_bytes\": %ld, "
        "\"file_bytes\": %zu}\n",
        took.count(), cpu_seconds() - cpu_before, peak_bytes(), peak_bytes() - before, page.size());
    return 0;
}
