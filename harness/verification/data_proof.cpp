#include "harness/verification/data_proof.hpp"

#include "harness/verification/scan.hpp"
#include "harness/verification/schema_comparison.hpp"
#include "scenarios/way_back.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

namespace harness::verification {
namespace {

// The server and the scan share the machine as often as not.
constexpr unsigned most_workers = 2;
// With the change stream, at the end.
constexpr std::chrono::seconds catch_up_patience{120};

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
        verified_ = scenario_.verify->tables;
        invariants_.emplace(scenario_.verify->invariants,
                            [&target] { return target.connect("invariants"); });
    }
}

void DataProof::before() {
    if (!scenario_.verify || interruption_.stop_requested()) {
        return;
    }
    const auto start = Clock::now();
    if (!verified_.empty()) {
        try {
            open();
            const auto snapshot = target_.snapshot(names());
            scan_tables(*snapshot);
        } catch (const Stopped&) {
            follower_.reset();
            return;
        }
    }
    invariants_->ask_before();
    begun_ = true;
    seconds_ = seconds_since(start);
}

std::vector<std::string> DataProof::names() const {
    std::vector<std::string> names;
    for (const auto& table : verified_) {
        names.push_back(table.name);
    }
    return names;
}

void DataProof::open(const std::vector<database::TableSchema>* migrated_from) {
    const auto& verify = *scenario_.verify;
    rules_before_ = target_.write_rules();
    ProofSettings settings;
    settings.seed = options_.seed;
    settings.workers = std::clamp(std::thread::hardware_concurrency(), 1U, most_workers);
    settings.scale = verify.strict ? checksum::Scale::strict : checksum::Scale::by_value;
    settings.spill_directory = options_.spill_directory;
    settings.show_values = options_.show_values;
    settings.budget = std::make_shared<checksum::SpillBudget>(
        std::filesystem::space(options_.spill_directory).available / 2);
    budget_ = settings.budget;
    schemas_before_ = target_.table_schemas(names());
    if (migrated_from != nullptr) {
        declare_what_came(*migrated_from);
    }
    for (const auto& table : verified_) {
        tables_.push_back(std::make_unique<TableProof>(table, settings));
    }
    if (options_.keeps_origin) {
        restored_columns_ = scenarios::restored_by_way_back(scenario_);
        for (const auto& table : restored_columns_) {
            restored_.push_back(table.only.empty() ? nullptr
                                                   : std::make_unique<TableProof>(table, settings));
        }
    }
    stream_ = open_stream();  // before the snapshot: nothing that it does not see is missed
}

void DataProof::scan_tables(database::Snapshot& snapshot) {
    options_.note("first scan of the verified tables");
    std::vector<TableProof*> all;
    for (const auto& table : tables_) {
        table->plan(snapshot, stream_ != nullptr);
        all.push_back(table.get());
    }
    for (const auto& table : restored_) {
        if (table != nullptr) {
            table->plan(snapshot, false);
            all.push_back(table.get());
        }
    }
    if (stream_ != nullptr) {
        follow(std::move(stream_), snapshot.fence());
    }
    const StopAtInterruption stop{interruption_};
    for (auto* table : all) {
        table->scan_before(progress_, stop.token());
    }
}

std::string DataProof::obstacle() const {
    for (const auto& operation : scenario_.workload.operations) {
        for (const auto& statement : operation.statements) {
            const auto effects = scenarios::write_effects_of(statement);
            if (const auto why = untaggable(operation.name, effects)) {
                return *why;
            }
        }
    }
    const auto beside = writers_beside();
    for (const auto& table : verified_) {
        const auto shape = target_.snapshot(std::vector{table.name})->shape(table.name);
        if (const auto why = untold_key(shape, table)) {
            return *why;
        }
        for (const auto& writer : beside) {
            if (!writes_of(shape.identity, {&writer, 1}, rules_before_).nothing()) {
                return writer.name + " may write to " + table.name +
                       ", and its transactions do not say whose they are";
            }
        }
    }
    return {};
}

std::unique_ptr<database::ChangeStream> DataProof::open_stream() {
    using Live = scenarios::Verify::Live;
    const auto& verify = *scenario_.verify;
    if (verify.live == Live::off) {
        return nullptr;
    }
    not_followed_ = obstacle();
    if (not_followed_.empty()) {
        try {
            auto stream = target_.change_stream(
                names(), verify.strict ? checksum::Scale::strict : checksum::Scale::by_value);
            stream_notes_ = stream->notes();
            for (const auto& note : stream_notes_) {
                options_.note(note.text);
            }
            return stream;
        } catch (const database::StreamEnded& refusal) {
            not_followed_ = refusal.what();
        }
    }
    if (verify.live == Live::on) {
        throw database::StreamEnded{"verify.live: on: " + not_followed_};
    }
    options_.note("the change stream is not followed: " + not_followed_);
    return nullptr;
}

void DataProof::follow(std::unique_ptr<database::ChangeStream> stream, const std::string& fence) {
    const auto& operations = scenario_.workload.operations;
    std::vector<bool> writes(operations.size());
    std::vector<FollowedTable> followed;
    for (const auto& table : tables_) {
        std::vector<std::pair<std::string, MayChange>> of_table;
        for (std::size_t i = 0; i < operations.size(); ++i) {
            of_table.emplace_back(
                operations[i].name,
                writes_of(table->identity(), writers_of(scenario_.workload, i), rules_before_));
            writes[i] = writes[i] || !of_table.back().second.nothing();
        }
        followed.push_back(table->followed(of_table));
        guarded_.push_back(guarded(followed.back()));
    }
    // What writes to no followed table need not say what it is: unless a trigger that the migration
    // makes lets it write to one. Then it is told as somebody else's, and that is what it is.
    for (std::size_t i = 0; i < operations.size(); ++i) {
        tags_.push_back(writes[i] ? std::to_string(i) : std::string{});
    }
    follower_ = std::make_unique<LedgerFollower>(
        std::move(stream), std::move(followed),
        LedgerSettings{.seed = options_.seed,
                       .spill = {.directory = options_.spill_directory, .budget = budget_}});
    follower_->start(fence);
}

void DataProof::step_ended() {
    if (follower_ == nullptr || !hooks_unread_.empty()) {
        return;
    }
    try {
        hook_doubts_.merge(
            hook_doubts(rules_before_, target_.write_rules(), guarded_, writers_of_operations(),
                        [this](const auto& hook) { return target_.effects_of(hook); }));
    } catch (const database::Outage& outage) {
        hooks_unread_ = outage.what();
    }
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

std::vector<Writer> DataProof::writers_of(const scenarios::Workload& workload,
                                          std::size_t operation) const {
    std::vector<Writer> all;
    const auto& one = workload.operations[operation];
    for (const auto& statement : one.statements) {
        all.push_back({"operation " + one.name, scenarios::write_effects_of(statement)});
    }
    return all;
}

std::vector<Writer> DataProof::writers_beside() const {
    std::vector<Writer> all;
    const auto add = [&](std::string name, const std::string& sql) {
        if (!sql.empty()) {
            all.push_back({std::move(name), scenarios::write_effects_of(sql)});
        }
    };
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

std::vector<Writer> DataProof::writers_of_operations() const {
    std::vector<Writer> all;
    for (std::size_t i = 0; i < scenario_.workload.operations.size(); ++i) {
        for (auto& writer : writers_of(scenario_.workload, i)) {
            all.push_back(std::move(writer));
        }
    }
    return all;
}

std::vector<Writer> DataProof::writers() const {
    auto all = writers_beside();
    for (auto& writer : writers_of_operations()) {
        all.push_back(std::move(writer));
    }
    return all;
}

// What the ledger carries is what arrived. A trigger that was made meanwhile may have made that of
// what was sent.
std::vector<Doubt> DataProof::doubts_about(const TableProof& table) const {
    std::vector<Doubt> doubts;
    if (!hooks_unread_.empty()) {
        doubts.push_back({"what triggers made of what the workload sent: " + hooks_unread_, {}});
    }
    for (const auto& [identity, doubt] : hook_doubts_) {
        if (identity == table.identity()) {
            doubts.push_back(doubt);
        }
    }
    return doubts;
}

Followed DataProof::followed_until(database::Snapshot* snapshot, std::stop_token stop,
                                   reports::Verification& out) {
    Followed followed;
    if (follower_ == nullptr) {
        if (!not_followed_.empty()) {
            out.ledger.emplace().unavailable = not_followed_;
        }
        return followed;
    }
    const auto start = Clock::now();
    if (snapshot != nullptr) {
        followed = follower_->finish(snapshot->fence(), catch_up_patience, std::move(stop));
    } else {
        followed.ended = "no followed table is left";
    }
    auto& told = out.ledger.emplace();
    told.unavailable = followed.ended.value_or("");
    told.transactions = followed.figures.transactions;
    told.tagged = followed.tagged;
    told.changes = followed.figures.changes;
    told.received_bytes = followed.figures.bytes;
    told.log_kept_bytes_max = followed.figures.log_kept_bytes_max;
    told.spilled_bytes = followed.figures.spilled_bytes;
    told.catch_up_s = seconds_since(start);
    return followed;
}

// Of a table without a key.
bool DataProof::is_widened(std::uint64_t table) const {
    return std::ranges::find(stream_notes_, table, &database::StreamNote::identity) !=
           stream_notes_.end();
}

void DataProof::compare_schemas(const std::vector<bool>& is_there, bool migration_failed,
                                reports::Verification& out) {
    auto schemas = target_.table_schemas(names_of(is_there));
    for (std::size_t i = 0, next = 0; i < is_there.size(); ++i) {
        if (!is_there[i]) {
            continue;
        }
        auto& proof = out.tables[i];
        auto& now = schemas[next++];
        const auto identity = now.properties.find("replica identity");
        if (follower_ != nullptr && is_widened(tables_[i]->identity()) &&
            identity != now.properties.end() && identity->second == "full") {
            // Ours, until the way back is over, too. Any other is the migration's, and stays.
            const auto was = schemas_before_[i].properties.find("replica identity");
            now.properties.erase(identity);
            if (was != schemas_before_[i].properties.end()) {
                now.properties.insert(*was);
            }
        }
        proof.schema_changes =
            origin_ && !migration_failed
                ? schema_differences(origin_->schemas[i], now)
                : schema_changes(schemas_before_[i], now, verified_[i].expectations);
        if (std::ranges::any_of(proof.schema_changes, &reports::SchemaChange::problem)) {
            proof.verdict = reports::Proof::fail;
        }
    }
}

// A name that nothing is called by any more: its table is gone, the others are still compared.
std::vector<bool> DataProof::tables_there() {
    std::vector<bool> is_there;
    for (const auto& table : verified_) {
        try {
            static_cast<void>(target_.snapshot(std::vector{table.name}));
            is_there.push_back(true);
        } catch (const database::UnknownName&) {
            is_there.push_back(false);
        }
    }
    return is_there;
}

std::vector<std::string> DataProof::names_of(const std::vector<bool>& is_there) const {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < is_there.size(); ++i) {
        if (is_there[i]) {
            names.push_back(verified_[i].name);
        }
    }
    return names;
}

std::unique_ptr<database::Snapshot> DataProof::judge_rows(const std::vector<bool>& is_there,
                                                          bool migration_failed,
                                                          std::stop_token stop,
                                                          reports::Verification& out) {
    const auto rules = united(rules_before_, target_.write_rules());
    const auto writers_of_run = writers();
    if (follower_ != nullptr) {
        follower_->hold();
    }
    const auto names = names_of(is_there);
    auto snapshot = names.empty() ? nullptr : target_.snapshot(names);
    const auto followed = followed_until(snapshot.get(), stop, out);
    if (stop.stop_requested()) {
        throw Stopped{};
    }
    for (std::size_t i = 0; i < tables_.size(); ++i) {
        auto& table = *tables_[i];
        if (!is_there[i]) {
            out.tables.push_back(table.gone());
            continue;
        }
        Evidence evidence{.may = may_change(table.identity(), table.key(), writers_of_run, rules)};
        if (!followed.ledgers.empty() && !migration_failed) {
            evidence.ledger = followed.ledgers[i].get();
            evidence.doubts = doubts_about(table);
        }
        out.tables.push_back(table.judge(*snapshot, evidence, migration_failed, progress_, stop));
        for (const auto& note : stream_notes_) {
            if (note.identity == table.identity()) {
                out.tables.back().notes.push_back(note.text);
            }
        }
    }
    return snapshot;
}

void DataProof::judge_tables(bool migration_failed, std::stop_token stop, DataProof* way_back,
                             reports::Verification& out) {
    if (tables_.empty()) {
        return;
    }
    options_.note("second scan of the verified tables");
    step_ended();  // the last look at its triggers
    const auto is_there = tables_there();
    if (migration_failed) {
        way_back = nullptr;
    }
    if (way_back != nullptr) {
        way_back->open_way_back(schemas_before_);
    }
    auto snapshot = judge_rows(is_there, migration_failed, stop, out);
    if (origin_ && !migration_failed && snapshot != nullptr) {
        judge_restored(*snapshot, is_there, stop, out);
        tell_lost_writes(out);
    }
    if (way_back == nullptr) {
        // The tables are as they were, before their schemas are compared; the snapshot's locks
        // would be in the way of that.
        snapshot.reset();
        follower_.reset();
        if (origin_) {
            origin_->follower.reset();
        }
    }
    compare_schemas(is_there, migration_failed, out);
    if (way_back != nullptr && reports::mismatch_sentences(out).empty()) {
        way_back->begin_way_back(*snapshot, hand_over(out));
    }
    snapshot.reset();
    follower_.reset();
}

std::optional<reports::Verification> DataProof::after(bool migration_failed,
                                                      const std::string& fault,
                                                      DataProof* way_back) {
    if (!scenario_.verify) {
        return std::nullopt;
    }
    reports::Verification out;
    out.partial_passes = scenario_.verify->live == scenarios::Verify::Live::off;
    stop_watching();
    if (!fault.empty()) {
        follower_.reset();
        out.fault = fault;
        return out;
    }
    if (!begun_ || interruption_.stop_requested()) {
        follower_.reset();
        stream_.reset();
        out.fault = fault_.empty() ? "the rehearsal was interrupted first" : fault_;
        return out;
    }
    const auto start = Clock::now();
    try {
        const StopAtInterruption stop{interruption_};
        judge_tables(migration_failed, stop.token(), way_back, out);
        out.invariants = invariants_->judge();
    } catch (const Stopped&) {
        out.fault = "the rehearsal was interrupted";
    } catch (const std::exception& failure) {
        out.fault = failure.what();
    }
    follower_.reset();
    out.seconds = seconds_ + seconds_since(start);
    return out;
}

}  // namespace harness::verification
