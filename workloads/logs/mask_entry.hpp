// Masks what a log's records say, all of it: what is not known to be harmless is masked whole.
#pragma once

#include "workloads/logs/log_entry.hpp"
#include "workloads/logs/mask.hpp"

#include <array>
#include <string>
#include <string_view>

namespace workloads::logs {

// Kept are times, sessions, severities, SQLSTATEs, durations, the words of the server's own
// messages that are in the table here, names in statements, and with `keep_names` users, databases,
// applications and hosts. Masked are the literals and comments of statements, parameters, the keys
// and rows of constraint errors, and every other word.
class EntryMasker {
public:
    EntryMasker(Masker masker, bool keep_names);

    // The entry masked; its views are valid until the next call, and those of `entry` must be till
    // then.
    [[nodiscard]] LogEntry mask(const LogEntry& entry);

private:
    [[nodiscard]] std::string message(const LogEntry& entry) const;
    [[nodiscard]] std::string quoted_masked(std::string_view text) const;
    [[nodiscard]] std::string statement_message(std::string_view text) const;
    [[nodiscard]] std::string pairs(std::string_view text) const;
    [[nodiscard]] std::string detail(std::string_view text) const;
    [[nodiscard]] std::string context(std::string_view text) const;
    [[nodiscard]] std::string key_detail(std::string_view text) const;
    [[nodiscard]] std::string list(std::string_view values) const;
    [[nodiscard]] std::string parameters(std::string_view list) const;
    [[nodiscard]] std::string name(std::string_view text) const;
    [[nodiscard]] std::string remote(std::string_view text) const;
    [[nodiscard]] std::string server_word(std::string_view text) const;

    Masker masker_;
    bool keep_names_;
    std::array<std::string, 11> kept_;
};

}  // namespace workloads::logs
