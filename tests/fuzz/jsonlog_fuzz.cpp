// Any bytes as a jsonlog: the reader must not read past them, and each byte is a record's, a
// problem's or an empty line's.
#include "tests/fuzz/log_fuzz.hpp"
#include "workloads/logs/jsonlog.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view file{reinterpret_cast<const char*>(data), size};
    workloads::logs::JsonReader reader{file};
    const auto bytes = fuzz::read_all(
        reader, file, [](std::string_view record) { return workloads::logs::JsonReader{record}; });
    fuzz::require(bytes + reader.problems().bytes() <= size, "no byte is told twice");
    return 0;
}
