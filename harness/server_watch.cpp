#include "harness/server_watch.hpp"

#include <algorithm>
#include <exception>
#include <iterator>
#include <utility>

namespace harness {
namespace {

constexpr std::chrono::seconds interval{1};
// For the question that is on its way when the run ends.
constexpr std::chrono::milliseconds last_answer{200};

}  // namespace

ServerWatch::ServerWatch(Source source, std::vector<std::string> tables,
                         Clock::time_point run_start)
    : source_{std::move(source)}, run_start_{run_start}, series_{std::move(tables)} {
    ask([this](auto& counters) { series_.sizes_before(counters.sizes()); });
    read();
    thread_ = std::thread{[this] { run(); }};
}

ServerWatch::~ServerWatch() {
    stop();
}

// Ticks lie on a fixed grid; one whose time has passed when the one before it is done is left out.
void ServerWatch::run() {
    auto due = Clock::now() + interval;
    std::unique_lock lock{mutex_};
    while (!wake_.wait_until(lock, due, [this] { return stopping_; })) {
        lock.unlock();
        read();
        while (due <= Clock::now()) {
            due += interval;
        }
        lock.lock();
    }
    ended_ = true;
    wake_.notify_all();
}

// A run that ends waits for no figure.
void ServerWatch::stop() noexcept {
    if (!thread_.joinable()) {
        return;
    }
    {
        std::unique_lock lock{mutex_};
        stopping_ = true;
        wake_.notify_all();
        if (!wake_.wait_for(lock, last_answer, [this] { return ended_; }) && counters_) {
            counters_->cancel();
        }
    }
    thread_.join();
}

// Where there is no answer the connection is opened again at the next question.
template <typename Ask>
void ServerWatch::ask(Ask&& question) {
    try {
        if (!counters_) {
            auto opened = source_.open();
            const std::scoped_lock lock{mutex_};
            counters_ = std::move(opened);
        }
        question(*counters_);
        auto notes = counters_->take_notes();
        std::move(notes.begin(), notes.end(), std::back_inserter(notes_));
    } catch (const std::exception& failure) {
        ++unanswered_;
        last_failure_ = failure.what();
        const std::scoped_lock lock{mutex_};
        counters_.reset();
    }
}

void ServerWatch::read() {
    ask([this](auto& counters) {
        const auto read = counters.read();
        const auto lag = source_.replica_lag();
        series_.add(
            std::chrono::duration<double>(Clock::now() - run_start_).count(), read,
            lag ? std::optional{std::chrono::duration<double>(*lag).count()} : std::nullopt);
    });
}

reports::Server ServerWatch::finish(std::vector<std::string>& warnings) {
    stop();
    // What the load did last is told as its sessions end, and before PostgreSQL 15 half a second
    // later still: the last reading may lack it.
    if (counters_) {
        read();
    }
    if (counters_) {
        ask([this](auto& counters) { series_.sizes_after(counters.sizes()); });
    }
    for (const auto& note : notes_) {
        if (std::find(warnings.begin(), warnings.end(), note) == warnings.end()) {
            warnings.push_back(note);
        }
    }
    if (unanswered_ > 0) {
        warnings.push_back("the server did not tell what it counts " + std::to_string(unanswered_) +
                           (unanswered_ == 1 ? " time" : " times") +
                           "; the last reason: " + last_failure_);
    }
    return series_.take();
}

}  // namespace harness
