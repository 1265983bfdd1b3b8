// Follows the changes of some tables between two scans, on a thread of its own.
//
//   LedgerFollower ──► first scan's snapshot ──► start() ... hold() ──► second scan's snapshot ──►
//   finish()
#pragma once

#include "harness/database/change_stream.hpp"
#include "harness/verification/ledger_writing.hpp"

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace harness::verification {

struct Followed {
    // Why the ledger is not whole: then it proves nothing, and the verdict is inconclusive.
    std::optional<std::string> ended = {};
    std::vector<std::unique_ptr<Ledger>> ledgers = {};  // in the tables' order; empty if it ended
    database::StreamFigures figures = {};
    std::uint64_t tagged = 0, untagged = 0;  // transactions that the second scan saw, not the first
};

class LedgerFollower {
public:
    // The stream must have been opened for these tables, and before the first scan's snapshot was
    // taken. Throws StreamEnded where no ledger can be made.
    LedgerFollower(std::unique_ptr<database::ChangeStream> stream,
                   std::vector<FollowedTable> tables, const LedgerSettings& settings);
    // Ends the thread; what was made for the stream in the database goes. No snapshot of ours may
    // be open on the tables (see ChangeStream).
    ~LedgerFollower();

    void start(const std::string& first_fence);
    // The reason, as soon as the stream has ended; a rehearsal may go on without it. From any
    // thread.
    [[nodiscard]] std::optional<std::string> ended() const;
    // Before the second scan's snapshot is taken. From any thread.
    void hold();
    // Once. Where `stop` asks for it the ledger has ended before it was whole.
    [[nodiscard]] Followed finish(const std::string& second_fence,
                                  std::chrono::milliseconds timeout, std::stop_token stop = {});

private:
    void run(const std::stop_token& stop) noexcept;
    void note(const std::string& reason) noexcept;

    std::unique_ptr<database::ChangeStream> stream_;
    LedgerWriting writing_;
    mutable std::mutex mutex_;
    std::optional<std::string> ended_;
    std::jthread thread_;  // last: it uses all the others
};

}  // namespace harness::verification
