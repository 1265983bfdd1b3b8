#include "harness/postgres/environment.hpp"

#include "tests/integration/throwaway.hpp"

#include <vector>

namespace {

class Environment : public tests::FreshDatabase {
protected:
    harness::database::Facts facts(const std::vector<std::string>& tables) {
        return harness::postgres::collect_environment(*control(), tables);
    }
};

TEST_F(Environment, NamesVersionDatabaseAndSettings) {
    sql("ALTER DATABASE " + database() + " SET lock_timeout = '7s'");
    const auto f = facts({});
    EXPECT_EQ(f.version, value("SHOW server_version"));
    EXPECT_EQ(f.database, database());
    EXPECT_EQ(f.settings.at("wal_level"), "logical");
    EXPECT_EQ(f.settings.at("lock_timeout"), "7000ms");  // the role's, not this session's
}

TEST_F(Environment, TellsSizesAndWhatDependsOnATable) {
    sql("CREATE TABLE customers (id int PRIMARY KEY);"
        "CREATE TABLE orders (id int PRIMARY KEY, customer int REFERENCES customers);"
        "CREATE VIEW open_orders AS SELECT id FROM orders;"
        "CREATE FUNCTION noop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        "CREATE TRIGGER audit BEFORE INSERT ON orders FOR EACH ROW EXECUTE PROCEDURE noop();"
        "CREATE PUBLICATION p FOR TABLE orders;"
        "INSERT INTO orders SELECT i FROM generate_series(1, 12345) i; ANALYZE orders");
    const auto f = facts({"orders", "customers", "nowhere", "no name; at all"});

    EXPECT_EQ(f.environment.at("table orders").rfind("about 12,345 rows, table ", 0), 0U)
        << f.environment.at("table orders");
    EXPECT_EQ(f.environment.at("table orders: views"), "open_orders");
    EXPECT_EQ(f.environment.at("table orders: foreign keys"),
              "orders_customer_fkey: orders -> customers");
    EXPECT_EQ(f.environment.at("table orders: triggers"), "audit");
    EXPECT_EQ(f.environment.at("table orders: publications"), "p");
    EXPECT_EQ(f.environment.at("table orders: indexes"), "orders_pkey");
    EXPECT_EQ(f.environment.at("table customers: foreign keys"),
              "orders_customer_fkey: orders -> customers");
    EXPECT_EQ(f.environment.at("table nowhere"), "does not exist at the start");
    EXPECT_EQ(f.environment.at("table no name; at all"), "does not exist at the start");
}

TEST_F(Environment, APartitionedTableIsTheSumOfItsPartitions) {
    sql("CREATE TABLE parts (a int) PARTITION BY RANGE (a);"
        "CREATE TABLE low PARTITION OF parts FOR VALUES FROM (0) TO (1000);"
        "CREATE TABLE high PARTITION OF parts FOR VALUES FROM (1000) TO (3000);"
        "INSERT INTO parts SELECT i FROM generate_series(0, 2999) i; ANALYZE parts");
    EXPECT_EQ(facts({"parts"})
                  .environment.at("table parts")
                  .rfind("about 3,000 rows in 2 partitions or children", 0),
              0U);
}

TEST_F(Environment, ALockedTableCostsAMomentNotTheRun) {
    sql("CREATE TABLE t (a int)");
    sql("BEGIN; LOCK TABLE t");
    const auto c = control({.lock_timeout = std::chrono::milliseconds{20}, .on_notice = {}});
    const std::vector<std::string> tables{"t"};
    const auto f = harness::postgres::collect_environment(*c, tables);
    EXPECT_EQ(f.environment.at("table t").rfind("size unknown: ", 0), 0U);
    sql("COMMIT");
}

}  // namespace
