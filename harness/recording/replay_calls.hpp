// The calls of a recording, read again from its logs one at a time as they are sent.
#pragma once

#include "harness/load/player.hpp"
#include "harness/recording/recording_reader.hpp"
#include "harness/recording/replay_keys.hpp"
#include "workloads/logs/parameters.hpp"
#include "workloads/logs/statement_scan.hpp"
#include "workloads/recording.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace harness::recording {

// Executions whose portal is fetched from later: they are replayed as cursors, for the log does not
// tell how many rows the application took at a time, nor can a client of libpq take some only.
class FetchedPortals {
public:
    FetchedPortals(const workloads::Recording& recording, std::span<const std::uint32_t> sessions,
                   const RecordingReader& reader);

    [[nodiscard]] bool contains(const workloads::Event& event) const;

private:
    std::unordered_set<std::uint64_t> places_;
};

// For one connection.
class ReplayCalls final : public load::CallReader {
public:
    // `keys`: null: all are sent as recorded. All must outlive it.
    ReplayCalls(const workloads::Recording& recording, const RecordingReader& reader,
                const FetchedPortals& cursors, ReplayKeys* keys);

    void begin_lap(std::uint32_t lap) override;
    void end_lap() override;
    [[nodiscard]] bool is_ready(const workloads::Event& event) override;
    // Throws std::runtime_error where the log was changed meanwhile, CutShort.
    [[nodiscard]] const workloads::replay::RecordedCall& read(
        const workloads::Event& event) override;

private:
    [[nodiscard]] std::size_t index_of(const workloads::Event& event) const;
    void put_keys(std::size_t event);
    void await_keys();

    const workloads::Recording& recording_;
    const RecordingReader& reader_;
    const FetchedPortals& cursors_;
    ReplayKeys* const keys_;
    ReplayKeys::Lap* lap_ = nullptr;  // with keys_
    const std::unique_ptr<RecordRereader> again_;
    workloads::replay::RecordedCall call_;
    std::string text_, name_, then_;
    workloads::logs::ParameterValues parameters_;
    workloads::logs::StatementScanner scanner_;
    std::vector<workloads::replay::RecordedCall::Wanted> wanted_;
    std::vector<workloads::keys::KeyMap::Key> awaited_;  // that may not have been drawn yet
    std::vector<const char*> values_;
};

}  // namespace harness::recording
