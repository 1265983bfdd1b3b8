// Synthetic runs: the noise of a machine, put on an operation's latencies second by second.
#pragma once

#include "reports/statistics/random.hpp"
#include "reports/statistics/seconds.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace reports::statistics::testing {

// Standard normal.
double normal(Random& random);

struct Noise {
    double share = 0.20;       // standard deviation of the log of a second's factor
    double lasting_s = 30;     // after so long its correlation is down to 1/e; 0: independent
    std::uint32_t calls = 10;  // a second
};

// One operation of one run. Within a second its latencies are lognormal around a median of 4 ms
// (p99: four times that), times the second's factor, which is an AR(1) series of its own.
class SyntheticOperation {
public:
    SyntheticOperation(const Noise& noise, std::uint64_t seed);

    // The next seconds, every latency times `slowdown`.
    Seconds phase(std::size_t size_s, double slowdown = 1);

private:
    Noise noise_;
    Random random_;
    double persistence_, state_;
    std::vector<Bucket> buckets_;
};

}  // namespace reports::statistics::testing
