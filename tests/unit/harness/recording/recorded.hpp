// A recording as records of a log make it.
#pragma once

#include "workloads/logs/session_builder.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace harness::recording {

// Each record is written 10 ms after the one before, the first at 1,000 s.
class Recorded {
public:
    void say(std::string_view message, std::string_view detail = {}, std::string_view id = "a.1") {
        add(message, detail, id, "LOG", {}, {});
    }
    void fail(std::string_view query, std::string_view sqlstate) {
        add("it failed", {}, "a.1", "ERROR", sqlstate, query);
    }
    [[nodiscard]] workloads::Recording done() { return builder_.finish(); }

private:
    void add(std::string_view message, std::string_view detail, std::string_view id,
             std::string_view severity, std::string_view sqlstate, std::string_view query) {
        workloads::logs::LogEntry entry;
        entry.session_id = id;
        entry.pid = id == "a.1" ? 1 : 2;
        entry.session_line = ++(id == "a.1" ? first_line_ : second_line_);
        entry.offset = entry.line = ++records_;
        entry.user = "app";
        entry.database = "shop";
        entry.severity = severity;
        entry.sqlstate = sqlstate;
        entry.message = message;
        entry.detail = detail;
        entry.query = query;
        entry.backend_type = "client backend";
        builder_.add(entry, 0, 1'000'000'000 + static_cast<std::int64_t>(records_) * 10'000);
    }

    workloads::logs::SessionBuilder builder_;
    std::uint64_t records_ = 0, first_line_ = 0, second_line_ = 0;
};

}  // namespace harness::recording
