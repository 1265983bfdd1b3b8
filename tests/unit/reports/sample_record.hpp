// A healthy run that passes, for tests to break in one place.
#pragma once

#include "reports/gates.hpp"
#include "reports/record.hpp"

#include <cstdint>
#include <string>

namespace reports::samples {

// Calls of 2 ms each, of which every hundredth takes 4 ms.
[[nodiscard]] OperationPhase healthy_calls(std::uint64_t count);

// `count` successes that all took `ms`.
[[nodiscard]] OperationPhase calls_of(std::uint64_t count, double ms);

// Phases 0-5-15-25-35 s, one step of 10 s, operations "read" and "write" with 20,000 calls a phase.
[[nodiscard]] Record healthy();

// The naive way: one step that holds AccessExclusiveLock on orders for 8.4 s.
[[nodiscard]] Record naive();

[[nodiscard]] OperationPhase& calls(Record& record, std::size_t operation, PhaseName phase,
                                    std::size_t app = 0);

[[nodiscard]] Schedule& schedule(Record& record, PhaseName phase);  // of the generator
[[nodiscard]] LockCoverage& coverage(Record& record, PhaseName phase);

[[nodiscard]] TableProof table(const std::string& name, Proof verdict);
[[nodiscard]] InvariantProof invariant(const std::string& name, Proof verdict);
[[nodiscard]] Comparison comparison(const std::string& operation, const std::string& statistic,
                                    std::optional<double> ratio = {},
                                    std::optional<double> lower = {},
                                    std::optional<double> upper = {});
[[nodiscard]] Blocker step_blocker(const std::string& step);

// Parsed; a test that writes a gate wrongly throws.
[[nodiscard]] Gate gate(const std::string& key, const std::string& limit);
[[nodiscard]] Gate ratio_gate(const std::string& key, const std::string& ratio,
                              const std::string& floor = "0ms");
// Phases twelve times as long, and what was counted in them scattered over their seconds: what a
// ratio is judged by. Once.
void spread_over_seconds(Record& record);
// A ratio after spread_over_seconds().
[[nodiscard]] GateResult judge_one(const Gate& gate, const Record& record);

}  // namespace reports::samples
