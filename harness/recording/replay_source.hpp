// The recording of a scenario's `replay`, made ready for the load engine: which sessions are
// played, what their statements are called in the report, and what of them cannot be sent again.
#pragma once

#include "harness/database/engine.hpp"
#include "harness/load/player.hpp"
#include "harness/recording/recording_reader.hpp"
#include "harness/recording/replay_calls.hpp"
#include "harness/recording/replay_keys.hpp"
#include "harness/recording/replay_order.hpp"
#include "reports/record.hpp"
#include "scenarios/scenario.hpp"
#include "workloads/mix.hpp"
#include "workloads/recording.hpp"
#include "workloads/replay/pipelining.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace harness::recording {

// What is beyond them shares one operation: a report of thousands helps nobody.
inline constexpr std::size_t most_replay_operations = 200;
inline constexpr const char* other_statements = "other_statements";

// The logs stay mapped while this lives.
class ReplaySource {
public:
    // Reads the logs. Throws UsageError, with the file or the scenario's line, for what is no log
    // and for a recording of which nothing can be played; Stopped.
    ReplaySource(const scenarios::Scenario& scenario, ReadProgress& progress,
                 const std::stop_token& stop);

    // The scenario with the recording's statements as its operations, each with every distinct text
    // that it stands for as far as its values do not matter.
    [[nodiscard]] scenarios::Scenario with_operations(const scenarios::Scenario& scenario) const;

    // Asks the target about each statement, but those of relations that the recording makes itself.
    // Throws UsageError with those that it refuses where they are more than one call in a hundred;
    // returns them, as sentences, where they are fewer.
    [[nodiscard]] std::vector<std::string> refused_by(database::Database& target,
                                                      const scenarios::Scenario& scenario) const;

    // What the statements touch on the target: which keys it draws for them, and where the scenario
    // wants the recorded order, which of them have to wait for others. Right before the load.
    // Throws Stopped, CutShort, database::Outage.
    void fit_to(database::Database& target, const scenarios::Scenario& scenario,
                const std::stop_token& stop);

    // As they are by now; none: all are sent as recorded.
    [[nodiscard]] std::optional<reports::ReplayKeys> keys() const {
        return keys_ ? std::optional{keys_->told()} : std::nullopt;
    }

    // Valid while this lives.
    [[nodiscard]] load::ReplayOptions options(const scenarios::Replay& replay,
                                              std::size_t players) const;

    // What is played, and what is not.
    [[nodiscard]] const reports::Replay& described() const noexcept { return described_; }
    // Why the recording may be less than the application's work, as sentences.
    [[nodiscard]] const std::vector<std::string>& gaps() const noexcept { return gaps_; }
    // Connections at one time.
    [[nodiscard]] std::size_t connections() const noexcept { return connections_; }
    // From its first statement's start to the last one's.
    [[nodiscard]] double length_s() const noexcept;
    // Statements a second at the scenario's speed, on average; 0: as fast as possible.
    [[nodiscard]] double rate() const noexcept;

private:
    // A shape of what is played.
    struct Use {
        std::uint32_t shape = 0;
        std::uint64_t count = 0;
        workloads::Place first;
        std::string text;  // of the first such statement
        std::size_t parameters = 0;
    };

    void choose_sessions(const scenarios::Scenario& scenario);
    void count_uses();
    void name_operations();
    [[nodiscard]] std::vector<std::string> relations_made() const;
    void count_reasons();
    void find_gaps();
    void find_what_goes_ahead(const scenarios::Replay& replay);
    [[nodiscard]] std::size_t most_at_once() const;
    [[nodiscard]] std::int64_t lap_us() const noexcept;
    void keep_order(RecordedStatements& statements,
                    const workloads::conflicts::Relations& relations, const std::stop_token& stop);

    std::unique_ptr<RecordingReader> reader_;
    workloads::Recording recording_;
    std::vector<std::uint32_t> sessions_;       // those that are played, by their beginning
    std::int64_t origin_us_ = 0, last_us_ = 0;  // when the first statement starts, and the last
    std::vector<std::string> gaps_;
    std::vector<Use> uses_;  // the most frequent first
    std::vector<workloads::Operation> operations_;
    std::vector<workloads::OperationId> operation_of_shape_;
    std::optional<FetchedPortals> cursors_;
    std::size_t connections_ = 1;
    std::optional<ReplayOrder> order_;
    std::unique_ptr<ReplayKeys> keys_;  // null: all are sent as recorded
    std::optional<workloads::replay::Pipelining> pipelining_;
    reports::Replay described_;
};

}  // namespace harness::recording
