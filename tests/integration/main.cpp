#include "tests/integration/throwaway.hpp"

#include <chrono>
#include <cstdlib>
#include <thread>

#include <pqxx/pqxx>

namespace tests {

namespace {

std::unique_ptr<harness::postgres::PostgresThrowaway>& the_server() {
    static std::unique_ptr<harness::postgres::PostgresThrowaway> server;
    return server;
}

class StopServer : public testing::Environment {
    void TearDown() override { the_server().reset(); }
};

harness::database::ThrowawayOptions options() {
    auto options = server_under_test();
    options.settings = {{"max_prepared_transactions", "10"}};
    return options;
}

}  // namespace

harness::postgres::PostgresThrowaway& server() {
    if (!the_server()) {
        the_server() = std::make_unique<harness::postgres::PostgresThrowaway>(options());
    }
    return *the_server();
}

int server_major() {
    return std::atoi(server().version().c_str());
}

class FreshDatabase::OwnClient {
public:
    explicit OwnClient(const std::string& conninfo) : connection_{conninfo} {}

    harness::database::Outcome ask(std::string_view statement) {
        pqxx::nontransaction transaction{connection_};
        const pqxx::result answer = transaction.exec(std::string{statement});
        harness::database::Outcome outcome;
        outcome.rows_affected = static_cast<std::int64_t>(answer.affected_rows());
        for (const auto& row : answer) {
            auto& values = outcome.rows.emplace_back();
            for (const auto& field : row) {
                values.push_back(field.is_null() ? std::nullopt
                                                 : harness::database::Value{field.c_str()});
            }
        }
        return outcome;
    }

private:
    pqxx::connection connection_;
};

FreshDatabase::FreshDatabase() = default;
FreshDatabase::~FreshDatabase() = default;

void FreshDatabase::SetUp() {
    static int number = 0;
    name_ = "test_" + std::to_string(++number);
    const auto admin = harness::postgres::open_control(
        harness::postgres::Target::parse(server().uri()).conninfo("fixture"));
    harness::postgres::ask(*admin, "CREATE DATABASE " + name_);
    own_ = std::make_unique<OwnClient>(conninfo());
    sql("SET application_name = 'tests'");  // nobody's killed run
}

void FreshDatabase::TearDown() {
    own_.reset();
    const auto admin = harness::postgres::open_control(
        harness::postgres::Target::parse(server().uri()).conninfo("fixture"));
    // WITH (FORCE) is new in 13.
    harness::postgres::ask(
        *admin,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" + name_ + "'");
    harness::database::Outcome dropped;
    for (int attempt = 0; attempt < 100; ++attempt) {  // terminated sessions take a moment to go
        dropped = admin->execute("DROP DATABASE " + name_);
        if (dropped.ok()) {
            return;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
    ADD_FAILURE() << dropped.error->text();
}

std::string FreshDatabase::conninfo(std::string_view role, std::string_view user) const {
    std::string uri = server().uri_of(name_);
    uri.replace(uri.find("user=postgres"), 13, "user=" + std::string{user});
    return harness::postgres::Target::parse(uri).conninfo(role);
}

std::unique_ptr<harness::database::Control> FreshDatabase::control(
    harness::postgres::ControlOptions options) const {
    return harness::postgres::open_control(conninfo(), std::move(options));
}

harness::database::Outcome FreshDatabase::sql(std::string_view statement) {
    return own_->ask(statement);
}

std::string FreshDatabase::value(std::string_view query) {
    const auto answer = sql(query);
    if (answer.rows.empty() || answer.rows[0].empty() || !answer.rows[0][0]) {
        ADD_FAILURE() << "no value: " << query;
        return {};
    }
    return *answer.rows[0][0];
}

bool FreshDatabase::becomes_true(std::string_view query) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (std::chrono::steady_clock::now() < deadline) {
        if (value(query) == "t") {
            return true;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    return false;
}

}  // namespace tests

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    testing::AddGlobalTestEnvironment(new tests::StopServer);
    return RUN_ALL_TESTS();
}
