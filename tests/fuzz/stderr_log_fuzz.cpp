// The first line is a log_line_prefix, the rest a stderr log or one of syslog's. Whatever they are,
// the readers stay within them, and so do the search for a format and the names of other files.
#include "tests/fuzz/log_fuzz.hpp"
#include "workloads/logs/log_format.hpp"
#include "workloads/logs/stderr_log.hpp"

using namespace workloads::logs;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view all{reinterpret_cast<const char*>(data), size};
    const std::size_t newline = std::min(all.find('\n'), all.size());
    const std::string_view format = all.substr(0, newline);
    const std::string_view file = all.substr(std::min(newline + 1, size));
    for (const auto envelope : {Envelope::none, Envelope::syslog}) {
        auto prefix = LinePrefix::parse(format, envelope == Envelope::none
                                                    ? LinePrefix::Needs::time_and_session
                                                    : LinePrefix::Needs::nothing);
        if (auto* parsed = std::get_if<LinePrefix>(&prefix)) {
            StderrReader reader{file, *parsed, envelope};
            LogEntry entry;
            std::uint64_t last = 0;
            while (reader.next(entry)) {
                fuzz::require(entry.offset + entry.length <= file.size(),
                              "a record is in the file");
                fuzz::require(entry.offset >= last, "records come in order");
                last = entry.offset;
                fuzz::touch(entry);
            }
        } else {
            fuzz::require(std::get<workloads::TextError>(prefix).offset <= format.size(),
                          "an error stands inside the text");
        }
    }
    const auto found =
        detect_format(file, format.empty() ? std::optional<std::string_view>{} : format);
    if (const auto* refusal = std::get_if<Refusal>(&found)) {
        fuzz::require(!refusal->message.empty(), "a refusal says why");
    }
    return 0;
}
