// Any bytes as a csvlog: the reader must not read past them, and each byte is a record's, a
// problem's or an empty line's.
#include "tests/fuzz/log_fuzz.hpp"
#include "workloads/logs/csvlog.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view file{reinterpret_cast<const char*>(data), size};
    workloads::logs::CsvReader reader{file};
    const auto bytes = fuzz::read_all(
        reader, file, [](std::string_view record) { return workloads::logs::CsvReader{record}; });
    fuzz::require(bytes + reader.problems().bytes() <= size, "no byte is told twice");
    // With a record's columns in order the reader must also find it: begins_record() is necessary.
    fuzz::require(bytes == 0 || workloads::logs::CsvReader::find_record(file) < size,
                  "a record begins where one is found");
    return 0;
}
