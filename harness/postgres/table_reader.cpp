#include "harness/postgres/table_reader.hpp"

#include "harness/postgres/canceller.hpp"
#include "harness/postgres/timed_connection.hpp"

#include <atomic>
#include <optional>
#include <utility>

namespace harness::postgres {
namespace {

using database::Outage;

class PostgresReader final : public database::TableReader {
public:
    explicit PostgresReader(std::shared_ptr<const ReadPlan> plan)
        : plan_{std::move(plan)},
          connection_{plan_->destination},
          stream_{connection_},
          decoder_{plan_->fields, plan_->scale} {
        connection_.watch(&cancel_moment_);
        canceller_.aim(connection_.get());
        for (const auto& setting : session_settings(plan_->lock_timeout)) {
            run(setting);
        }
        run(begin_snapshot);
        run("SET TRANSACTION SNAPSHOT '" + plan_->snapshot + "'");
        run(plan_->lock);
    }

    void read(const database::Chunk& chunk, database::RowSink& sink) override {
        const ChunkSource& source = plan_->sources.at(chunk.number);
        check_cancelled();
        if (std::exchange(ranged_, source.ranged) != source.ranged) {
            run(source.ranged ? "SET enable_seqscan = off" : "SET enable_seqscan = on");
        }
        stream_.start("COPY (SELECT " + plan_->select + " FROM " + source.from +
                      (source.where.empty() ? "" : " WHERE " + source.where) +
                      ") TO STDOUT (FORMAT binary)");
        decoder_.restart();
        try {
            while (const auto piece = stream_.next()) {
                check_cancelled();
                decoder_.feed(*piece);
                while (const auto row = decoder_.next()) {
                    sink.row(*row);
                }
            }
        } catch (const MalformedCopy& wrong) {
            throw database::Unreadable{"table " + plan_->table +
                                       " cannot be read: " + wrong.what()};
        }
        if (!decoder_.finished()) {
            throw database::Unreadable{"table " + plan_->table +
                                       " cannot be read: the data ended early"};
        }
    }

    [[nodiscard]] std::uint64_t bytes_received() const override { return stream_.bytes_received(); }

    void cancel() noexcept override {
        cancelled_.store(true);
        cancel_moment_.set();
        canceller_.cancel();
    }

private:
    void run(const std::string& sql) {
        const Result result = connection_.execute(sql);
        if (result == nullptr || is_failure(result.get())) {
            throw Outage{connection_.error(result.get())};
        }
    }

    // The server's own answer to a cancellation may come late, or hit between two statements.
    void check_cancelled() const {
        if (cancelled_.load(std::memory_order_relaxed)) {
            database::Error error;
            error.kind = database::ErrorKind::cancelled;
            error.message = "cancelled";
            throw Outage{error};
        }
    }

    std::shared_ptr<const ReadPlan> plan_;
    CancelMoment cancel_moment_;
    std::atomic<bool> cancelled_{false};
    TimedConnection connection_;
    Canceller canceller_;
    CopyStream stream_;
    CopyDecoder decoder_;
    bool ranged_ = false;
};

}  // namespace

std::vector<std::string> session_settings(std::chrono::milliseconds lock_timeout) {
    return {
        // Parallel plans and compiled expressions cost more than they bring for each chunk. Some of
        // the names are new.
        "SELECT pg_catalog.set_config(s.name, v.value, false) FROM (VALUES ('DateStyle', 'ISO, "
        "YMD'), "
        "('IntervalStyle', 'postgres'), ('extra_float_digits', '3'), ('bytea_output', 'hex'), "
        "('TimeZone', 'UTC'), ('row_security', 'off'), ('statement_timeout', '0'), "
        "('idle_in_transaction_session_timeout', '0'), ('transaction_timeout', '0'), "
        "('max_parallel_workers_per_gather', '0'), ('jit', 'off'), ('lock_timeout', '" +
        std::to_string(lock_timeout.count()) +
        "')) v(name, value) JOIN pg_catalog.pg_settings s ON s.name = v.name"};
}

std::unique_ptr<database::TableReader> open_reader(std::shared_ptr<const ReadPlan> plan) {
    return std::make_unique<PostgresReader>(std::move(plan));
}

}  // namespace harness::postgres
