// Prints what the readers make of a log, an object a line: log_entries FILE [LOG_LINE_PREFIX]
#include "workloads/logs/log_clock.hpp"
#include "workloads/logs/log_reader.hpp"

#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>
#include <variant>

#include <nlohmann/json.hpp>

using namespace workloads::logs;

int main(int argc, char** argv) {
    if (argc < 2) {
        return 2;
    }
    std::ifstream stream{argv[1], std::ios::binary};
    const std::string file{std::istreambuf_iterator<char>{stream}, {}};
    const auto format =
        detect_format(file, argc > 2 ? std::optional<std::string_view>{argv[2]} : std::nullopt);
    if (const auto* refusal = std::get_if<Refusal>(&format)) {
        std::cerr << refusal->message << '\n';
        return 1;
    }
    LogReader reader{file, std::get<LogFormat>(format)};
    LogClock clock;
    LogEntry entry;
    constexpr auto keep_bytes = nlohmann::json::error_handler_t::replace;
    while (reader.next(entry)) {
        const nlohmann::json line{
            {"utc_us", clock.utc_us(entry.time)},
            {"start_us", entry.session_start.known ? clock.mentioned_us(entry.session_start) : 0},
            {"session", entry.session_id},
            {"pid", entry.pid},
            {"line", entry.session_line},
            {"lines", entry.session_line_count},
            {"user", entry.user},
            {"database", entry.database},
            {"application", entry.application},
            {"backend", entry.backend_type},
            {"tag", entry.command_tag},
            {"remote", entry.remote},
            {"vxid", entry.virtual_transaction},
            {"xid", entry.transaction_id},
            {"query_id", entry.query_id},
            {"severity", entry.severity},
            {"sqlstate", entry.sqlstate},
            {"message", entry.message},
            {"detail", entry.detail},
            {"hint", entry.hint},
            {"context", entry.context},
            {"query", entry.query}};
        std::cout << line.dump(-1, ' ', false, keep_bytes) << '\n';
    }
    const auto& problems = reader.problems();
    std::cout << nlohmann::json{{"problems", problems.count()},
                                {"first", problems.count() == 0 ? "" : problems.kept()[0].what},
                                {"clock", clock.event_count()},
                                {"prefix", std::get<LogFormat>(format).prefix}}
              << '\n';
}
