#include "workloads/logs/log_reader.hpp"

#include <stdexcept>
#include <utility>

namespace workloads::logs {
namespace {

using AnyReader = std::variant<CsvReader, JsonReader, StderrReader>;

AnyReader open(std::string_view file, const LogFormat& format, std::uint64_t first_line) {
    if (format.format == Format::csvlog) {
        return CsvReader{file, first_line};
    }
    if (format.format == Format::jsonlog) {
        return JsonReader{file, first_line};
    }
    auto prefix = LinePrefix::parse(format.prefix, format.envelope == Envelope::syslog
                                                       ? LinePrefix::Needs::nothing
                                                       : LinePrefix::Needs::time_and_session);
    if (const auto* error = std::get_if<TextError>(&prefix)) {
        throw std::invalid_argument{error->message};
    }
    return StderrReader{file, std::get<LinePrefix>(std::move(prefix)), format.envelope, first_line};
}

}  // namespace

LogReader::LogReader(std::string_view file, const LogFormat& format, std::uint64_t first_line)
    : reader_{open(file, format, first_line)} {}

}  // namespace workloads::logs
