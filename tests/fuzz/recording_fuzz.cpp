// Whatever a record holds becomes sessions and statements without harm: the first bytes choose
// severity, tag and protocol's parts, the rest are message, detail, context and query.
#include "workloads/logs/session_builder.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

using workloads::logs::LogEntry;

std::string_view line(std::string_view& bytes) {
    const auto end = bytes.find('\x01');
    const auto found = bytes.substr(0, end);
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
    return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view bytes{reinterpret_cast<const char*>(data), size};
    workloads::logs::SessionBuilder builder;
    std::uint64_t records = 0;
    while (!bytes.empty()) {
        const auto choice = static_cast<unsigned char>(bytes[0]);
        bytes.remove_prefix(1);
        LogEntry entry;
        entry.offset = ++records;
        entry.session_id = (choice & 1U) != 0 ? "a.1" : "";
        entry.pid = choice >> 1U & 3U;
        entry.severity = (choice & 8U) != 0 ? "ERROR" : (choice & 16U) != 0 ? "FATAL" : "LOG";
        entry.command_tag = (choice & 32U) != 0 ? "BIND" : (choice & 64U) != 0 ? "SELECT" : "";
        entry.user = entry.database = (choice & 128U) != 0 ? "x" : "";
        entry.message = line(bytes);
        entry.detail = line(bytes);
        entry.context = line(bytes);
        entry.query = line(bytes);
        builder.add(entry, 0, static_cast<std::int64_t>(records) * 1'000);
    }
    const auto recording = builder.finish();
    std::uint64_t by_reason = 0, by_session = 0;
    for (const auto& each : recording.reasons) {
        by_reason += each.count;
    }
    for (const auto& session : recording.sessions) {
        by_session += session.events;
    }
    // No statement is lost on the way.
    if (by_reason != recording.events.size() || by_session != recording.events.size()) {
        std::abort();
    }
    return 0;
}
