#include "harness/postgres/replica_probe.hpp"

#include "harness/postgres/control.hpp"

#include <cstdlib>

namespace harness::postgres {
namespace {

// A standby that does not answer within this time is not measured; the next second asks again.
constexpr std::chrono::milliseconds patience{2'000};

class StandbyProbe final : public database::ReplicaProbe {
public:
    explicit StandbyProbe(const Target& target) : target_{target} { connect(); }

    database::ReplicaLag read() override {
        if (!control_) {
            connect();
        }
        // Everything that was received is replayed: no lag, if it still receives. Cut off from its
        // primary it would look caught up for ever.
        const auto answer = control_->execute(
            "SELECT CASE WHEN pg_last_wal_receive_lsn() IS NOT DISTINCT FROM "
            "pg_last_wal_replay_lsn() AND EXISTS (SELECT FROM pg_stat_wal_receiver) THEN 0 ELSE "
            "greatest(0, extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())) "
            "END, coalesce(greatest(0, pg_wal_lsn_diff(pg_last_wal_receive_lsn(), "
            "pg_last_wal_replay_lsn())), 0)");
        if (!answer.ok() || answer.rows.empty()) {
            control_.reset();
            throw database::Outage{answer.error.value_or(database::Error{})};
        }
        const auto& row = answer.rows.front();
        return {target_.describe(), std::strtod(row.at(0).value_or("0").c_str(), nullptr),
                static_cast<std::int64_t>(std::strtod(row.at(1).value_or("0").c_str(), nullptr))};
    }

private:
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
        control_ = std::move(control);
    }

    Target target_;
    std::unique_ptr<database::Control> control_;
};

}  // namespace

std::unique_ptr<database::ReplicaProbe> open_replica_probe(const Target& target) {
    return std::make_unique<StandbyProbe>(target);
}

}  // namespace harness::postgres
