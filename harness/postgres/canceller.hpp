// Carries cancellations to the server without making the caller wait.
#pragma once

#include <memory>
#include <mutex>

#include <libpq-fe.h>

namespace harness::postgres {

// PQcancel opens a connection of its own and waits for the server's goodbye, which takes as long as
// the network likes and a frozen server for ever: each delivery has a thread of its own, which is
// left to itself when it takes too long.
class Canceller {
public:
    // For the connection that this one belongs to from now on; null: for none. What is still on its
    // way is left alone: it names a session that nobody uses any longer.
    void aim(PGconn* connection);

    // From any thread. Does nothing while one is on its way.
    void cancel() noexcept;

    // Waits until no cancellation is on its way, so that none hits the statement after the one that
    // it was meant for. False: it is still under way after Patience::cancel_limit.
    [[nodiscard]] bool settle();

private:
    struct Delivery;
    std::mutex mutex_;
    std::shared_ptr<PGcancel> cancel_;
    std::shared_ptr<Delivery> delivery_;  // the last one; may be over
};

}  // namespace harness::postgres
