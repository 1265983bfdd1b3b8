#include "harness/postgres/stream_objects.hpp"

#include "harness/postgres/control.hpp"

#include <array>
#include <charconv>
#include <thread>

namespace harness::postgres {
namespace {

using namespace std::chrono_literals;
using database::Outage;
using database::StreamEnded;

constexpr auto patience = 5s;

void require_all(const std::vector<StreamRequirement>& requirements) {
    std::string missing;
    for (const auto& one : requirements) {
        if (!one.met) {
            missing += "\n  " + one.finding + ": " + one.remedy;
        }
    }
    if (!missing.empty()) {
        throw StreamEnded{"changes cannot be followed on this server:" + missing};
    }
}

std::string name_for(int server_pid) {
    const auto now = std::chrono::system_clock::now().time_since_epoch() / 1ms;
    std::array<char, 24> time{};
    const auto end = std::to_chars(time.data(), time.data() + time.size(), now, 36).ptr;
    return "rehearse_" + std::to_string(server_pid) + "_" + std::string{time.data(), end};
}

// Who keeps a slot from being made: it waits for all that write.
std::string oldest_writer(database::Control& control) {
    const auto answer = control.execute(
        "SELECT pid || ' (' || application_name || ', for ' || "
        "(pg_catalog.now() - xact_start)::interval(0) || ')' FROM pg_catalog.pg_stat_activity "
        "WHERE backend_xid IS NOT NULL AND pid <> pg_catalog.pg_backend_pid() "
        "ORDER BY pg_catalog.age(backend_xid) DESC LIMIT 1");
    return answer.ok() && !answer.rows.empty() && answer.rows[0][0] ? *answer.rows[0][0] : "";
}

}  // namespace

StreamObjects::StreamObjects(database::Control& control, const Destination& destination,
                             std::span<const std::string> tables,
                             const database::StreamOptions& options, Announce announce)
    : control_{control}, announce_{std::move(announce)}, lock_patience_{options.lock_patience} {
    require_all(stream_requirements(control));
    connection_ = std::make_unique<ReplicationConnection>(destination);
    server_version_ = connection_->server_version();
    server_pid_ = connection_->server_pid();
    for (const auto& table : tables) {
        tables_.push_back(table_to_follow(control, table, server_version_));
    }
    refuse_parts_of_others();
    name_ = name_for(server_pid_);
    try {
        publish();
        create_slot(options.start_timeout);
    } catch (...) {
        drop();
        throw;
    }
}

StreamObjects::~StreamObjects() {
    drop();
}

// The server publishes the rows of a partition as its root's where both are published.
void StreamObjects::refuse_parts_of_others() {
    for (const auto& table : tables_) {
        const database::Value oid = std::to_string(table.oid);
        const auto above = ask(control_,
                               "WITH RECURSIVE up(oid) AS (SELECT inhparent FROM "
                               "pg_catalog.pg_inherits WHERE inhrelid = $1::oid UNION SELECT "
                               "i.inhparent FROM pg_catalog.pg_inherits i JOIN up ON i.inhrelid = "
                               "up.oid) SELECT oid FROM up",
                               {&oid, 1});
        for (const auto& row : above.rows) {
            for (const auto& other : tables_) {
                if (*row[0] == std::to_string(other.oid)) {
                    throw StreamEnded{"the changes of " + table.name +
                                      " cannot be followed: it is a part of " + other.name +
                                      ", which is followed, too"};
                }
            }
        }
    }
}

// Before the slot: a change that is older than the publication cannot be decoded for it.
void StreamObjects::publish() {
    const int version = server_version_;
    std::string list;
    for (const auto& table : tables_) {
        list += (list.empty() ? "" : ", ") + table.name;
    }
    std::string with = version >= 110'000 ? "publish = 'insert, update, delete, truncate'"
                                          : "publish = 'insert, update, delete'";
    with += version >= 130'000 ? ", publish_via_partition_root = true" : "";
    with += version >= 180'000 ? ", publish_generated_columns = stored" : "";
    announce_("create publication " + name_ + " for " + list);
    publish_widened(control_, name_,
                    "CREATE PUBLICATION " + name_ + " FOR TABLE " + list + " WITH (" + with + ")",
                    widened(), announce_, lock_patience_);
}

void StreamObjects::create_slot(std::chrono::milliseconds timeout) {
    announce_("create temporary replication slot " + name_);
    try {
        connection_->create_slot(name_, timeout);
    } catch (const Outage& outage) {
        const auto writer = oldest_writer(control_);
        throw StreamEnded{
            std::string{"no replication slot could be made: "} + outage.what() +
            (writer.empty()
                 ? ""
                 : "\n  one waits for all that write to end; first of them: session " + writer)};
    }
}

void StreamObjects::start() {
    std::string options = "proto_version '1', publication_names '\"" + name_ + "\"'";
    if (server_version_ >= 140'000) {
        options += ", binary 'true', messages 'true'";
    }
    connection_->start(name_, options);
}

std::vector<FormerIdentity> StreamObjects::widened() const {
    std::vector<FormerIdentity> all;
    for (const auto& table : tables_) {
        all.insert(all.end(), table.widened.begin(), table.widened.end());
    }
    return all;
}

void StreamObjects::wait_for_the_slot_to_go() {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    const auto gone = [&] {
        return ask(control_, "SELECT 1 FROM pg_catalog.pg_replication_slots WHERE slot_name = '" +
                                 name_ + "'")
            .rows.empty();
    };
    while (!gone()) {
        if (std::chrono::steady_clock::now() > deadline) {
            ask(control_, "SELECT pg_catalog.pg_terminate_backend(" + std::to_string(server_pid_) +
                              ") FROM pg_catalog.pg_replication_slots WHERE slot_name = '" + name_ +
                              "' AND active_pid = " + std::to_string(server_pid_));
            break;
        }
        std::this_thread::sleep_for(10ms);
    }
}

// The slot goes with its connection; the publication is needed as long as that decodes.
void StreamObjects::drop() noexcept {
    close();
    try {
        if (control_.execute("SELECT 1").error) {
            control_.reconnect();
        }
        wait_for_the_slot_to_go();
        drop_publication(control_, name_, widened(), announce_, lock_patience_);
    } catch (const std::exception& failure) {
        try {
            announce_("publication " + name_ +
                      " could not be dropped (rehearse cleanup will): " + failure.what());
        } catch (...) {  // nobody is left to be told
        }
    }
}

}  // namespace harness::postgres
