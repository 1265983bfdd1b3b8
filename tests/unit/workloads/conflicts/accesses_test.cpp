#include "workloads/conflicts/accesses.hpp"

#include "shop_relations.hpp"

#include <gtest/gtest.h>

namespace workloads::conflicts {
namespace {

class SpacesTest : public testing::Test {
protected:
    // The statements that the recording holds decide by which column rows are told apart.
    void choose(const std::vector<std::string>& statements) {
        for (const auto& sql : statements) {
            spaces_.count(touches_in(sql), 10);
        }
        spaces_.choose();
    }

    // "0 writes listed": space, mode, rows.
    std::string accesses_in(const std::string& sql) {
        static constexpr const char* modes[] = {"reads", "depends on", "locks", "writes"};
        static constexpr const char* rows[] = {"listed", "fresh", "any"};
        std::string out;
        for (const auto& access : spaces_.accesses(touches_in(sql))) {
            out += (out.empty() ? "" : ", ") + std::to_string(access.space) + " " +
                   modes[static_cast<std::size_t>(access.mode)] + " " +
                   rows[static_cast<std::size_t>(access.rows)];
        }
        return out;
    }

    Touches touches_in(const std::string& sql) {
        return touches_of(synthesis::read_statement(sql), relations_);
    }

    Relations relations_ = shop();
    Spaces spaces_{relations_};
};

TEST_F(SpacesTest, RowsAreToldApartByWhatMostCallsNameThemBy) {
    choose({"UPDATE orders SET status = $1 WHERE id = $2", "SELECT * FROM orders WHERE id = $1",
            "SELECT * FROM orders WHERE customer_id = $1",
            "SELECT * FROM items WHERE order_id = $1"});
    EXPECT_EQ(spaces_.column_of(orders), "id");
    EXPECT_EQ(spaces_.column_of(items), "order_id");
    EXPECT_EQ(spaces_.column_of(customers), "");
    EXPECT_EQ(accesses_in("SELECT * FROM orders WHERE id = $1"), "1 reads listed");
    EXPECT_EQ(accesses_in("SELECT * FROM orders WHERE customer_id = $1"), "1 reads any");
    EXPECT_EQ(accesses_in("UPDATE orders SET status = $1 WHERE id = $2"), "1 writes listed");
    EXPECT_EQ(accesses_in("UPDATE orders SET id = $1 WHERE id = $2").substr(0, 10), "2 writes a");
}

// Customers are inserted and deleted by id; that no two have one e-mail is a space of its own, and
// so is what orders refer to.
TEST_F(SpacesTest, UniqueKeysAreSpacesOfTheirOwn) {
    choose({"SELECT * FROM customers WHERE id = $1", "SELECT * FROM orders WHERE id = $1"});
    EXPECT_EQ(accesses_in("INSERT INTO customers (id, email) VALUES ($1, $2)"),
              "0 writes listed, 5 writes listed, 6 writes listed");
    EXPECT_EQ(accesses_in("DELETE FROM customers WHERE id = $1"),
              "1 locks any, 0 writes listed, 5 writes listed, 6 writes any");
    EXPECT_EQ(accesses_in("UPDATE customers SET credit = $1 WHERE id = $2"), "0 writes listed");
    EXPECT_EQ(accesses_in("UPDATE customers SET email = $1 WHERE id = $2"),
              "0 writes listed, 6 writes any");
    EXPECT_EQ(accesses_in("INSERT INTO orders (customer_id) VALUES ($1)"),
              "5 locks listed, 1 writes fresh, 7 writes fresh");
    EXPECT_EQ(accesses_in("INSERT INTO orders (id, customer_id) VALUES ($1, $2), ($3, $4)"),
              "5 locks listed, 1 writes listed, 7 writes listed");
}

TEST_F(SpacesTest, ValuesThatTextsDoNotTellApartAreAnyRows) {
    choose({"SELECT * FROM tags WHERE at = $1"});
    EXPECT_EQ(spaces_.column_of(tags), "");
    EXPECT_EQ(accesses_in("SELECT * FROM tags WHERE at = $1"), "3 reads any");
}

}  // namespace
}  // namespace workloads::conflicts
