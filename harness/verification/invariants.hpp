// Queries whose answer must hold: asked before the load, under it, and after it.
#pragma once

#include "harness/database/control.hpp"
#include "reports/verification.hpp"
#include "scenarios/scenario.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace harness::verification {

// The answer to one look.
struct Answer {
    std::optional<std::string> value;  // empty: NULL
    std::string failure;               // why there is none; else empty
};

// Whether an answer fulfils an invariant. Numbers are compared as numbers, everything else as text;
// NULL fulfils nothing but `same_as_before` of a NULL.
[[nodiscard]] bool holds(const scenarios::Invariant& invariant, const Answer& answer,
                         const Answer& before);
// "= 0", "<= 5", "the same as before".
[[nodiscard]] std::string expected_text(const scenarios::Invariant& invariant);

// Under load an answer is judged only where the invariant held before it: one about a column that
// the migration is yet to make, or to fill, is for the end. One that held before and cannot be
// evaluated under load at all is not judged either, and says so.
class InvariantLog {
public:
    explicit InvariantLog(const scenarios::Invariant& invariant) : invariant_{&invariant} {}

    void before(Answer answer) { before_ = std::move(answer); }
    // True for the first one that does not hold.
    bool under_load(const Answer& answer, double at_s);
    [[nodiscard]] reports::InvariantProof judge(const Answer& after) const;

private:
    const scenarios::Invariant* invariant_;
    Answer before_{std::nullopt, "was not asked"};
    std::uint64_t looks_ = 0, failures_ = 0, violations_ = 0;
    double first_violation_s_ = 0;
    std::string first_violation_, last_failure_;
};

class Invariants {
public:
    using Clock = std::chrono::steady_clock;
    using Connect = std::function<std::unique_ptr<database::Control>()>;
    // Told the invariant's name, the answer and when.
    using OnViolation = std::function<void(const std::string&, const std::string&, double)>;

    // The invariants must outlive this.
    Invariants(std::span<const scenarios::Invariant> invariants, Connect connect);
    ~Invariants();
    Invariants(const Invariants&) = delete;
    Invariants& operator=(const Invariants&) = delete;

    // Throw Outage when there is no connection.
    void ask_before();
    void watch(Clock::time_point run_start, OnViolation on_violation);
    void stop_watching();
    [[nodiscard]] std::vector<reports::InvariantProof> judge();

private:
    void run(std::stop_token stop, Clock::time_point run_start, const OnViolation& on_violation);

    std::span<const scenarios::Invariant> invariants_;
    Connect connect_;
    std::vector<InvariantLog> logs_;
    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::jthread watcher_;
};

}  // namespace harness::verification
