// StallTracker against its definition, spelled out millisecond by millisecond.
#include "harness/load/stalls.hpp"
#include "workloads/random.hpp"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

namespace {

using harness::load::StallTracker;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr int horizon_ms = 20'000;
constexpr int shortest_ms = 10, bridge_ms = 1000;
// A success ends a span at its millisecond's end, and failures less than 5 ms apart are one span.
constexpr double tolerance_s = 0.0081;

struct Call {
    int due, done;  // ms
    bool failed;
};

std::vector<Call> random_calls(workloads::Random& random) {
    std::vector<Call> calls;
    const auto below = [&](int bound) {
        return static_cast<int>(random.below(static_cast<std::uint64_t>(bound)));
    };
    const int kinds = 1 + below(6);
    for (int kind = 0; kind < kinds; ++kind) {
        // A stretch of calls that share a fate: quick, hanging until one moment, failing, slow.
        const int from = below(horizon_ms - 2000), length = 1 + below(6000), gap = 1 + below(900);
        const int fate = below(5);
        const int release = from + below(4000);
        for (int due = from; due < std::min(from + length, horizon_ms - 1); due += 1 + below(gap)) {
            int done = due + below(8);
            if (fate == 1) {
                done = std::max(done, release + below(30));
            } else if (fate == 3) {
                done = due + below(700);
            }
            const bool failed = fate == 2 || (fate == 3 && below(2) == 0);
            calls.push_back({due, std::min(done, horizon_ms - 1), failed});
        }
    }
    // As a worker sees them end.
    std::stable_sort(calls.begin(), calls.end(),
                     [](const Call& a, const Call& b) { return a.done < b.done; });
    return calls;
}

// Where somebody waits or was turned away, per millisecond; and where one got through.
double longest_by_definition(const std::vector<Call>& calls, int from, int to) {
    std::vector<bool> waiting(horizon_ms + bridge_ms + 2), through(waiting.size());
    for (const auto& call : calls) {
        if (!call.failed) {
            through[static_cast<std::size_t>(call.done)] = true;
        }
        if (call.failed || call.done - call.due >= shortest_ms) {
            std::fill(waiting.begin() + call.due, waiting.begin() + call.done, true);
        }
    }
    const auto waits = waiting;
    for (const auto& failure : calls) {
        if (!failure.failed) {
            continue;
        }
        int next = failure.done + bridge_ms + 1;  // of the calls that are near
        for (const auto& call : calls) {
            const bool span = call.failed || call.done - call.due >= shortest_ms;
            if (span && call.due >= failure.done && &call != &failure) {
                next = std::min(next, call.due);
            }
            if (!call.failed && call.done >= failure.done) {
                next = std::min(next, call.done);
            }
        }
        if (next <= failure.done + bridge_ms) {
            std::fill(waiting.begin() + failure.done, waiting.begin() + next, true);
        }
    }
    int longest = 0, run = 0;
    for (int ms = from; ms < to; ++ms) {
        const auto at = static_cast<std::size_t>(ms);
        run = waiting[at] ? run + 1 : 0;
        longest = std::max(longest, run);
        if (through[at]) {
            run = 0;
        }
    }
    return longest < shortest_ms ? 0 : longest / 1000.0;
}

StallTracker track(const std::vector<Call>& calls, std::size_t workers, workloads::Random& random) {
    std::vector<StallTracker> trackers(workers);
    for (const auto& call : calls) {
        auto& tracker = trackers[random.below(workers)];
        const nanoseconds due = milliseconds{call.due}, done = milliseconds{call.done};
        if (call.failed) {
            tracker.failure(due, done);
        } else {
            tracker.success(due, done);
        }
    }
    for (std::size_t i = 1; i < workers; ++i) {
        trackers[0].merge(trackers[i]);
    }
    return std::move(trackers[0]);
}

TEST(StallTrackerProperty, AgreesWithTheDefinitionHoweverTheCallsAreSpreadOverWorkers) {
    int with_stall = 0;
    for (std::uint64_t round = 0; round < 400; ++round) {
        workloads::Random random{20261120, round};
        const auto calls = random_calls(random);
        const int from = static_cast<int>(random.below(horizon_ms / 2));
        const int to = from + 1 + static_cast<int>(random.below(horizon_ms / 2));
        const double expected = longest_by_definition(calls, from, to);
        with_stall += expected > 0 ? 1 : 0;
        for (const std::size_t workers : {1U, 3U}) {
            const auto stall =
                track(calls, workers, random).longest(milliseconds{from}, milliseconds{to});
            const double got = stall.length_s();
            // At the shortest length that counts, the precision decides whether it does.
            if (expected == 0 || got == 0) {
                EXPECT_LE(std::max(expected, got), 0.010 + tolerance_s) << "round " << round;
            } else {
                EXPECT_NEAR(got, expected, tolerance_s)
                    << "round " << round << ", workers " << workers << ", at " << stall.start_s;
            }
            EXPECT_GE(stall.start_s, got == 0 ? 0 : from / 1000.0 - 1e-9);
            EXPECT_LE(stall.end_s, to / 1000.0 + 1e-9);
        }
    }
    EXPECT_GT(with_stall, 200) << "the rounds must be worth something";
}

}  // namespace
