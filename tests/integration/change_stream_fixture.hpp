// A change stream on a fresh database, and what it tells, as lines.
#pragma once

#include "harness/postgres/change_stream.hpp"
#include "tests/integration/throwaway.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tests {

inline std::string shown(const checksum::Value& value) {
    switch (value.presence) {
        case checksum::Presence::null:
            return "NULL";
        case checksum::Presence::unchanged:
            return "unchanged";
        case checksum::Presence::unknown:
            return "?";
        case checksum::Presence::value:
            break;
    }
    return value.kind == checksum::Kind::number
               ? std::to_string(checksum::load<std::int64_t>(value.bytes.data()))
               : std::string{value.bytes};
}

inline std::string shown(std::span<const checksum::Value> row) {
    std::string text;
    for (const auto& value : row) {
        text += (text.empty() ? "" : " ") + shown(value);
    }
    return "(" + text + ")";
}

// Writes down what it is told.
class Notes final : public harness::database::ChangeSink {
public:
    void relation(const harness::database::StreamRelation& relation) override {
        std::string columns;
        for (const auto& column : relation.columns) {
            columns += " " + column.name;
        }
        relations.push_back(relation.name + columns);
    }
    void begin(const harness::database::StreamTransaction& transaction) override {
        ids.push_back(transaction.id);
        positions.push_back(transaction.position);
        open = true;
    }
    void tag(std::string_view content) override { lines.push_back("tag " + std::string{content}); }
    void change(const harness::database::RowChange& change) override {
        const char* const names[] = {"insert ", "update ", "remove "};
        std::string line =
            names[static_cast<std::size_t>(change.operation)] + change.relation->name;
        line += change.old.empty() ? "" : " old " + shown(change.old);
        line += change.row.empty() ? "" : " new " + shown(change.row);
        lines.push_back(line);
    }
    void truncate(std::span<const harness::database::StreamRelation* const> all) override {
        std::string line = "truncate";
        for (const auto* relation : all) {
            line += " " + relation->name;
        }
        lines.push_back(line);
    }
    void commit() override { open = false; }

    std::vector<std::string> lines, relations;
    std::vector<std::uint64_t> ids, positions;
    bool open = false;
};

using Lines = std::vector<std::string>;

class ChangeStreams : public FreshDatabase {
protected:
    std::unique_ptr<harness::database::ChangeStream> open(
        const std::vector<std::string>& tables,
        const harness::database::StreamOptions& options = {}) {
        return harness::postgres::open_change_stream(
            conninfo("stream"), tables, options,
            [this](const std::string& line) { announced_.push_back(line); },
            checksum::Scale::by_value);
    }
    std::string fence() { return value("SELECT txid_current_snapshot()"); }
    // All that happens between two fences.
    Notes follow(const std::vector<std::string>& tables, const std::function<void()>& happens) {
        Notes notes;
        const auto stream = open(tables);
        stream->start(fence());
        happens();
        stream->follow(notes, std::chrono::milliseconds{10});
        stream->hold();
        stream->finish(fence(), notes, patience, {});
        figures_ = stream->figures();
        return notes;
    }
    std::string ended(const std::vector<std::string>& tables,
                      const std::function<void()>& happens) {
        try {
            follow(tables, happens);
        } catch (const harness::database::StreamEnded& end) {
            return end.what();
        }
        return "whole";
    }
    std::string left_over() {
        return value(
            "SELECT (SELECT count(*) FROM pg_replication_slots WHERE database = "
            "current_database()) + (SELECT count(*) FROM pg_publication)");
    }
    // No test is about how fast it goes: 100 MB take PostgreSQL 10 four seconds on two busy cores.
    static constexpr std::chrono::minutes patience{2};
    [[nodiscard]] static bool binary() { return server_major() >= 14; }

    std::vector<std::string> announced_;
    harness::database::StreamFigures figures_;
};

}  // namespace tests
