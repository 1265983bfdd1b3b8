#include "harness/verification/data_proof.hpp"

#include "harness/verification/scan.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

namespace harness::verification {
namespace {

// The server and the scan share the machine as often as not.
constexpr unsigned most_workers = 2;

// Stops what is read at Ctrl-C.
class StopAtInterruption {
public:
    explicit StopAtInterruption(const migration::Interruption& interruption)
        : watch_{[this, &interruption](std::stop_token over) {
              if (interruption.wait(migration::Interruption::Level::finish_step, over)) {
                  stop_.request_stop();
              }
          }} {}
    [[nodiscard]] std::stop_token token() const { return stop_.get_token(); }

private:
    std::stop_source stop_;
    std::jthread watch_;
};

double seconds_since(DataProof::Clock::time_point start) {
    return std::chrono::duration<double>(DataProof::Clock::now() - start).count();
}

}  // namespace

DataProof::DataProof(const scenarios::Scenario& scenario, database::Database& target,
                     const migration::Interruption& interruption, Options options)
    : scenario_{scenario},
      target_{target},
      interruption_{interruption},
      options_{std::move(options)} {
    if (scenario_.verify) {
        invariants_.emplace(scenario_.verify->invariants,
                            [&target] { return target.connect("invariants"); });
    }
}

void DataProof::before() {
    if (!scenario_.verify || interruption_.stop_requested()) {
        return;
    }
    const auto start = Clock::now();
    const auto& verify = *scenario_.verify;
    if (!verify.tables.empty()) {
        options_.note("first scan of the verified tables");
        rules_before_ = target_.write_rules();
        ProofSettings settings;
        settings.seed = options_.seed;
        settings.workers = std::clamp(std::thread::hardware_concurrency(), 1U, most_workers);
        settings.scale = verify.strict ? checksum::Scale::strict : checksum::Scale::by_value;
        settings.spill_directory = options_.spill_directory;
        settings.budget = std::make_shared<checksum::SpillBudget>(
            std::filesystem::space(options_.spill_directory).available / 2);
        std::vector<std::string> names;
        for (const auto& table : verify.tables) {
            names.push_back(table.name);
            tables_.push_back(std::make_unique<TableProof>(table, settings));
        }
        try {
            const StopAtInterruption stop{interruption_};
            const auto snapshot = target_.snapshot(names);
            for (const auto& table : tables_) {
                table->scan_before(*snapshot, progress_, stop.token());
            }
        } catch (const Stopped&) {
            return;
        }
    }
    invariants_->ask_before();
    begun_ = true;
    seconds_ = seconds_since(start);
}

void DataProof::watch(Clock::time_point run_start, Invariants::OnViolation on_violation) {
    if (begun_) {
        invariants_->watch(run_start, std::move(on_violation));
    }
}

void DataProof::stop_watching() {
    if (invariants_) {
        invariants_->stop_watching();
    }
}

std::vector<Writer> DataProof::writers() const {
    std::vector<Writer> all;
    const auto add = [&](std::string name, const std::string& sql) {
        if (!sql.empty()) {
            all.push_back({std::move(name), scenarios::write_effects_of(sql)});
        }
    };
    for (const auto& operation : scenario_.workload.operations) {
        for (const auto& statement : operation.statements) {
            add("operation " + operation.name, statement.numbered);
        }
    }
    add("workload.session.old", scenario_.workload.session_old);
    add("workload.session.new", scenario_.workload.session_new);
    for (const auto& adversary : scenario_.adversaries) {
        if (const auto* report = std::get_if<scenarios::LongReport>(&adversary.action)) {
            add("adversary " + adversary.name, report->sql);
        } else if (const auto* other = std::get_if<scenarios::SecondMigration>(&adversary.action)) {
            add("adversary " + adversary.name, other->sql);
        }
    }
    return all;
}

void DataProof::judge_tables(bool migration_failed, std::stop_token stop,
                             reports::Verification& out) {
    if (tables_.empty()) {
        return;
    }
    options_.note("second scan of the verified tables");
    const auto rules = united(rules_before_, target_.write_rules());
    const auto writers_of_run = writers();
    // A name that nothing is called by any more: its table is gone, the others are still compared.
    std::vector<std::string> there;
    std::vector<bool> is_there;
    for (const auto& table : scenario_.verify->tables) {
        try {
            static_cast<void>(target_.snapshot(std::vector{table.name}));
            there.push_back(table.name);
            is_there.push_back(true);
        } catch (const database::UnknownName&) {
            is_there.push_back(false);
        }
    }
    const auto snapshot = there.empty() ? nullptr : target_.snapshot(there);
    for (std::size_t i = 0; i < tables_.size(); ++i) {
        if (!is_there[i]) {
            out.tables.push_back(tables_[i]->gone());
            continue;
        }
        const auto may =
            may_change(tables_[i]->identity(), tables_[i]->key(), writers_of_run, rules);
        out.tables.push_back(tables_[i]->judge(*snapshot, may, migration_failed, progress_, stop));
    }
}

std::optional<reports::Verification> DataProof::after(bool migration_failed,
                                                      const std::string& fault) {
    if (!scenario_.verify) {
        return std::nullopt;
    }
    reports::Verification out;
    out.partial_passes = scenario_.verify->partial_passes;
    stop_watching();
    if (!fault.empty()) {
        out.fault = fault;
        return out;
    }
    if (!begun_ || interruption_.stop_requested()) {
        out.fault = "the rehearsal was interrupted first";
        return out;
    }
    const auto start = Clock::now();
    try {
        const StopAtInterruption stop{interruption_};
        judge_tables(migration_failed, stop.token(), out);
        out.invariants = invariants_->judge();
    } catch (const Stopped&) {
        out.fault = "the rehearsal was interrupted";
    } catch (const std::exception& failure) {
        out.fault = failure.what();
    }
    out.seconds = seconds_ + seconds_since(start);
    return out;
}

}  // namespace harness::verification
