// Checksums, shown.
#pragma once

#include "harness/verification/table_checksum.hpp"

#include <span>
#include <string>

namespace harness::verification {

struct ChecksumReport {
    std::string target;  // no credentials
    std::uint64_t seed = 0;
    bool strict = false;
    std::vector<TableChecksum> tables;
};

[[nodiscard]] std::string text_of(const ChecksumReport& report);
// "rehearse.checksum/1"
[[nodiscard]] std::string json_of(const ChecksumReport& report);

// "1,234,567"
[[nodiscard]] std::string grouped(std::uint64_t number);

}  // namespace harness::verification
