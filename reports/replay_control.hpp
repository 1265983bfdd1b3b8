// What replays of a recording without the migration showed: by it the new errors of a replay with
// the migration are told apart.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace reports {

struct Record;

struct ReplayControl {
    // Of one operation in one part of a replay.
    struct Part {
        std::uint64_t calls = 0;                     // that were due, however they ended
        std::map<std::string, std::uint64_t> fresh;  // SQLSTATE or harness code -> failed anew
    };
    struct Operation {
        std::string name;
        Part before;  // warmup and before
        Part later;   // during and after
    };
    struct Repetition {
        double begins_s = 0;  // from the recording's start in the replay to the migration's begin
        std::vector<Operation> operations;
    };

    std::string recording;  // see Replay::recording
    double speed = 1;
    std::vector<Repetition> repetitions;

    // Of a replay that is over. Requires record.replay.
    [[nodiscard]] static Repetition repetition(const Record& record);
};

}  // namespace reports
