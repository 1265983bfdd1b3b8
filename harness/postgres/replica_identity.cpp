#include "harness/postgres/replica_identity.hpp"

#include "harness/database/change_stream.hpp"
#include "harness/postgres/control.hpp"
#include "harness/postgres/number_in.hpp"
#include "harness/postgres/table_catalog.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <thread>

namespace harness::postgres {
namespace {

using namespace std::chrono_literals;
using database::Control;
using database::Error;
using database::ErrorKind;
using database::Outage;

constexpr auto between_attempts = 200ms;

const char* word(char identity) {
    return identity == 'n' ? "NOTHING" : "DEFAULT";
}

// Worth another attempt: a lock that was not to be had, a table that was renamed in between.
bool may_pass(ErrorKind kind) {
    return kind == ErrorKind::lock_timeout || kind == ErrorKind::deadlock ||
           kind == ErrorKind::syntax;
}

// One transaction, tried until it succeeds or it is no use. `work` throws Outage.
std::optional<Error> in_transaction(Control& control, std::chrono::milliseconds patience,
                                    const std::function<void()>& work) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (true) {
        try {
            ask(control, "BEGIN");
            ask(control, "SET LOCAL lock_timeout = '" +
                             std::to_string(identity_lock_timeout.count()) + "s'");
            work();
            ask(control, "COMMIT");
            return std::nullopt;
        } catch (const Outage& outage) {
            if (outage.error().kind == ErrorKind::connection_lost) {
                throw;
            }
            ask(control, "ROLLBACK");
            if (!may_pass(outage.error().kind) || std::chrono::steady_clock::now() > deadline) {
                return outage.error();
            }
        }
        std::this_thread::sleep_for(between_attempts);
    }
}

std::string literal(const std::string& text) {
    std::string quoted = "'";
    for (const char letter : text) {
        quoted += letter;
        quoted += letter == '\'' ? "'" : "";
    }
    return quoted + "'";
}

// The database's own number is in it: a publication goes into a dump, with its comment, and where
// that is restored the tables' numbers are other tables'.
std::string record_of(Control& control, std::span<const FormerIdentity> tables) {
    std::string record = "replica identities before, in database " +
                         *ask(control,
                              "SELECT oid FROM pg_catalog.pg_database "
                              "WHERE datname = pg_catalog.current_database()")
                              .rows.at(0)
                              .at(0) +
                         ":";
    for (const auto& table : tables) {
        record += " " + std::to_string(table.oid) + "=" + table.was;
    }
    return record;
}

// Its name now, where its identity is still FULL.
std::optional<std::string> still_full(Control& control, std::uint32_t oid) {
    const database::Value parameter = std::to_string(oid);
    const auto answer =
        ask(control,
            "SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) "
            "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
            "WHERE c.oid = $1::oid AND c.relkind IN ('r', 'p') AND c.relreplident = 'f'",
            {&parameter, 1});
    return answer.rows.empty() ? std::nullopt : answer.rows[0][0];
}

}  // namespace

IdentityFit fit_of(char identity, const std::vector<std::string>& carried,
                   const std::vector<std::string>& key) {
    if (identity == 'f') {
        return IdentityFit::carried;
    }
    const bool whole_key = !key.empty() && std::ranges::all_of(key, [&](const auto& column) {
        return std::ranges::find(carried, column) != carried.end();
    });
    if (whole_key) {
        return IdentityFit::carried;
    }
    return identity == 'i' ? IdentityFit::chosen_otherwise : IdentityFit::lacking;
}

void publish_widened(Control& control, const std::string& publication, const std::string& create,
                     std::span<const FormerIdentity> tables, const Announce& announce,
                     std::chrono::milliseconds patience) {
    for (const auto& table : tables) {
        announce("set REPLICA IDENTITY of " + table.name + " to FULL (it is " + word(table.was) +
                 ")");
    }
    const auto error = in_transaction(control, patience, [&] {
        for (const auto& table : tables) {
            ask(control, "ALTER TABLE ONLY " + table.name + " REPLICA IDENTITY FULL");
        }
        ask(control, create);
        if (!tables.empty()) {
            ask(control, "COMMENT ON PUBLICATION " + publication + " IS " +
                             literal(record_of(control, tables)));
        }
    });
    if (error) {
        throw database::StreamEnded{"the tables cannot be published: " + error->text()};
    }
}

std::vector<FormerIdentity> recorded_identities(Control& control, const std::string& publication) {
    const database::Value parameter = publication;
    const auto answer =
        ask(control,
            "SELECT m[1], m[2] FROM pg_catalog.pg_publication p "
            "CROSS JOIN LATERAL pg_catalog.obj_description(p.oid, 'pg_publication') told "
            "CROSS JOIN LATERAL pg_catalog.regexp_matches(told, '(\\d+)=([dn])', 'g') m "
            "WHERE p.pubname = $1 AND told LIKE '%in database ' || (SELECT oid FROM "
            "pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) || ':%'",
            {&parameter, 1});
    std::vector<FormerIdentity> tables;
    for (const auto& row : answer.rows) {
        tables.push_back(
            {.oid = number_in<std::uint32_t>(row[0]), .was = row[1]->at(0), .name = {}});
    }
    return tables;
}

std::vector<std::string> drop_publication(Control& control, const std::string& publication,
                                          std::span<const FormerIdentity> tables,
                                          const Announce& announce,
                                          std::chrono::milliseconds patience) {
    std::vector<std::string> done;
    for (const auto& table : tables) {
        if (const auto name = still_full(control, table.oid)) {
            announce("put REPLICA IDENTITY of " + *name + " back to " + word(table.was));
        }
    }
    const auto error = in_transaction(control, patience, [&] {
        done.clear();
        for (const auto& table : tables) {
            const auto name = still_full(control, table.oid);
            if (!name) {
                continue;
            }
            ask(control, "LOCK TABLE ONLY " + *name + " IN ACCESS EXCLUSIVE MODE");
            if (still_full(control, table.oid) == name) {
                ask(control, "ALTER TABLE ONLY " + *name + " REPLICA IDENTITY " + word(table.was));
                done.push_back("put REPLICA IDENTITY of " + *name + " back to " + word(table.was));
            }
        }
        ask(control, "DROP PUBLICATION IF EXISTS " + quoted_identifier(publication));
    });
    if (error) {
        throw Outage{*error};
    }
    return done;
}

void put_back_left_over(Control& control, const Announce& announce) {
    const auto publications = ask(
        control, "SELECT pubname FROM pg_catalog.pg_publication WHERE pubname LIKE 'rehearse\\_%'");
    for (const auto& row : publications.rows) {
        const auto tables = recorded_identities(control, *row[0]);
        if (tables.empty()) {
            continue;
        }
        try {
            drop_publication(control, *row[0], tables, announce);
        } catch (const Outage& outage) {
            if (outage.error().kind == ErrorKind::connection_lost) {
                throw;
            }
            announce(
                "what a killed run left could not be put back (rehearse cleanup tells more): " +
                std::string{outage.what()});
        }
    }
}

}  // namespace harness::postgres
