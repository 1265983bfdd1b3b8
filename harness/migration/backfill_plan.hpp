// What a backfill does next: boundary, update, throttle, and again; and what after an error.
#pragma once

#include "harness/database/control.hpp"
#include "harness/migration/retry_plan.hpp"
#include "scenarios/scenario.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace harness::migration {

// Told what happened, answers what to do. The state that matters is the last committed key:
// whatever goes wrong, the work goes on after it with the very same batch, so that an engine can
// find out whether an update whose COMMIT got no answer took place.
class BackfillPlan {
public:
    enum class Next : std::uint8_t {
        throttle,
        find_boundary,
        update,
        wait,
        reconnect,
        done,
        failed
    };

    BackfillPlan(scenarios::Retries retries, std::uint64_t seed) noexcept : retry_{retries, seed} {}

    [[nodiscard]] Next next() const noexcept { return next_; }
    [[nodiscard]] const std::optional<database::Key>& after() const noexcept { return after_; }
    [[nodiscard]] const database::Key& upto() const noexcept {
        return upto_;
    }  // while next() == update
    [[nodiscard]] std::chrono::milliseconds wait() const noexcept { return wait_; }

    void throttle_passed() noexcept { next_ = Next::find_boundary; }
    void boundary_found(std::optional<database::Key> key);  // empty: no rows left
    void updated(std::int64_t rows);
    void waited() noexcept { next_ = lost_ ? Next::reconnect : again_; }
    void reconnected() noexcept;
    void failed(const database::Error& error);

    [[nodiscard]] std::int64_t rows() const noexcept { return rows_; }  // changed and committed
    [[nodiscard]] std::int64_t batches() const noexcept { return batches_; }  // committed
    [[nodiscard]] const std::string& failure() const noexcept { return failure_; }

private:
    RetryPlan retry_;
    Next next_ = Next::throttle;
    Next again_ = Next::throttle;  // what failed and is to be done again
    bool lost_ = false;            // the connection
    std::optional<database::Key> after_;
    database::Key upto_;
    std::chrono::milliseconds wait_{0};
    std::int64_t rows_ = 0, batches_ = 0;
    std::string failure_;
};

}  // namespace harness::migration
