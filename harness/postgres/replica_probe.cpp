#include "harness/postgres/replica_probe.hpp"

#include "harness/postgres/control.hpp"
#include "harness/postgres/wal_history.hpp"

#include <algorithm>
#include <cstdlib>

namespace harness::postgres {
namespace {

// A server that does not answer within this time is not measured; the next second asks again.
constexpr std::chrono::milliseconds patience{2'000};

class StandbyProbe final : public database::ReplicaProbe {
public:
    StandbyProbe(const Target& standby, std::unique_ptr<database::Control> primary)
        : target_{standby}, primary_{std::move(primary)} {
        primary_->set_statement_timeout(patience);
        connect();
    }

    database::ReplicaLag read() override {
        // The primary first: a standby that keeps up then lacks nothing of what is compared.
        const auto primary = numbers_of(*primary_, "the primary",
                                        "SELECT pg_current_wal_flush_lsn() - '0/0'::pg_lsn, "
                                        "extract(epoch FROM clock_timestamp())");
        const auto now = WalHistory::Clock::now();
        const auto flushed = static_cast<std::int64_t>(primary.first);
        written_.add(now, flushed);
        const auto standby = read_standby();
        const auto replayed = static_cast<std::int64_t>(standby.first);
        // Both by the primary's clock. An idle primary's last commit is long ago.
        const auto since_commit =
            standby.second > 0 ? std::optional{primary.second - standby.second} : std::nullopt;
        return {target_.describe(), written_.seconds_behind(replayed, now, since_commit),
                std::max<std::int64_t>(0, flushed - replayed)};
    }

private:
    using Numbers = std::pair<double, double>;  // positions are exact up to 2^53 bytes

    Numbers read_standby() {
        if (!standby_) {
            connect();
        }
        try {
            return numbers_of(*standby_, "the replica",
                              "SELECT pg_last_wal_replay_lsn() - '0/0'::pg_lsn, "
                              "extract(epoch FROM pg_last_xact_replay_timestamp())");
        } catch (const database::Outage&) {
            standby_.reset();
            throw;
        }
    }

    // Opens a connection that was lost once more.
    static Numbers numbers_of(database::Control& server, const char* whose, const char* query) {
        auto answer = server.execute(query);
        if (answer.error && answer.error->kind == database::ErrorKind::connection_lost) {
            server.reconnect();
            answer = server.execute(query);
        }
        if (!answer.ok() || answer.rows.empty()) {
            auto error = answer.error.value_or(database::Error{});
            error.message = std::string{whose} + " did not tell its log position: " + error.message;
            throw database::Outage{std::move(error)};
        }
        const auto& row = answer.rows.front();
        const auto number = [&](std::size_t column) {
            return std::strtod(row.at(column).value_or("0").c_str(), nullptr);
        };
        return {number(0), number(1)};
    }

    void connect() {
        ControlOptions options;
        options.statement_timeout = patience;
        auto control = open_control(target_.conninfo("replica"), options);
        const auto standby = ask(*control, "SELECT pg_is_in_recovery()");
        if (standby.rows.at(0).at(0) != "t") {
            throw database::Refused{target_.describe() +
                                    " is named as a replica, but it is none (pg_is_in_recovery() "
                                    "is false); correct target.replicas_env"};
        }
        standby_ = std::move(control);
    }

    Target target_;
    std::unique_ptr<database::Control> primary_, standby_;
    WalHistory written_;  // by the primary
};

}  // namespace

std::unique_ptr<database::ReplicaProbe> open_replica_probe(
    const Target& standby, std::unique_ptr<database::Control> primary) {
    return std::make_unique<StandbyProbe>(standby, std::move(primary));
}

}  // namespace harness::postgres
