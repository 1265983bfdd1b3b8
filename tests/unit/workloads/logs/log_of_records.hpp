// A log as records, and what is asked of the recording that they make.
#pragma once

#include "workloads/logs/session_builder.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace workloads::logs {

// Records as a csvlog gives them, of one session unless said otherwise, a millisecond apart.
class Log {
public:
    explicit Log(bool with_tags = true) : with_tags_{with_tags} {}

    LogEntry& add(std::string_view message, std::string_view tag = "SELECT") {
        auto& entry = entries_.emplace_back();
        entry.offset = 100 * entries_.size();
        entry.line = entries_.size();
        entry.session_id = session_;
        entry.pid = 7;
        entry.session_line = ++line_;
        entry.user = "app";
        entry.database = "shop";
        entry.severity = "LOG";
        entry.sqlstate = "00000";
        entry.message = message;
        entry.backend_type = "client backend";
        entry.command_tag = with_tags_ ? tag : "";
        return entry;
    }
    LogEntry& fail(std::string_view query, std::string_view sqlstate,
                   std::string_view tag = "SELECT") {
        auto& entry = add("it failed", tag);
        entry.severity = "ERROR";
        entry.sqlstate = sqlstate;
        entry.query = query;
        return entry;
    }
    void session(const char* id) {
        session_ = id;
        line_ = 0;
    }
    // log_line_prefix without %l
    void number_no_lines() {
        for (auto& entry : entries_) {
            entry.session_line = 0;
        }
    }
    void lose_lines(std::uint64_t count) { line_ += count; }

    // The k-th record (from 1) was written k milliseconds after 1,000 s.
    [[nodiscard]] Recording build() const {
        SessionBuilder builder;
        std::int64_t time_us = 1'000'000'000;
        for (const auto& entry : entries_) {
            builder.add(entry, 0, time_us += 1'000);
        }
        return builder.finish();
    }

private:
    std::deque<LogEntry> entries_;
    const char* session_ = "64f0a1b2.7";
    std::uint64_t line_ = 0;
    bool with_tags_;
};

inline std::int64_t written(int record) {
    return 1'000'000'000 + record * 1'000;
}

inline std::string outcome(const Recording& recording, const Event& event) {
    return event.outcome == Event::went_through ? "ok" : recording.sqlstates[event.outcome - 1U];
}

inline std::uint64_t count_of(const Recording& recording, Reason reason) {
    return recording.reasons[static_cast<std::size_t>(reason)].count;
}

}  // namespace workloads::logs
