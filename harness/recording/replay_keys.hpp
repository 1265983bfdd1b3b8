// The keys that the database draws anew in a replay: learned from the recording and the target
// before it begins, and put into later calls while it runs.
#pragma once

#include "harness/database/engine.hpp"
#include "harness/recording/drawn_keys.hpp"
#include "harness/recording/recorded_statements.hpp"
#include "reports/record.hpp"
#include "workloads/conflicts/relations.hpp"
#include "workloads/keys/key_map.hpp"
#include "workloads/keys/statement_keys.hpp"
#include "workloads/logs/parameters.hpp"
#include "workloads/logs/statement_scan.hpp"
#include "workloads/recording.hpp"
#include "workloads/replay/recorded_call.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace harness::recording {

// Whether a statement of the recording tells the keys that the database draws, as far as its text
// alone says.
[[nodiscard]] bool may_draw_keys(const workloads::Recording& recording);

class ReplayKeys {
public:
    // `loops`: the recording may start over. Throws Stopped, CutShort, database::Outage.
    ReplayKeys(const workloads::Recording& recording, std::span<const std::uint32_t> sessions,
               RecordedStatements& statements, const workloads::conflicts::Relations& relations,
               database::Database& target, bool loops, const std::stop_token& stop);

    // False: the recording makes no keys of which anybody would need to know.
    [[nodiscard]] bool is_used() const;

    // What was learned, and what has become of it so far.
    [[nodiscard]] reports::ReplayKeys told() const;

    // Whether the event of that index uses keys that others draw.
    [[nodiscard]] bool uses_keys(std::size_t event) const {
        return event < uses_keys_.size() && uses_keys_[event];
    }
    // What the event of that index draws and others use.
    void want(std::size_t event,
              std::vector<workloads::replay::RecordedCall::Wanted>& wanted) const;

    // The keys of the recording's n-th time, from 0: each has its own.
    class Lap final : public workloads::replay::ReturnedValues {
    public:
        Lap(ReplayKeys& all, std::uint32_t number)
            : all_{all}, number_{number}, drawn_{all.map_.size()} {}

        // Puts its keys in the places of the recorded ones.
        void replace(std::size_t event, workloads::logs::StatementScanner& scanner,
                     std::string& text, workloads::logs::ParameterValues& parameters);
        void returned(std::uint32_t wanted, std::string_view value) override;

        [[nodiscard]] bool is_drawn(workloads::keys::KeyMap::Key key) const {
            return drawn_.get(key) != nullptr;
        }
        // A call of it was sent.
        [[nodiscard]] bool is_begun() const { return begun_; }
        [[nodiscard]] DrawnKeys::Counts counts() const { return drawn_.counts(); }

    private:
        struct Found {
            bool changed = false, missing = false;
        };
        // None: the recorded value stays.
        [[nodiscard]] std::optional<std::string> key_for(const workloads::keys::KeyPlace& place,
                                                         std::string_view recorded,
                                                         Found& found) const;
        [[nodiscard]] std::string replaced(const workloads::keys::KeyPlace& place,
                                           const std::string& recorded, Found& found) const;

        ReplayKeys& all_;
        friend class ReplayKeys;
        const std::uint32_t number_;
        std::size_t sessions_ = 0;  // under the lock of all laps
        std::atomic<bool> begun_ = false;
        DrawnKeys drawn_;
    };
    // For a session of it. What it has drawn is kept until all its sessions have left it.
    [[nodiscard]] Lap& enter(std::uint32_t number);
    void leave(Lap& lap);

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
    void add_value(std::uint32_t event, const workloads::keys::KeyPlace& place,
                   std::uint64_t value);
    void add_steps(std::uint32_t event, RecordedStatements& statements,
                   RecordedStatements::Values& values);
    void learn(RecordedStatements& statements, const workloads::conflicts::Relations& relations,
               database::Database& target, const std::stop_token& stop);
    [[nodiscard]] std::string text_of(const workloads::keys::Question& question,
                                      RecordedStatements& statements);
    // Which of the values of one column the target has not. False: it does not tell, or there are
    // too many to be asked for.
    [[nodiscard]] bool decide(std::span<const workloads::keys::Question> asked,
                              RecordedStatements& statements,
                              const workloads::conflicts::Relations& relations,
                              database::Database& target, const std::stop_token& stop,
                              std::unordered_set<std::uint64_t>& absent);
    [[nodiscard]] bool ask(std::span<const workloads::keys::Question> asked,
                           RecordedStatements& statements,
                           const workloads::conflicts::Relations& relations,
                           database::Database& target, std::unordered_set<std::uint64_t>& absent);
    const workloads::Recording& recording_;
    std::vector<workloads::keys::KeyColumn> columns_;
    std::vector<bool> is_drawn_;  // of each column: some statement draws keys of it
    std::vector<bool> is_given_;  // the recording starts over, and the application makes its keys
    std::vector<std::string> unknown_;
    std::vector<Form> forms_;
    std::vector<std::uint32_t> form_of_;        // by event
    std::vector<workloads::keys::Step> steps_;  // until they are learned from
    workloads::keys::Learning learning_;
    workloads::keys::KeyMap map_;
    std::vector<bool> uses_keys_;              // by event
    std::unordered_set<std::uint64_t> given_;  // keys that the application makes, where it loops
    std::map<workloads::keys::Domain, std::pair<std::int64_t, std::int64_t>> given_numbers_;
    std::vector<std::int64_t> strides_;  // of each column: from one lap's given key to the next
    mutable std::mutex laps_changing_;
    std::deque<Lap> laps_;
    std::atomic<std::uint64_t> replaced_calls_ = 0, missing_calls_ = 0;
};

}  // namespace harness::recording
