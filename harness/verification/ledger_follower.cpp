#include "harness/verification/ledger_follower.hpp"

#include <exception>
#include <utility>

namespace harness::verification {
namespace {

// How late an end that is asked for is noticed.
constexpr std::chrono::milliseconds turn{50};

}  // namespace

LedgerFollower::LedgerFollower(std::unique_ptr<database::ChangeStream> stream,
                               std::vector<FollowedTable> tables, const LedgerSettings& settings)
    : stream_{std::move(stream)}, writing_{std::move(tables), settings} {}

LedgerFollower::~LedgerFollower() = default;

void LedgerFollower::start(const std::string& first_fence) {
    try {
        stream_->start(first_fence);
    } catch (const database::StreamEnded& end) {
        note(end.what());
        return;
    }
    thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
}

void LedgerFollower::note(const std::string& reason) noexcept {
    const std::scoped_lock lock{mutex_};
    if (!ended_) {
        ended_ = reason;
    }
}

void LedgerFollower::run(const std::stop_token& stop) noexcept {
    try {
        while (!stop.stop_requested()) {
            stream_->follow(writing_, turn);
        }
    } catch (const std::exception& failure) {
        note(failure.what());
    }
}

std::optional<std::string> LedgerFollower::ended() const {
    const std::scoped_lock lock{mutex_};
    return ended_;
}

void LedgerFollower::hold() {
    stream_->hold();
}

Followed LedgerFollower::finish(const std::string& second_fence, std::chrono::milliseconds timeout,
                                std::stop_token stop) {
    thread_.request_stop();
    if (thread_.joinable()) {
        thread_.join();
    }
    Followed followed;
    if (!ended()) {
        try {
            stream_->finish(second_fence, writing_, timeout, std::move(stop));
            followed.ledgers = writing_.finish();
        } catch (const std::exception& failure) {
            note(failure.what());
            followed.ledgers.clear();
        }
    }
    followed.figures = stream_->figures();
    followed.tagged = writing_.tagged();
    followed.untagged = writing_.untagged();
    followed.ended = ended();
    return followed;
}

}  // namespace harness::verification
