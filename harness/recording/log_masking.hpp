// Writes logs again with every value masked, so that they can leave the house.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace harness::recording {

struct Masking {
    std::vector<std::filesystem::path> logs;
    std::optional<std::string> prefix;  // log_line_prefix of stderr logs; none: found out
    std::filesystem::path out;          // a folder, new or empty
    std::string key;                    // of the hash; see random_key()
    bool keep_names = false;            // of users, databases, applications and hosts
};

struct MaskedFile {
    std::filesystem::path from, to;
    std::uint64_t records = 0;
    std::uint64_t left_out = 0, left_out_bytes = 0;  // what was no record
    std::vector<std::string> warnings;
};

struct MaskingProgress {
    std::atomic<std::uint64_t> unpacked{0}, bytes{0}, all_bytes{0};
};

// Each log in its own format: jsonlog and stderr logs as they were, csvlog with the columns of
// version 14, syslog without syslog's part. Only records are written: what the readers cannot make
// sense of is left out and counted.
//
// Throws UsageError where a log or the folder cannot be taken, Stopped, and std::runtime_error
// where it cannot be written; nothing is left in the folder then.
[[nodiscard]] std::vector<MaskedFile> mask_logs(const Masking& masking, MaskingProgress& progress,
                                                const std::stop_token& stop);

// 32 bytes that nobody knows.
[[nodiscard]] std::string random_key();

}  // namespace harness::recording
