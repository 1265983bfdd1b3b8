#include "workloads/conflicts/transactions.hpp"

#include "workloads/replay/session_play.hpp"

namespace workloads::conflicts {
namespace {

using logs::StatementKind;

bool ends_transaction(StatementKind kind) {
    return kind == StatementKind::commit || kind == StatementKind::rollback ||
           kind == StatementKind::prepare_transaction;
}

// One session from its first event to its last.
class Reader {
public:
    Reader(const Recording& recording, std::uint32_t session)
        : recording_{recording}, session_{session} {}

    std::vector<Transaction> run() {
        const auto& session = recording_.sessions[session_];
        for (std::size_t i = 0; i < session.events; ++i) {
            event(session.first_event + i);
        }
        if (open_) {  // nothing says that it was committed
            found_.push_back(current_);
        }
        return std::move(found_);
    }

private:
    void event(std::size_t index) {
        const auto& event = recording_.events[index];
        const auto kind = event.kind();
        const bool went_through = event.outcome == Event::went_through;
        if (!open_) {
            begin(index);
            open_ = kind == StatementKind::begin && went_through;
        }
        current_.last = index;
        if (replay::is_replayed(event)) {
            current_.first_sent = current_.is_sent() ? current_.first_sent : index;
            current_.last_sent = index;
        }
        if (!ends_transaction(kind)) {
            current_.last_statement = index;
        }
        if (kind == StatementKind::rollback_to && went_through) {
            failed_ = false;
        } else {
            failed_ = failed_ || !went_through;
        }
        if (!open_ || ends_transaction(kind)) {
            current_.committed = !failed_ && kind != StatementKind::rollback;
            found_.push_back(current_);
            open_ = false;
        }
    }

    void begin(std::size_t index) {
        current_ = {};
        current_.session = session_;
        current_.first = current_.last_statement = index;
        failed_ = false;
    }

    const Recording& recording_;
    std::uint32_t session_;
    std::vector<Transaction> found_;
    Transaction current_;
    bool open_ = false, failed_ = false;
};

}  // namespace

std::vector<Transaction> transactions_of(const Recording& recording, std::uint32_t session) {
    return Reader{recording, session}.run();
}

std::int64_t end_of(const Event& event) noexcept {
    return event.start_us + event.duration_us().value_or(0);
}

}  // namespace workloads::conflicts
