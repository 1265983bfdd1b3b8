#include "workloads/replay/session_play.hpp"

#include <algorithm>
#include <cmath>

namespace workloads::replay {

using std::chrono::nanoseconds;

namespace {

bool ends_transaction(logs::StatementKind kind) {
    using enum logs::StatementKind;
    return kind == commit || kind == rollback || kind == prepare_transaction;
}

}  // namespace

nanoseconds Tempo::length(std::int64_t recorded_us) const noexcept {
    if (!(speed > 0)) {
        return nanoseconds{0};
    }
    // Nothing lasts longer than the century that a nanosecond clock holds.
    constexpr double longest = 3e18;
    return nanoseconds{static_cast<std::int64_t>(
        std::clamp(std::round(static_cast<double>(recorded_us) * 1e3 / speed), -longest, longest))};
}

nanoseconds Tempo::at(std::int64_t recorded_us) const noexcept {
    return length(recorded_us - origin_us);
}

logs::Replay replay_of(logs::Reason reason) noexcept {
    // Its PREPARE would have to be sent first.
    return reason == logs::Reason::prepare_not_seen ? logs::Replay::not_at_all
                                                    : logs::row_of(reason).replay;
}

bool is_replayed(const Event& event) noexcept {
    return replay_of(event.reason()) != logs::Replay::not_at_all;
}

SessionPlay::SessionPlay(std::span<const Event> events, const Tempo& tempo)
    : events_{events}, tempo_{tempo} {
    pass_over();
    if (next() != nullptr) {
        due_ = tempo.at(next()->start_us);
    }
}

void SessionPlay::begin(nanoseconds now) {
    if (!(tempo_.speed > 0)) {
        due_ = now;
    }
}

void SessionPlay::pass_over() {
    while (next() != nullptr && !is_replayed(*next())) {
        events_ = events_.subspan(1);
    }
}

const Event* SessionPlay::behind(const Event& call) const noexcept {
    const auto after = events_.subspan(static_cast<std::size_t>(&call - events_.data()) + 1);
    const auto found = std::find_if(after.begin(), after.end(), is_replayed);
    return found == after.end() ? nullptr : &*found;
}

bool SessionPlay::leaves_transaction_open(bool went_through) const noexcept {
    const auto kind = next()->kind();
    // A COMMIT that fails has ended it, too.
    return !ends_transaction(kind) &&
           (in_transaction_ || (kind == logs::StatementKind::begin && went_through));
}

void SessionPlay::go_on() {
    // Of a call whose duration was not logged nobody knows how long the application thought then.
    const auto duration = next()->duration_us();
    previous_end_us_ = duration ? next()->start_us + *duration : INT64_MAX;
    events_ = events_.subspan(1);
    pass_over();
}

void SessionPlay::ended(nanoseconds done, bool in_transaction) {
    go_on();
    in_transaction_ = in_transaction;
    set_due(done);
}

void SessionPlay::set_due(nanoseconds done) {
    if (next() == nullptr) {
        return;
    }
    due_ = tempo_.speed > 0 ? tempo_.at(next()->start_us) : done;
    if (in_transaction_) {
        const auto thought_us = next()->start_us - std::min(previous_end_us_, next()->start_us);
        due_ = std::max(due_, done + tempo_.length(thought_us));
    }
}

std::optional<nanoseconds> SessionPlay::later_transaction() const {
    bool open = in_transaction_ && tempo_.speed > 0;
    for (std::size_t i = 0; open && i + 1 < events_.size(); ++i) {
        open = !ends_transaction(events_[i].kind());
        if (!open) {
            const auto later = std::find_if(events_.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                                            events_.end(), is_replayed);
            return later == events_.end() ? std::nullopt
                                          : std::optional{tempo_.at(later->start_us)};
        }
    }
    return std::nullopt;
}

// Without its answer: whether a transaction goes on is known of the recording only.
void SessionPlay::skip() {
    in_transaction_ = leaves_transaction_open(true);
    go_on();
}

}  // namespace workloads::replay
