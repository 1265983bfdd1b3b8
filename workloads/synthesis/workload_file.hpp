// A synthesized workload as a person reads, edits and commits it: the `workload` section of a
// scenario, with comments.
#pragma once

#include "workloads/synthesis/synthesis.hpp"

#include <string>
#include <string_view>

namespace workloads::synthesis {

// Where and when it was read.
struct Provenance {
    std::string program;   // "rehearse 0.1.0"
    std::string database;  // its name alone: the file is committed
    std::string server;    // "PostgreSQL 15.4"
    double seconds = 0;
    bool since_reset = false;
    bool counts_nested_unseen = false;    // nested statements are counted and cannot be told apart
    std::int64_t from_us = 0, to_us = 0;  // since the Unix epoch
    std::int64_t evictions = 0;
    double scale = 1;
    bool keep_values = false;
    double active = 0;  // statements seen under way at one instant, at most
    int connections = 8;
};

// What is covered and what is not, in lines without a mark before them.
[[nodiscard]] std::string coverage_text(const SynthesizedWorkload& workload,
                                        const Provenance& provenance);

// The whole file. Requires at least one operation.
[[nodiscard]] std::string workload_file(const SynthesizedWorkload& workload,
                                        const Provenance& provenance);

// A YAML scalar that reads back as this text, on one line.
[[nodiscard]] std::string yaml_text(std::string_view text);

}  // namespace workloads::synthesis
