#include "workloads/logs/log_clock.hpp"

#include "workloads/letters.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace workloads::logs {
namespace {

constexpr std::int64_t second = 1'000'000, minute = 60 * second, hour = 60 * minute;
constexpr std::int64_t quarter = 15 * minute;
// Of a file made to hold as many as it can.
constexpr std::size_t most_zones = 64, most_steps = 64;

struct NamedZone {
    std::string_view name;
    int minutes;
    bool certain = true;
};

// As the IANA database's abbreviations, which the server prints. Others are numbers there.
constexpr NamedZone named_zones[] = {
    {"UTC", 0},         {"GMT", 0},           {"Z", 0},
    {"UCT", 0},         {"WET", 0},           {"WEST", 60},
    {"CET", 60},        {"CEST", 120},        {"MEZ", 60},
    {"EET", 120},       {"EEST", 180},        {"MSK", 180},
    {"SAST", 120},      {"CAT", 120},         {"EAT", 180},
    {"WAT", 60},        {"WIB", 420},         {"WITA", 480},
    {"WIT", 540},       {"PKT", 300},         {"HKT", 480},
    {"JST", 540},       {"KST", 540},         {"AWST", 480},
    {"ACST", 570},      {"ACDT", 630},        {"AEST", 600},
    {"AEDT", 660},      {"NZST", 720},        {"NZDT", 780},
    {"ChST", 600},      {"SST", -660},        {"HST", -600},
    {"HDT", -540},      {"AKST", -540},       {"AKDT", -480},
    {"PST", -480},      {"PDT", -420},        {"MST", -420},
    {"MDT", -360},      {"CDT", -300, false}, {"EST", -300},
    {"EDT", -240},      {"ADT", -180},        {"NST", -210},
    {"NDT", -150},      {"CST", -360, false}, {"IST", 330, false},
    {"BST", 60, false}, {"AST", -240, false}, {"IDT", 180},
};

// "+03", "-0330", "+05:30", "+053000".
std::optional<std::int64_t> numeric_offset(std::string_view zone) {
    if (zone.size() < 3 || (zone[0] != '+' && zone[0] != '-')) {
        return std::nullopt;
    }
    std::array<int, 6> digits{};
    std::size_t count = 0;
    for (std::size_t i = 1; i < zone.size(); ++i) {
        const bool colon = zone[i] == ':' && (i == 3 || i == 6);
        if (!colon && (!is_digit(zone[i]) || count == digits.size())) {
            return std::nullopt;
        }
        if (!colon) {
            digits[count++] = zone[i] - '0';
        }
    }
    if (count % 2 != 0 || count == 0 || zone.back() == ':') {
        return std::nullopt;
    }
    const std::int64_t seconds = (digits[0] * 10 + digits[1]) * 3600 +
                                 (digits[2] * 10 + digits[3]) * 60 + digits[4] * 10 + digits[5];
    if (seconds > 16 * 3600 || digits[2] > 5 || digits[4] > 5) {
        return std::nullopt;
    }
    return (zone[0] == '-' ? -seconds : seconds) * second;
}

std::int64_t nearest_quarter(std::int64_t us) {
    const std::int64_t half = us < 0 ? -quarter / 2 : quarter / 2;
    return (us + half) / quarter * quarter;
}

std::string duration_text(std::int64_t us) {
    us = std::abs(us);
    if (us < second) {
        return std::to_string(us / 1000) + " ms";
    }
    std::string text;
    const auto add = [&](std::int64_t count, const char* unit) {
        if (count != 0) {
            text += (text.empty() ? "" : " ") + std::to_string(count) + unit;
        }
    };
    add(us / hour, " h");
    add(us % hour / minute, " min");
    add(us % minute / second, " s");
    return text;
}

}  // namespace

std::optional<ZoneOffset> zone_offset(std::string_view zone) {
    if (zone.empty()) {  // an absolute time
        return ZoneOffset{0, true};
    }
    if (const auto number = numeric_offset(zone)) {
        return ZoneOffset{*number, true};
    }
    const auto* found = std::find_if(std::begin(named_zones), std::end(named_zones),
                                     [&](const NamedZone& named) { return named.name == zone; });
    if (found == std::end(named_zones)) {
        return std::nullopt;
    }
    return ZoneOffset{found->minutes * minute, found->certain};
}

std::int64_t LogClock::utc_us(const LogTime& time) {
    ++record_;
    if (!started_ || zones_[zone_].name != time.zone) {
        enter_zone(time);
    }
    const std::int64_t now = time.local_us - zones_[zone_].offset_us;
    if (!started_) {
        started_ = true;
        latest_ = now;
        return now;
    }
    leave_steps(now);
    if (now < latest_ - tolerance_us) {
        return step_back(now);
    }
    if (now - latest_ >= long_silence_us) {
        tell(ClockEvent::Kind::silence, now - latest_);
    }
    latest_ = std::max(latest_, now);
    return now + shift_;
}

std::int64_t LogClock::step_back(std::int64_t time) {
    if (steps_.size() == most_steps) {
        steps_.erase(steps_.begin());
    }
    steps_.push_back({latest_, time, shift_, event_count_, record_});
    tell(ClockEvent::Kind::step_back, latest_ - time);
    shift_ += latest_ - time;
    latest_ = time;
    return time + shift_;
}

// Of records that were written late the next one jumps back to where time was; a clock that was set
// back passes through what lies between.
void LogClock::leave_steps(std::int64_t now) {
    while (!steps_.empty() && now >= steps_.back().left - tolerance_us) {
        const Step step = steps_.back();
        steps_.pop_back();
        const std::int64_t depth = step.left - step.bottom;
        const bool at_once = step.record + 1 == record_;
        const bool jumps = now - latest_ >= depth / 4 * 3 && now <= step.left + depth;
        if (!at_once && !jumps) {
            continue;
        }
        if (step.event < events_.size()) {
            events_[static_cast<std::size_t>(step.event)].kind = ClockEvent::Kind::late_record;
        }
        shift_ = step.shift;
        latest_ = step.left;
    }
}

std::int64_t LogClock::mentioned_us(const LogTime& time) const {
    if (const Zone* zone = known(time.zone)) {
        return time.local_us - zone->offset_us;
    }
    const auto offset = zone_offset(time.zone);
    return time.local_us - (offset ? offset->us : 0);
}

const LogClock::Zone* LogClock::known(std::string_view name) const {
    const auto found = std::find_if(zones_.begin(), zones_.end(),
                                    [&](const Zone& zone) { return zone.name == name; });
    return found == zones_.end() ? nullptr : &*found;
}

// Decides on a zone's offset when it is first met.
void LogClock::enter_zone(const LogTime& time) {
    const Zone* const before = started_ ? &zones_[zone_] : nullptr;
    const std::int64_t offset_before = before == nullptr ? 0 : before->offset_us;
    const Zone* zone = known(time.zone);
    if (zone == nullptr) {
        const auto offset = zone_offset(time.zone);
        Zone made{std::string{time.zone}, offset ? offset->us : 0, offset && offset->certain};
        if (!offset) {
            tell(ClockEvent::Kind::unknown_zone, 0, time.zone);
        }
        if (before != nullptr && !(made.certain && before->certain)) {
            made.offset_us += nearest_quarter(time.local_us - made.offset_us - latest_);
            made.certain = false;
        }
        if (zones_.size() == most_zones) {
            zones_.erase(zones_.begin());
        }
        zones_.push_back(std::move(made));
        zone = &zones_.back();
    }
    zone_ = static_cast<std::size_t>(zone - zones_.data());
    if (started_) {
        tell(ClockEvent::Kind::zone_change, zone->offset_us - offset_before, time.zone);
    }
}

void LogClock::tell(ClockEvent::Kind kind, std::int64_t amount_us, std::string_view zone) {
    ++event_count_;
    if (events_.size() < most_events) {
        events_.push_back({kind, record_, amount_us, std::string{zone}});
    }
}

std::string event_text(const ClockEvent& event) {
    const std::string duration = duration_text(event.amount_us);
    switch (event.kind) {
        case ClockEvent::Kind::unknown_zone:
            return "the time zone '" + event.zone +
                   "' is not known: times are off by a constant amount";
        case ClockEvent::Kind::zone_change:
            return "the time zone changes to " + event.zone + " (" +
                   (event.amount_us < 0 ? "-" : "+") + duration + ")";
        case ClockEvent::Kind::step_back:
            return "the clock was set back by " + duration + ": later records are shifted";
        case ClockEvent::Kind::late_record:
            return "a record was written " + duration + " late";
        case ClockEvent::Kind::silence:
            return "nothing was written for " + duration + ", or the clock was set forward";
    }
    return {};
}

}  // namespace workloads::logs
