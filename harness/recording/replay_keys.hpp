// The keys that the database draws anew in a replay: learned from the recording and the target
// before it begins, and put into later calls while it runs.
#pragma once

#include "harness/database/engine.hpp"
#include "harness/recording/recorded_statements.hpp"
#include "reports/record.hpp"
#include "workloads/conflicts/relations.hpp"
#include "workloads/keys/drawn_keys.hpp"
#include "workloads/keys/statement_keys.hpp"
#include "workloads/logs/parameters.hpp"
#include "workloads/logs/statement_scan.hpp"
#include "workloads/recording.hpp"
#include "workloads/replay/recorded_call.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace harness::recording {

// Whether a statement of the recording tells the keys that the database draws, as far as its text
// alone says.
[[nodiscard]] bool may_draw_keys(const workloads::Recording& recording);

class ReplayKeys final : public workloads::replay::ReturnedValues {
public:
    // Throws Stopped, CutShort, database::Outage.
    ReplayKeys(const workloads::Recording& recording, std::span<const std::uint32_t> sessions,
               RecordedStatements& statements, const workloads::conflicts::Relations& relations,
               database::Database& target, const std::stop_token& stop);

    // What was learned, and what has become of it so far.
    [[nodiscard]] reports::ReplayKeys told() const;

    // What the event of that index draws and others use.
    void want(std::size_t event,
              std::vector<workloads::replay::RecordedCall::Wanted>& wanted) const;

    // Puts the drawn keys in the places of the recorded ones.
    void replace(std::size_t event, workloads::logs::StatementScanner& scanner, std::string& text,
                 workloads::logs::ParameterValues& parameters);

    void returned(std::uint32_t wanted, std::string_view value) override;

private:
    using Place = std::pair<workloads::conflicts::ValuePlace, workloads::keys::KeyPlace>;
    // A statement's, by its form.
    struct Form {
        workloads::keys::StatementKeys keys;
        std::vector<Place> places;
    };

    void read_forms(const RecordedStatements& statements,
                    const workloads::conflicts::Relations& relations,
                    const workloads::keys::KeyColumns& columns);
    void collect(std::span<const std::uint32_t> sessions, RecordedStatements& statements,
                 const std::stop_token& stop);
    void add_steps(std::uint32_t event, RecordedStatements& statements,
                   RecordedStatements::Values& values);
    void learn(RecordedStatements& statements, const workloads::conflicts::Relations& relations,
               database::Database& target);
    // None: the recorded value stays.
    [[nodiscard]] const std::string* drawn_for(const workloads::keys::KeyPlace& place,
                                               std::string_view recorded, bool& missing) const;
    [[nodiscard]] std::string replaced(const workloads::keys::KeyPlace& place,
                                       const std::string& recorded, bool& changed,
                                       bool& missing) const;

    const workloads::Recording& recording_;
    std::vector<workloads::keys::KeyColumn> columns_;
    std::vector<bool> is_told_;  // of each column: some statement's result tells it
    std::vector<std::string> unknown_;
    std::vector<Form> forms_;
    std::vector<std::uint32_t> form_of_;        // by event
    std::vector<workloads::keys::Step> steps_;  // until they are learned from
    workloads::keys::Learning learning_;
    workloads::keys::KeyMap map_;
    std::unique_ptr<workloads::keys::DrawnKeys> drawn_;
    std::atomic<std::uint64_t> replaced_calls_ = 0, missing_calls_ = 0;
};

}  // namespace harness::recording
