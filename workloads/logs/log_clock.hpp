// Makes one time line of what the records of a log say: UTC, and steady where the server's clock
// was not.
//
// The rule:
// - A zone is numeric ("+03", "-0330", "+05:30"), UTC by name, or an abbreviation of the table. Any
//   other, and those that several countries use for different offsets (IST, CST, BST, AST), are
//   uncertain: their offset stays as it was first taken, 0 where nothing is known.
// - Between two certain zones, CET and CEST, absolute time goes on by itself. Where one is
//   uncertain, the change is taken for the nearest quarter of an hour: no other time passes.
// - Records interleave: a time up to `tolerance` before the latest one is as it stands. One that is
//   further back says that the clock was set back; it and all later ones are shifted so that it
//   lies where the latest was. If the very next record is back where time was before, it was a
//   single late record of a process that was held up, and the shift ends.
// - A leap forward cannot be told from a time when nobody wrote. It is kept, and told from
//   `long_silence` on.
#pragma once

#include "workloads/logs/log_entry.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace workloads::logs {

// What happened to time, for the user to know.
struct ClockEvent {
    enum class Kind {
        unknown_zone,  // by how much it is off is not known; `zone`
        zone_change,   // to `zone`, which shifts local time by `amount_us`
        step_back,     // the clock was set back by `amount_us`; made up for
        late_record,   // a record, and perhaps some after it, was written `amount_us` late
        silence,       // nothing for `amount_us`, or the clock was set forward
    };
    Kind kind{};
    std::uint64_t record = 0;  // how many were asked about until then
    std::int64_t amount_us = 0;
    std::string zone;
};

class LogClock {
public:
    static constexpr std::int64_t tolerance_us = 1'000'000, long_silence_us = 600'000'000;
    static constexpr std::size_t most_events = 1000;

    // When a record was written, in microseconds of UTC since 1970. To be asked about all records
    // in the order in which they were written, of all files of a set. Requires time.known.
    std::int64_t utc_us(const LogTime& time);

    // A time that a record mentions, as its session's start; by the zones alone. Asks nothing of
    // the order, and does not move the clock.
    [[nodiscard]] std::int64_t mentioned_us(const LogTime& time) const;

    // The first most_events of them, in order. A step back may turn out to be a late record when
    // later ones are asked about.
    [[nodiscard]] const std::vector<ClockEvent>& events() const noexcept { return events_; }
    [[nodiscard]] std::uint64_t event_count() const noexcept { return event_count_; }

private:
    struct Zone {
        std::string name;
        std::int64_t offset_us = 0;
        bool certain = false;
    };

    [[nodiscard]] const Zone* known(std::string_view name) const;
    void enter_zone(const LogTime& time);
    std::int64_t step_back(std::int64_t time);
    void leave_steps(std::int64_t now);
    void tell(ClockEvent::Kind kind, std::int64_t amount_us, std::string_view zone = {});

    std::vector<Zone> zones_;  // met so far
    std::size_t zone_ = 0;     // the current one of them
    std::uint64_t record_ = 0;
    std::int64_t latest_ = 0;  // by the zones, without the shift
    std::int64_t shift_ = 0;
    bool started_ = false;
    // Back from `left` to `bottom`, and not above `left` since.
    struct Step {
        std::int64_t left, bottom, shift;
        std::uint64_t event, record;
    };
    std::vector<Step> steps_;
    std::vector<ClockEvent> events_;
    std::uint64_t event_count_ = 0;
};

// How far a zone is ahead of UTC; nothing where its name is none of the table's.
struct ZoneOffset {
    std::int64_t us = 0;
    bool certain = false;  // false: other countries use the name for other offsets
};
[[nodiscard]] std::optional<ZoneOffset> zone_offset(std::string_view zone);

// An event in words, without its place.
[[nodiscard]] std::string event_text(const ClockEvent& event);

}  // namespace workloads::logs
