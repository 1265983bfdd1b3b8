// Cancels what runs on a session once the user wants it.
#pragma once

#include "harness/database/control.hpp"
#include "harness/migration/interruption.hpp"

#include <chrono>
#include <stop_token>
#include <thread>

namespace harness::migration {

// While it lives, the second Ctrl-C (or `level`) cancels the session's statement; again every
// `repeat`, because a cancel request that arrives between two statements is lost (the server gives
// it to whatever runs).
class CancelWatch {
public:
    static constexpr std::chrono::milliseconds repeat{250};

    CancelWatch(database::Control& control, const Interruption& interruption,
                Interruption::Level level = Interruption::Level::cancel_step)
        : thread_{[&control, &interruption, level](const std::stop_token& stop) {
              if (!interruption.wait(level, stop)) {
                  return;
              }
              while (!stop.stop_requested()) {
                  control.cancel();
                  interruption.pause(repeat, stop);
              }
          }} {}

private:
    std::jthread thread_;
};

}  // namespace harness::migration
