// bench_ledger URI TRANSACTIONS: has the server make so many transactions that update one row
// each, then follows them into a ledger, and prints in seconds how long that took, the CPU that it
// took here and the CPU that it took the server. What is measured is all that stands between the
// log and the ledger's file: the server's decoding, the wire, ours.
#include "harness/postgres/change_stream.hpp"
#include "harness/postgres/connection.hpp"
#include "harness/postgres/control.hpp"
#include "harness/verification/ledger_follower.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stop_token>
#include <string>
#include <thread>

namespace {

using namespace std::chrono_literals;
using harness::postgres::ask;

constexpr const char* table =
    "DROP TABLE IF EXISTS followed;"
    "CREATE TABLE followed (id int PRIMARY KEY, balance bigint, note text);"
    "INSERT INTO followed SELECT g, 0, 'some note' FROM generate_series(1, 10000) g;"
    "CREATE OR REPLACE PROCEDURE make_changes(count int) LANGUAGE plpgsql AS $$ BEGIN "
    "FOR i IN 1 .. count LOOP "
    "PERFORM pg_logical_emit_message(true, 'rehearse', '0');"
    "UPDATE followed SET balance = balance + i WHERE id = 1 + i % 10000; COMMIT; "
    "END LOOP; END $$";

// The CPU of a process of this machine, which may be gone before anybody asks at the end.
class CpuOf {
public:
    explicit CpuOf(const std::string& pid)
        : path_{"/proc/" + pid + "/schedstat"}, first_{read()}, last_{first_} {
        watch_ = std::jthread{[this](const std::stop_token& stop) {
            for (; !stop.stop_requested(); std::this_thread::sleep_for(5ms)) {
                last_ = std::max(last_, read());
            }
        }};
    }
    [[nodiscard]] double seconds() {
        watch_ = {};
        return static_cast<double>(last_ - first_) / 1e9;
    }

private:
    // Nanoseconds; 0: it is gone.
    [[nodiscard]] std::uint64_t read() const {
        std::uint64_t on_cpu = 0;
        std::ifstream{path_} >> on_cpu;
        return on_cpu;
    }

    std::string path_;
    std::uint64_t first_, last_;
    std::jthread watch_;  // last: it uses the others
};

double cpu_of_this_process() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

harness::verification::FollowedTable followed_table(harness::database::Control& control) {
    harness::verification::FollowedTable followed;
    followed.identity =
        std::stoul(*ask(control, "SELECT 'followed'::regclass::oid").rows.at(0).at(0));
    followed.name = "followed";
    const checksum::RecordOptions columns{
        .columns = {{.name = "id", .is_key = true},
                    {.name = "balance"},
                    {.name = "note", .may_be_unchanged_external = true}}};
    followed.columns = checksum::ledger_columns(columns, columns);
    followed.in_stream = {{{"id"}, "pg_catalog.int4", checksum::Kind::number},
                          {{"balance"}, "pg_catalog.int8", checksum::Kind::number},
                          {{"note"}, "pg_catalog.text", checksum::Kind::text}};
    followed.operations = {{.name = "update", .workload = true}};
    return followed;
}

int run(const std::string& conninfo, std::uint64_t transactions) {
    const auto control =
        harness::postgres::open_control(conninfo, {.statement_timeout = 600s, .on_notice = {}});
    ask(*control, table);
    const auto fence = [&] {
        return *ask(*control, "SELECT txid_current_snapshot()").rows.at(0).at(0);
    };
    harness::verification::LedgerFollower follower{
        harness::postgres::open_change_stream(
            conninfo, std::vector<std::string>{"followed"}, {}, [](const std::string&) {},
            checksum::Scale::by_value),
        {followed_table(*control)},
        {.seed = 1,
         .spill = {.directory = std::filesystem::temp_directory_path(),
                   .budget = std::make_shared<checksum::SpillBudget>(std::uint64_t{8} << 30)}}};
    const auto first = fence();
    ask(*control, "CALL make_changes(" + std::to_string(transactions) + ")");
    const auto second = fence();
    CpuOf server{
        *ask(*control,
             "SELECT active_pid FROM pg_replication_slots WHERE temporary AND plugin = 'pgoutput'")
             .rows.at(0)
             .at(0)};
    const double cpu_at_begin = cpu_of_this_process();
    const auto begin = std::chrono::steady_clock::now();
    follower.start(first);
    const auto followed = follower.finish(second, 600s);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    const double cpu = cpu_of_this_process() - cpu_at_begin;
    if (followed.ended) {
        throw std::runtime_error{*followed.ended};
    }
    if (followed.tagged != transactions || followed.ledgers.at(0)->changes != transactions) {
        throw std::runtime_error{"followed " + std::to_string(followed.tagged) + " of " +
                                 std::to_string(transactions)};
    }
    std::cout << took.count() << ' ' << cpu << ' ' << server.seconds() << '\n';
    return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        if (argc != 3) {
            std::cerr << "bench_ledger URI TRANSACTIONS\n";
            return 2;
        }
        return run(harness::postgres::Target::parse(argv[1]).conninfo("bench"),
                   std::stoull(argv[2]));
    } catch (const std::exception& failure) {
        std::cerr << "bench_ledger: " << failure.what() << '\n';
        return EXIT_FAILURE;
    }
}
