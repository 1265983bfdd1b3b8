#include "workloads/synthesis/synthesis.hpp"

#include "workloads/letters.hpp"
#include "workloads/operation.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

namespace workloads::synthesis {
namespace {

constexpr std::size_t most_examples = 20;

Share share_of(const Window::Entry& entry) {
    return {static_cast<double>(entry.counted.calls) / entry.seconds,
            entry.counted.time_ms / entry.seconds};
}

double part(double some, double whole) {
    return whole > 0 ? some / whole : 1;
}

void add(std::vector<Omission>& omissions, const std::string& reason, const Share& share,
         const std::string& example) {
    auto found = std::find_if(omissions.begin(), omissions.end(),
                              [&](const Omission& known) { return known.reason == reason; });
    if (found == omissions.end()) {
        omissions.push_back({reason, {}, 0, {}});
        found = omissions.end() - 1;
    }
    found->share += share;
    ++found->statements;
    if (!example.empty() && found->examples.size() < most_examples) {
        found->examples.push_back(example);
    }
}

// "select_orders_by_customer_id", at most 63 characters, unlike the names before.
class Names {
public:
    std::string name_for(const Analysis& analysis) {
        std::string base = analysis.verb;
        if (analysis.target != nullptr) {
            base += "_" + plain(analysis.target->name);
        }
        std::set<std::string> columns;
        for (const auto& use : analysis.uses) {
            const bool selects = use.role == Role::equal || use.role == Role::lower ||
                                 use.role == Role::upper || use.role == Role::members ||
                                 use.role == Role::pattern;
            if (selects && columns.size() < 2 && columns.insert(use.column).second) {
                base += (columns.size() == 1 ? "_by_" : "_") + plain(use.column);
            }
        }
        constexpr std::size_t longest = 55;  // of 63, with a number behind it
        base.resize(std::min(base.size(), longest));
        std::string name = base;
        for (int n = 2; !given_.insert(name).second; ++n) {
            name = base + "_" + std::to_string(n);
        }
        return name;
    }

private:
    static std::string plain(const std::string& name) {
        std::string out;
        for (const char c : name) {
            out += is_name_part(c) ? c : '_';
        }
        return out;
    }

    std::set<std::string> given_;
};

// Of its schema alone; what marks a database as staging, for example.
bool is_of_the_harness(const StatementText& text) {
    const auto tables = tables_named_by(text);
    return !tables.empty() && std::all_of(tables.begin(), tables.end(), [](const auto& table) {
        return table.schema == "rehearse";
    });
}

// What a scenario would say of it; empty: nothing, it is fine there.
std::string why_no_operation(const SynthesizedOperation& operation) {
    OperationSource source;
    source.name = operation.name;
    source.statements.push_back({operation.sql, {}});
    for (const auto& parameter : operation.parameters) {
        source.params.emplace_back(parameter.name, parameter.function);
    }
    const auto compiled = compile(source);
    const auto* errors = std::get_if<std::vector<OperationError>>(&compiled);
    return errors == nullptr ? "" : errors->front().message;
}

}  // namespace

double SynthesizedWorkload::coverage_of_calls() const {
    return part(covered.calls_per_s, all.calls_per_s);
}

double SynthesizedWorkload::coverage_of_time() const {
    return part(covered.ms_per_s, all.ms_per_s);
}

Draft::Draft(const Window& window, const Options& options) : options_{options} {
    choose_search_path(window);
    std::map<std::string, std::size_t> known;  // by text
    for (const auto& entry : window.entries) {
        const auto share = share_of(entry);
        if (entry.counted.top_level == false) {
            result_.nested += share;
            continue;
        }
        auto text = read_statement(entry.counted.text);
        switch (text.kind) {
            case StatementClass::own:
                result_.own += share;
                continue;
            case StatementClass::session_control:
                result_.session_control += share;
                continue;
            case StatementClass::not_permitted:
                leave_out("their text is hidden from this role: grant it pg_read_all_stats", share,
                          {});
                continue;
            case StatementClass::unreadable:
                leave_out("their text cannot be parsed", share, {});
                continue;
            case StatementClass::utility:
                leave_out("utility statements (" + text.parsed.kind + ")", share, {});
                continue;
            case StatementClass::data:
                break;
        }
        if (is_of_the_harness(text)) {
            result_.own += share;
            continue;
        }
        if (entry.counted.search_path != search_path_) {
            leave_out("their role has another search_path than most", share, text.sql);
            continue;
        }
        const auto [found, fresh] = known.emplace(text.sql, candidates_.size());
        if (fresh) {
            candidates_.push_back({std::move(text), {}, 0, 0});
        }
        auto& candidate = candidates_[found->second];
        candidate.share += share;
        candidate.calls += static_cast<double>(entry.counted.calls);
        candidate.rows += static_cast<double>(entry.counted.rows);
        result_.all += share;
    }
    sort_and_cut();
}

void Draft::leave_out(const std::string& reason, const Share& share, const std::string& example) {
    result_.all += share;
    add(result_.omissions, reason, share, example);
}

void Draft::choose_search_path(const Window& window) {
    std::map<std::string, double> calls;
    for (const auto& entry : window.entries) {
        calls[entry.counted.search_path] += share_of(entry).calls_per_s;
    }
    const auto most =
        std::max_element(calls.begin(), calls.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    search_path_ = most == calls.end() ? "" : most->first;
    result_.search_path = search_path_;
}

void Draft::sort_and_cut() {
    const auto weight = [&](const Candidate& candidate) {
        return std::max(
            part(candidate.share.calls_per_s, result_.all.calls_per_s),
            result_.all.ms_per_s > 0 ? candidate.share.ms_per_s / result_.all.ms_per_s : 0);
    };
    std::stable_sort(candidates_.begin(), candidates_.end(),
                     [&](const Candidate& a, const Candidate& b) { return weight(a) > weight(b); });
    while (candidates_.size() > options_.top) {
        add(result_.omissions, "rare statements beyond the top " + std::to_string(options_.top),
            candidates_.back().share, {});
        candidates_.pop_back();
    }
}

std::vector<NamedTable> Draft::tables() const {
    std::set<NamedTable> tables;
    for (const auto& candidate : candidates_) {
        tables.merge([&] {
            const auto named = tables_named_by(candidate.text);
            return std::set<NamedTable>{named.begin(), named.end()};
        }());
    }
    return {tables.begin(), tables.end()};
}

std::vector<std::string> Draft::statements() const {
    std::vector<std::string> statements;
    for (const auto& candidate : candidates_) {
        statements.push_back(candidate.text.sql);
    }
    return statements;
}

SynthesizedWorkload Draft::finish(const Catalog& catalog, const std::vector<std::string>& schemas,
                                  const std::vector<Description>& descriptions) const {
    SynthesizedWorkload workload = result_;
    Names names;
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
        const auto& candidate = candidates_[i];
        const auto omit = [&](const std::string& reason) {
            add(workload.omissions, reason, candidate.share, candidate.text.sql);
        };
        const auto analysis = analyse(candidate.text, catalog, schemas);
        if (analysis.only_system) {
            omit("they read nothing but the system's catalogs");
            continue;
        }
        if (!analysis.refusal.empty()) {
            omit(analysis.refusal);
            continue;
        }
        if (const auto* refused = std::get_if<std::string>(&descriptions.at(i))) {
            omit("the source does not prepare it as it stands: " + *refused);
            continue;
        }
        ValueOptions values;
        values.rows_per_call = candidate.rows / candidate.calls;
        values.keep_values = options_.keep_values;
        auto chosen =
            choose_values(analysis, std::get<std::vector<TypeClass>>(descriptions.at(i)), values);
        if (const auto* none = std::get_if<NoValue>(&chosen)) {
            omit("no value for $" + std::to_string(none->number) + ": " + none->reason);
            continue;
        }
        SynthesizedOperation operation;
        operation.parameters = std::get<std::vector<ParameterSource>>(std::move(chosen));
        operation.sql = with_names(candidate.text.sql, [&](int number) {
            return operation.parameters.at(static_cast<std::size_t>(number) - 1).name;
        });
        operation.share = candidate.share;
        operation.rows_per_call = values.rows_per_call;
        operation.name = names.name_for(analysis);
        if (candidate.text.lists_are_squashed && !operation.parameters.empty()) {
            operation.parameters.front().note +=
                std::string{operation.parameters.front().note.empty() ? "" : "; "} +
                "the server keeps one parameter for a whole list: each list has one member here";
        }
        if (const auto wrong = why_no_operation(operation); !wrong.empty()) {
            omit("a scenario cannot hold it: " + wrong);
            continue;
        }
        workload.covered += operation.share;
        workload.operations.push_back(std::move(operation));
    }
    workload.rate_per_s = workload.covered.calls_per_s * options_.scale;
    std::stable_sort(workload.omissions.begin(), workload.omissions.end(),
                     [](const Omission& a, const Omission& b) {
                         return a.share.calls_per_s > b.share.calls_per_s;
                     });
    return workload;
}

int connections_for(const SynthesizedWorkload& workload, double active, double scale) {
    // Statements under way at one instant: calls a second times seconds a call (Little). Twice
    // that, so that an open loop's bursts find a session free.
    constexpr double room = 2, fewest = 8, most = 1'000, ms_per_s = 1'000;
    const double busy = std::max(active, workload.covered.ms_per_s / ms_per_s) * scale;
    return static_cast<int>(std::clamp(std::ceil(busy * room), fewest, most));
}

}  // namespace workloads::synthesis
