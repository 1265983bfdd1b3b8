// Any bytes as a statement, a value or a record: the mask stays within them, gives as many back,
// the same each time, and what it writes is read again as it was.
#include "tests/fuzz/log_fuzz.hpp"
#include "workloads/logs/csvlog.hpp"
#include "workloads/logs/jsonlog.hpp"
#include "workloads/logs/log_writer.hpp"
#include "workloads/logs/mask.hpp"
#include "workloads/logs/mask_entry.hpp"

using namespace workloads::logs;

namespace {

Masker::Digest spread(std::string_view text) {
    Masker::Digest digest{};
    std::uint64_t state = 1469598103934665603ULL;
    for (const char c : text) {
        state = (state ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    }
    for (auto& byte : digest) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        byte = static_cast<std::uint8_t>(state >> 56);
    }
    return digest;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const Masker masker{spread, [](std::string_view) { return true; }};
    fuzz::require(masker.value(text).size() == size, "a value keeps its length");
    fuzz::require(masker.characters(text).size() == size, "characters keep their length");
    const std::string masked = masker.sql(text);
    fuzz::require(masked.size() == size, "a statement keeps its length");
    fuzz::require(masker.sql(text) == masked, "a statement is masked the same each time");

    LogEntry entry;
    entry.time = entry.session_start = {1'709'287'201'250'000, "UTC", true};
    entry.pid = 4711;
    entry.session_id = "65e1a2b1.1267";
    entry.severity = size % 2 == 0 ? "LOG" : "ERROR";
    entry.sqlstate = "00000";
    entry.message = entry.detail = entry.hint = entry.context = entry.query = text;
    EntryMasker entries{masker, false};
    const LogEntry out = entries.mask(entry);
    std::string csv, json;
    write_csvlog(csv, out);
    write_jsonlog(json, out);
    LogEntry again;
    CsvReader csv_reader{csv};
    fuzz::require(csv_reader.next(again), "a masked csvlog is read again");
    fuzz::require(again.message == out.message && again.query == out.query, "as it was written");
    JsonReader json_reader{json};
    fuzz::require(json_reader.next(again), "a masked jsonlog is read again");
    fuzz::require(again.message == out.message && again.detail == out.detail, "as it was written");
    return 0;
}
