// Inside of gates.cpp and operation_gates.cpp: one finding about one limit.
#pragma once

#include "reports/gates.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace reports::judging {

struct Finding {
    Verdict verdict = Verdict::inconclusive;
    std::string observed = {};
    std::string detail = {};
    std::optional<double> observed_value = {}, limit_value = {};
    double badness = 0;  // orders findings of one verdict: higher is worse
};

enum class Unit : std::uint8_t { ms, count };

// Compares one figure with the gate's limit. `lacking` are the reasons why it could not pass even
// if it is within; `allowance_ms` is what the figure may owe to the generator.
[[nodiscard]] Finding against_limit(const Gate& gate, double observed, Unit unit,
                                    const std::vector<std::string>& lacking,
                                    double allowance_ms = 0);

[[nodiscard]] std::string figure(double value, Unit unit);
[[nodiscard]] std::string joined(const std::vector<std::string>& sentences);

// Why nothing that is judged over `during` and `after` can pass; empty when both are there.
[[nodiscard]] std::vector<std::string> missing_span(const Record& record);

// stall.max, errors, response and service.
[[nodiscard]] Finding judge_operations(const Gate& gate, std::span<const Gate> all,
                                       const Record& record);

}  // namespace reports::judging
