// Per second and operation, the response times of what ended in that second: the run's time line,
// packed so that an hour of fifty operations stays in the tens of megabytes.
#pragma once

#include "reports/histogram.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace harness::load {

// One worker's. Entries are appended second by second.
class SecondLog {
public:
    // `series` names what the histogram is of: see Recorder.
    void append(std::uint32_t second, std::uint32_t series, const reports::Histogram& histogram);

    // Hands out every entry of every log, second by second, with the workers' histograms of one
    // series merged.
    static void for_each(const std::vector<SecondLog>& logs,
                         const std::function<void(std::uint32_t second, std::uint32_t series,
                                                  const reports::Histogram&)>& visit);

    [[nodiscard]] std::size_t bytes() const noexcept { return packed_.capacity(); }

private:
    std::string packed_;
};

}  // namespace harness::load
