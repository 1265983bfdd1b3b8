#include "reports/replay_control.hpp"

#include "reports/record.hpp"

#include <utility>

namespace reports {

ReplayControl::Repetition ReplayControl::repetition(const Record& record) {
    Repetition repetition;
    if (const auto* during = record.phase(PhaseName::during);
        during != nullptr && !record.phases.empty()) {
        repetition.begins_s = during->start_s - record.phases.front().start_s;
    }
    // Of a replay only what fails anew is filed as an error.
    const auto add = [](const OperationPhase& calls, Part& part) {
        part.calls += calls.due();
        for (const auto& [code, count] : calls.errors) {
            part.fresh[code] += count;
        }
    };
    for (const auto& operation : record.operations) {
        Operation counted{.name = operation.name, .before = {}, .later = {}};
        add(operation.phase(PhaseName::warmup), counted.before);
        add(operation.phase(PhaseName::before), counted.before);
        add(operation.during_and_after(), counted.later);
        repetition.operations.push_back(std::move(counted));
    }
    return repetition;
}

}  // namespace reports
