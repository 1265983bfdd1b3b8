// Which share of the application runs which version: a rolling deploy as a function of time.
#pragma once

#include "workloads/operation.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace harness::load {

struct Deployment {
    using Clock = std::chrono::steady_clock;

    workloads::App from = workloads::App::old_version, to = workloads::App::old_version;
    Clock::time_point start{};
    std::chrono::nanoseconds over{0};  // 0: at once

    // How many of `connections` should run the version `to` at this time: grows from 0 to all, one
    // application instance after another.
    [[nodiscard]] std::size_t converted(Clock::time_point now, std::size_t connections) const {
        if (from == to || over.count() <= 0 || now >= start + over) {
            return connections;
        }
        if (now <= start) {
            return 0;
        }
        const double share = std::chrono::duration<double>(now - start) / over;
        return std::min(connections,
                        static_cast<std::size_t>(share * static_cast<double>(connections)));
    }

    // The version of the `index`-th connection of all.
    [[nodiscard]] workloads::App version(Clock::time_point now, std::size_t index,
                                         std::size_t connections) const {
        return index < converted(now, connections) ? to : from;
    }
};

}  // namespace harness::load
