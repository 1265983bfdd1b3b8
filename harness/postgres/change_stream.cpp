#include "harness/postgres/change_stream.hpp"

#include "harness/postgres/control.hpp"
#include "harness/postgres/held_messages.hpp"
#include "harness/postgres/number_in.hpp"
#include "harness/postgres/pgoutput_decoder.hpp"
#include "harness/postgres/snapshot_visibility.hpp"
#include "harness/postgres/stream_objects.hpp"
#include "harness/postgres/table_catalog.hpp"

#include <algorithm>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace harness::postgres {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using database::ChangeSink;
using database::Outage;
using database::StreamEnded;

// What is visible is asked for at most so often, unless much is held.
constexpr auto look_every = 50ms;
constexpr std::size_t much_held = std::size_t{8} << 20;
constexpr auto watch_every = 1s;
// How far the server is, at the end. Each question costs it an answer among its changes.
constexpr auto ask_every = 20ms;
// Taken from the connection before what was taken is looked at.
constexpr std::size_t batch_bytes = std::size_t{4} << 20;

constexpr std::string_view tag_prefix = "rehearse";

class PostgresChangeStream final : public database::ChangeStream {
public:
    PostgresChangeStream(const Destination& destination, std::span<const std::string> tables,
                         const database::StreamOptions& options, const Announce& announce,
                         checksum::Scale scale)
        : options_{options},
          control_{
              open_control(destination, {.lock_timeout = options.lock_timeout, .on_notice = {}})},
          objects_{*control_, destination, tables, options, announce},
          kinds_{*control_},
          decoder_{[this](std::uint32_t oid) { return kinds_.of(oid); }, scale} {
        // The last message's commit must not wait for a standby, nor may it stay in memory.
        ask(*control_, "SET synchronous_commit = local");
        wait_for_the_invisible();
    }

    void start(const std::string& first_fence) override {
        first_ = parsed(first_fence);
        guarded([&] { objects_.start(); });
    }
    void follow(ChangeSink& sink, std::chrono::milliseconds wait) override {
        guarded([&] {
            if (is_full()) {
                std::this_thread::sleep_for(std::min<Clock::duration>(wait, look_every));
            } else if (!receive()) {
                link().wait(wait);
                receive();
            }
            link().confirm();
            look_if_due();
            deliver(sink, visible_, false);
            watch_if_due();
        });
    }
    void hold() override {
        const std::scoped_lock lock{look_mutex_};
        holding_ = true;
    }
    void finish(const std::string& second_fence, ChangeSink& sink,
                std::chrono::milliseconds timeout, std::stop_token stop) override {
        guarded([&] {
            const auto second = parsed(second_fence);
            hold();
            deliver(sink, second, true);
            catch_up(second, sink, Clock::now() + timeout, stop);
            if (delivery_ == Delivery::delivering) {
                throw StreamEnded{"the change stream ended in the middle of a transaction"};
            }
            check_tables();
            read_spill();
        });
        objects_.close();
    }
    [[nodiscard]] const database::StreamFigures& figures() const override { return figures_; }
    [[nodiscard]] std::vector<database::StreamNote> notes() const override;

private:
    enum class Delivery : std::uint8_t { between, delivering, skipping };

    // Whatever ends the stream is one kind of end, and after it the server keeps no log for it.
    template <typename Work>
    void guarded(Work work) {
        try {
            translated(work);
        } catch (...) {
            objects_.close();
            throw;
        }
    }
    template <typename Work>
    static void translated(Work& work) {
        try {
            work();
        } catch (const Outage& outage) {
            throw StreamEnded{std::string{"the change stream ended: "} + outage.what()};
        } catch (const MalformedMessage& wrong) {
            throw StreamEnded{std::string{"the change stream cannot be read: "} + wrong.what()};
        } catch (const database::Unreadable& wrong) {
            throw StreamEnded{std::string{"the change stream cannot be read: "} + wrong.what()};
        }
    }

    [[nodiscard]] bool is_full() const { return held_.bytes() > options_.max_held_bytes; }
    [[nodiscard]] ReplicationConnection& link() { return objects_.connection(); }
    [[nodiscard]] static SnapshotVisibility parsed(const std::string& fence) {
        auto visibility = SnapshotVisibility::parse(fence);
        if (!visibility) {
            throw std::invalid_argument{"no fence: " + fence};
        }
        return *std::move(visibility);
    }
    [[nodiscard]] SnapshotVisibility look() {
        return parsed(
            *ask(*control_, "SELECT pg_catalog.txid_current_snapshot()").rows.at(0).at(0));
    }

    void wait_for_the_invisible();
    bool receive();
    void look_if_due();
    void deliver(ChangeSink& sink, const SnapshotVisibility& visible, bool definite);
    void begin_if_due(ChangeSink& sink);
    void dispatch(ChangeSink& sink, const PgoutputEvent& event);
    void watch_if_due();
    void catch_up(const SnapshotVisibility& second, ChangeSink& sink, Clock::time_point deadline,
                  const std::stop_token& stop);
    void check_tables();
    void read_spill();

    database::StreamOptions options_;
    std::unique_ptr<database::Control> control_;
    StreamObjects objects_;
    ColumnKinds kinds_;
    PgoutputDecoder decoder_;
    HeldMessages held_;
    database::StreamFigures figures_;
    SnapshotVisibility first_, visible_;
    std::uint64_t near_ = 0;  // a transaction's number given out about now
    Delivery delivery_ = Delivery::between;
    std::optional<database::StreamTransaction>
        not_begun_;  // delivered, as soon as it says anything
    Clock::time_point looked_, watched_;
    std::mutex look_mutex_;
    bool holding_ = false;
};

// A commit record may be older than the slot and yet not visible, for a moment or, where it waits
// for a standby, for long: such a transaction would be in neither the stream nor the first scan.
void PostgresChangeStream::wait_for_the_invisible() {
    const auto at_slot = look();
    near_ = at_slot.xmax();
    visible_ = at_slot;
    const auto deadline = Clock::now() + options_.start_timeout;
    while (!std::ranges::all_of(at_slot.running(), [this](std::uint64_t transaction) {
        return visible_.sees(transaction);
    })) {
        if (Clock::now() > deadline) {
            throw StreamEnded{"transactions that write have not ended for " +
                              std::to_string(options_.start_timeout.count() / 1000) +
                              " s: the change stream cannot begin"};
        }
        std::this_thread::sleep_for(10ms);
        visible_ = look();
    }
}

// Whether anything came. What finds no room waits with the server, which keeps its log for it.
bool PostgresChangeStream::receive() {
    std::size_t taken = 0;
    while (taken < batch_bytes && !is_full()) {
        const auto message = link().next();
        if (!message) {
            break;
        }
        taken += message->size() + 1;
        held_.push(*message);
    }
    figures_.bytes = link().bytes_received();
    figures_.held_bytes_max = std::max<std::uint64_t>(figures_.held_bytes_max, held_.bytes());
    return taken > 0;
}

// hold() waits for a look that is under way, and none comes after it.
void PostgresChangeStream::look_if_due() {
    const std::scoped_lock lock{look_mutex_};
    const auto now = Clock::now();
    if (!holding_ && held_.bytes() > 0 &&
        (now - looked_ >= look_every || held_.bytes() > much_held)) {
        visible_ = look();
        looked_ = now;
    }
}

// Transactions stand one after another, in the order of their commit records. The first that is not
// visible keeps all behind it back, unless `visible` is the definite fence: then each is judged for
// itself.
void PostgresChangeStream::deliver(ChangeSink& sink, const SnapshotVisibility& visible,
                                   bool definite) {
    for (auto message = held_.front(); message; message = held_.front()) {
        const auto event = decoder_.decode(*message);
        if (const auto* begin = std::get_if<pgoutput::Begin>(&event)) {
            const auto id = extend_transaction(begin->transaction, near_);
            near_ = std::max(near_, id);
            if (first_.sees(id)) {
                delivery_ = Delivery::skipping;
                ++figures_.before_first;
            } else if (visible.sees(id)) {
                delivery_ = Delivery::delivering;
                not_begun_ = {.id = id, .position = begin->final_position};
            } else if (definite) {
                delivery_ = Delivery::skipping;
                ++figures_.after_second;
            } else {
                return;
            }
        } else {
            dispatch(sink, event);
        }
        held_.pop();
    }
}

// Before 15 the server sends a beginning and an end also of what changes nothing in the tables that
// are followed: an ANALYZE, other tables' writes.
void PostgresChangeStream::begin_if_due(ChangeSink& sink) {
    if (not_begun_) {
        ++figures_.transactions;
        sink.begin(*not_begun_);
        not_begun_.reset();
    }
}

void PostgresChangeStream::dispatch(ChangeSink& sink, const PgoutputEvent& event) {
    const bool delivering = delivery_ == Delivery::delivering;
    if (const auto* change = std::get_if<database::RowChange>(&event)) {
        if (delivering) {
            begin_if_due(sink);
            ++figures_.changes;
            sink.change(*change);
        }
    } else if (std::holds_alternative<pgoutput::Commit>(event)) {
        if (delivering && !not_begun_) {
            sink.commit();
        }
        not_begun_.reset();
        delivery_ = Delivery::between;
    } else if (const auto* message = std::get_if<pgoutput::Message>(&event)) {
        if (delivering && message->transactional && message->prefix == tag_prefix) {
            begin_if_due(sink);
            sink.tag(message->content);
        }
    } else if (const auto* truncate = std::get_if<pgoutput::Truncate>(&event)) {
        if (delivering) {
            begin_if_due(sink);
            sink.truncate(truncate->relations);
        }
    } else if (const auto* told = std::get_if<pgoutput::Relation>(&event)) {
        sink.relation(*told->relation);  // sent once, in whichever transaction
    }                                    // Type: asked of the catalogue. Origin: whoever it is.
}

void PostgresChangeStream::watch_if_due() {
    if (Clock::now() - watched_ < watch_every) {
        return;
    }
    watched_ = Clock::now();
    // wal_status and its 'lost' are new in 13.
    const auto answer =
        ask(*control_,
            "SELECT active, coalesce(pg_catalog.to_json(s)->>'wal_status', ''), "
            "pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), restart_lsn)::bigint "
            "FROM pg_catalog.pg_replication_slots s WHERE slot_name = '" +
                objects_.name() + "'");
    if (answer.rows.empty() || answer.rows[0][1] == "lost") {
        throw StreamEnded{"the change stream's slot was lost: " + objects_.name()};
    }
    if (answer.rows[0][0] != "t") {
        throw StreamEnded{"nothing reads the change stream's slot any longer: " + objects_.name()};
    }
    const auto kept = number_in<std::uint64_t>(answer.rows[0][2]);
    figures_.log_kept_bytes_max = std::max(figures_.log_kept_bytes_max, kept);
    if (kept > options_.max_log_kept_bytes) {
        throw StreamEnded{"the server keeps " + std::to_string(kept >> 20) +
                          " MB of its log back for the change stream, more than the " +
                          std::to_string(options_.max_log_kept_bytes >> 20) + " MB allowed"};
    }
}

// To a position read after the second scan's snapshot was taken: a commit record is written before
// its transaction becomes visible. A commit of our own makes sure that the log is flushed that far,
// for only then is it sent.
void PostgresChangeStream::catch_up(const SnapshotVisibility& second, ChangeSink& sink,
                                    Clock::time_point deadline, const std::stop_token& stop) {
    const auto target = number_in<std::uint64_t>(
        ask(*control_,
            "SELECT pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0')")
            .rows.at(0)
            .at(0));
    ask(*control_, "SELECT pg_catalog.pg_logical_emit_message(true, 'rehearse.end', '')");
    Clock::time_point asked;
    while (link().position() < target) {
        const auto now = Clock::now();
        if (now > deadline) {
            throw StreamEnded{"the change stream did not catch up in time"};
        }
        if (stop.stop_requested()) {
            throw StreamEnded{"interrupted before the change stream had caught up"};
        }
        link().confirm(now - asked >= ask_every);
        asked = now - asked >= ask_every ? now : asked;
        if (!receive()) {
            link().wait(ask_every);
            receive();
        }
        deliver(sink, second, true);
        watch_if_due();
    }
}

// A table of the same name that is another one now has changes that never came.
void PostgresChangeStream::check_tables() {
    for (const auto& table : objects_.tables()) {
        const database::Value name = table.name;
        const auto answer = ask(*control_, "SELECT pg_catalog.to_regclass($1)::oid", {&name, 1});
        if (!answer.rows.at(0)[0]) {
            throw StreamEnded{"table " + table.name + " is gone (dropped or renamed)"};
        }
        if (number_in<std::uint64_t>(answer.rows[0][0]) != table.oid) {
            throw StreamEnded{"table " + table.name + " is another one now (oid " +
                              *answer.rows[0][0] + ", was " + std::to_string(table.oid) +
                              "): its changes did not come"};
        }
        if (const auto part =
                table.partitioned ? part_not_full(*control_, table.oid) : std::string{};
            !part.empty()) {
            throw StreamEnded{part + ", a part of " + table.name +
                              ", was made or altered meanwhile, and its REPLICA IDENTITY is not "
                              "FULL as the others': its changes do not tell what was there"};
        }
    }
}

void PostgresChangeStream::read_spill() {
    if (link().server_version() < 140'000) {
        return;
    }
    const auto answer = ask(*control_,
                            "SELECT spill_bytes FROM pg_catalog.pg_stat_replication_slots "
                            "WHERE slot_name = '" +
                                objects_.name() + "'");
    if (!answer.rows.empty()) {
        figures_.spilled_bytes = number_in<std::uint64_t>(answer.rows[0][0]);
    }
}

std::vector<database::StreamNote> PostgresChangeStream::notes() const {
    std::vector<database::StreamNote> all;
    for (const auto& table : objects_.tables()) {
        if (!table.widened.empty()) {
            all.push_back({.identity = table.oid,
                           .text = table.name + " has no " +
                                   (table.keyed ? "replica identity" : "key") +
                                   ": its REPLICA IDENTITY is FULL while the change stream is "
                                   "followed, which about doubles the log of an update"});
        }
    }
    return all;
}

}  // namespace

std::unique_ptr<database::ChangeStream> open_change_stream(const Destination& destination,
                                                           std::span<const std::string> tables,
                                                           const database::StreamOptions& options,
                                                           const Announce& announce,
                                                           checksum::Scale scale) {
    return std::make_unique<PostgresChangeStream>(destination, tables, options, announce, scale);
}

}  // namespace harness::postgres
