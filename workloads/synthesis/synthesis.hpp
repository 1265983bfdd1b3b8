// From counted statements to a workload: decides, without asking anybody, what is taken over, with
// which values, and what is not covered and why.
//
//   Draft draft{window, options};      which statements there are
//   read the tables that it names, and the types of its statements' parameters
//   auto workload = draft.finish(...);
#pragma once

#include "workloads/synthesis/analysis.hpp"
#include "workloads/synthesis/counts.hpp"
#include "workloads/synthesis/parameter_values.hpp"

#include <cstddef>
#include <string>
#include <variant>
#include <vector>

namespace workloads::synthesis {

struct Options {
    double scale = 1;       // of the rate
    std::size_t top = 200;  // so many statements at most
    bool keep_values = false;
};

// Of what ran: calls a second, and the milliseconds a second that the server spent on them.
struct Share {
    double calls_per_s = 0, ms_per_s = 0;

    Share& operator+=(const Share& other) {
        calls_per_s += other.calls_per_s;
        ms_per_s += other.ms_per_s;
        return *this;
    }
};

struct SynthesizedOperation {
    std::string name, sql;  // with placeholders
    std::vector<ParameterSource> parameters;
    Share share;
    double rows_per_call = 0;
};

// Statements that are left out for one reason.
struct Omission {
    std::string reason;
    Share share;
    std::size_t statements = 0;
    // The biggest of them, as far as they may be shown: normalised, without comments.
    std::vector<std::string> examples;
};

struct SynthesizedWorkload {
    std::vector<SynthesizedOperation> operations;  // most important first
    std::string search_path;                       // of their role, where it has one of its own
    double rate_per_s = 0;                         // scaled
    Share covered, all;                            // of the statements that work on data
    std::vector<Omission> omissions;               // that should be covered, biggest first
    // BEGIN, COMMIT, SET and the like, statements that others ran, and the harness's own questions:
    // no work of their own on data.
    Share session_control, nested, own;

    // From 0 to 1; 1 where nothing ran.
    [[nodiscard]] double coverage_of_calls() const;
    [[nodiscard]] double coverage_of_time() const;
};

// What the server says of a statement: its parameters' types, or why it refuses it.
using Description = std::variant<std::vector<TypeClass>, std::string>;

class Draft {
public:
    Draft(const Window& window, const Options& options);

    // The roles' search_path that most of it is sent under: tables are looked up there.
    [[nodiscard]] const std::string& search_path() const { return search_path_; }
    [[nodiscard]] std::vector<NamedTable> tables() const;
    // The statements whose parameters' types are wanted, with $1..$n.
    [[nodiscard]] std::vector<std::string> statements() const;

    // `schemas`: what the search path comes to. `descriptions`: one for each of statements().
    [[nodiscard]] SynthesizedWorkload finish(const Catalog& catalog,
                                             const std::vector<std::string>& schemas,
                                             const std::vector<Description>& descriptions) const;

private:
    struct Candidate {
        StatementText text;
        Share share;
        double calls = 0, rows = 0;
    };
    void leave_out(const std::string& reason, const Share& share, const std::string& example);
    void choose_search_path(const Window& window);
    void sort_and_cut();

    Options options_;
    std::string search_path_;
    std::vector<Candidate> candidates_;  // most important first
    SynthesizedWorkload result_;         // what is known before the source is asked more
};

// Sessions for a load like this. `active`: how many statements ran at one instant on the source, at
// most, as far as was seen.
[[nodiscard]] int connections_for(const SynthesizedWorkload& workload, double active, double scale);

}  // namespace workloads::synthesis
