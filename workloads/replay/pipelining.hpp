// Which calls of a recorded session may be sent before those ahead of them have been answered.
#pragma once

#include "workloads/recording.hpp"

#include <cstddef>
#include <vector>

namespace workloads::replay {

// As fast as possible a session would otherwise wait one round trip for each call, and two
// processes would wake each other for it. A call that is sent ahead is a transaction of its own as
// it would be by itself, and calls keep their order.
//
// Only what plainly does not depend on the client's having seen an earlier answer goes so: one
// statement that reads or writes rows, by the extended protocol, and what begins, divides or ends
// a transaction. All else (SET, PREPARE, COPY, cursors, definitions, several statements in a text,
// queries of the simple protocol, ...) waits for all before it, and all behind it wait for it.
//
// Decided by what the recording knows of a call, before it is read from its log.
class Pipelining {
public:
    // Of one session. When half of them are answered as many are sent again: in batches, client and
    // server wake each other less often (16 sessions on two shared cores: 46,800 calls/s, against
    // 41,000 where each answer is followed by one call, and 39,600 so with 16).
    static constexpr std::size_t most_under_way = 32, refilled_at = most_under_way / 2;

    // At other speeds a call has its moment, and in the recorded order calls wait for those of
    // other sessions, which is known when they have ended.
    [[nodiscard]] static bool helps(double speed, bool in_recorded_order) noexcept {
        return !(speed > 0) && !in_recorded_order;
    }

    // `recording` must outlive it.
    explicit Pipelining(const Recording& recording);

    // For what the recording itself does not tell: a portal that is replayed as a cursor.
    void keep_alone(const Event& call) { shares_[index_of(call)] = false; }

    // Whether it may be under way together with others of its session.
    [[nodiscard]] bool shares(const Event& call) const { return shares_[index_of(call)]; }

    // Whether `next` may be sent while `under_way` calls before it in its session, of which
    // `oldest` is the first, have not been answered. Requires that there is one.
    [[nodiscard]] bool may_follow(const Event& oldest, std::size_t under_way,
                                  const Event& next) const {
        return under_way < most_under_way && shares(oldest) && shares(next);
    }

private:
    [[nodiscard]] std::size_t index_of(const Event& call) const {
        return static_cast<std::size_t>(&call - recording_.events.data());
    }

    const Recording& recording_;
    std::vector<bool> shares_;  // by event
};

}  // namespace workloads::replay
