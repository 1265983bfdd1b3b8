// How fast logs are read, one core, from memory. The files are made here as pgbench -M prepared
// under log_min_duration_statement = 0 makes them; REHEARSE_BENCH_CSV, _JSON and _STDERR name real
// ones instead.
#include "workloads/logs/csvlog.hpp"
#include "workloads/logs/jsonlog.hpp"
#include "workloads/logs/stderr_log.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <type_traits>

#include <benchmark/benchmark.h>

namespace workloads::logs {
namespace {

constexpr std::size_t file_size = 64U << 20;

std::string file_named_by(const char* variable) {
    const char* path = std::getenv(variable);
    if (path == nullptr) {
        return {};
    }
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
}

// Seven records as a transaction of pgbench leaves them, and one in eight with quotes and lines.
std::string csv_file() {
    std::string file = file_named_by("REHEARSE_BENCH_CSV");
    for (std::uint64_t i = 0; file.size() < file_size; ++i) {
        const std::string number = std::to_string(1'000'000 + i * 7919 % 9'000'000);
        file +=
            "2024-03-01 10:00:01.250 UTC,\"postgres\",\"bench\",4711,\"[local]\",65e1a2b1.1267," +
            std::to_string(i + 1) + ",\"UPDATE\",2024-03-01 09:59:00 UTC,3/" + number + "," +
            number + ",LOG,00000,\"duration: 0.0" + std::to_string(i % 90 + 10) + " ms  ";
        file += i % 8 == 7
                    ? "statement: SELECT \"\"order\"\".id\n  FROM \"\"order\"\"\n  WHERE note = "
                      "'it''s " +
                          number + "'\",,"
                    : "execute P0_4: UPDATE pgbench_accounts SET abalance = abalance + $1 "
                      "WHERE aid = $2;\",\"parameters: $1 = '-1234', $2 = '" +
                          number + "'\",";
        file += ",,,,,,,\"pgbench\",\"client backend\",,-1806446361240379341\n";
    }
    return file;
}

std::string json_file() {
    std::string file = file_named_by("REHEARSE_BENCH_JSON");
    for (std::uint64_t i = 0; file.size() < file_size; ++i) {
        const std::string number = std::to_string(1'000'000 + i * 7919 % 9'000'000);
        file += R"({"timestamp":"2024-03-01 10:00:01.250 UTC","user":"postgres","dbname":"bench",)"
                R"("pid":4711,"remote_host":"[local]","session_id":"65e1a2b1.1267","line_num":)" +
                std::to_string(i + 1) +
                R"(,"ps":"UPDATE","session_start":"2024-03-01 09:59:00 UTC","vxid":"3/)" + number +
                R"(","txid":)" + number +
                R"(,"error_severity":"LOG","message":"duration: 0.042 ms  )";
        file += i % 8 == 7
                    ? R"(statement: SELECT \"order\".id\n  FROM \"order\"\n  WHERE id = )" + number
                    : "execute P0_4: UPDATE pgbench_accounts SET abalance = abalance + $1 WHERE "
                      R"(aid = $2;","detail":"parameters: $1 = '-1234', $2 = ')" +
                          number + "'";
        file += R"(","application_name":"pgbench","backend_type":"client backend","query_id":-18})"
                "\n";
    }
    return file;
}

std::string stderr_file() {
    std::string file = file_named_by("REHEARSE_BENCH_STDERR");
    for (std::uint64_t i = 0; file.size() < file_size; ++i) {
        const std::string number = std::to_string(1'000'000 + i * 7919 % 9'000'000);
        const std::string prefix =
            "2024-03-01 10:00:01.250 UTC [" + std::to_string(4711 + i % 16) + "] app@shop/pgbench ";
        file += prefix + "LOG:  duration: 0.042 ms  ";
        file += i % 8 == 7
                    ? "statement: SELECT id\n\t  FROM \"order\"\n\t  WHERE id = " + number + "\n"
                    : "execute P0_4: UPDATE pgbench_accounts SET abalance = abalance + $1 WHERE "
                      "aid = $2;\n" +
                          prefix + "DETAIL:  parameters: $1 = '-1234', $2 = '" + number + "'\n";
    }
    return file;
}

// What the readers ask of their makers.
template <typename Reader>
Reader open(std::string_view file) {
    if constexpr (std::is_same_v<Reader, StderrReader>) {
        return {file, std::get<LinePrefix>(LinePrefix::parse("%m [%p] %q%u@%d/%a "))};
    } else {
        return Reader{file};
    }
}

template <typename Reader>
void read_all(benchmark::State& state, const std::string& file) {
    std::uint64_t records = 0;
    for (auto _ : state) {
        Reader reader = open<Reader>(file);
        LogEntry entry;
        while (reader.next(entry)) {
            ++records;
            benchmark::DoNotOptimize(entry);
        }
        if (reader.problems().count() != 0) {
            state.SkipWithError("the file was not read whole");
        }
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(file.size() * state.iterations()));
    state.counters["records"] =
        benchmark::Counter(static_cast<double>(records), benchmark::Counter::kIsRate);
}

void csvlog(benchmark::State& state) {
    static const std::string file = csv_file();
    read_all<CsvReader>(state, file);
}
BENCHMARK(csvlog)->Unit(benchmark::kMillisecond);

void jsonlog(benchmark::State& state) {
    static const std::string file = json_file();
    read_all<JsonReader>(state, file);
}
BENCHMARK(jsonlog)->Unit(benchmark::kMillisecond);

void stderr_log(benchmark::State& state) {
    static const std::string file = stderr_file();
    read_all<StderrReader>(state, file);
}
BENCHMARK(stderr_log)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace workloads::logs
