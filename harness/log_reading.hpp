// The terminal and Ctrl-C while logs are read.
#pragma once

#include "harness/console.hpp"
#include "harness/migration/interruption.hpp"
#include "harness/recording/recording_reader.hpp"

#include <stop_token>
#include <thread>

namespace harness {

// Shows how far the reading is, and asks it to stop, while this lives.
class LogReading {
public:
    LogReading(Console& console, const migration::Interruption& interruption)
        : console_{console}, watch_{[this, &interruption](std::stop_token over) {
              if (interruption.wait(migration::Interruption::Level::finish_step, over)) {
                  stop_.request_stop();
              }
          }} {
        console_.show_status([this] { return progress_.line(); });
    }
    ~LogReading() { console_.show_status({}); }
    LogReading(const LogReading&) = delete;
    LogReading& operator=(const LogReading&) = delete;

    [[nodiscard]] recording::ReadProgress& progress() { return progress_; }
    [[nodiscard]] std::stop_token stop() const { return stop_.get_token(); }

private:
    Console& console_;
    recording::ReadProgress progress_;
    std::stop_source stop_;
    std::jthread watch_;
};

}  // namespace harness
