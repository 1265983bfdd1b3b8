#include "workloads/keys/lap_keys.hpp"

#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace workloads::keys {
namespace {

using synthesis::TypeClass;

KeyColumn column_of(TypeClass type, int longest = 0) {
    return {0, "id", type, longest};
}

TEST(LapKeys, StayAsRecordedTheFirstTime) {
    EXPECT_EQ(key_of_lap("007", column_of(TypeClass::integer), 0, 10), "007");
    EXPECT_EQ(key_of_lap("x", column_of(TypeClass::text, 1), 0, 0), "x");
}

TEST(LapKeys, NumbersGoOnByTheStride) {
    EXPECT_EQ(key_of_lap("7", column_of(TypeClass::integer), 3, 100), "307");
    EXPECT_EQ(key_of_lap("-7", column_of(TypeClass::integer), 1, 100), "93");
    EXPECT_EQ(key_of_lap("9223372036854775807", column_of(TypeClass::integer), 1, 1), std::nullopt);
    EXPECT_EQ(key_of_lap("1", column_of(TypeClass::integer), 3, std::int64_t{1} << 62),
              std::nullopt);
    EXPECT_EQ(key_of_lap("1", column_of(TypeClass::integer), 3, 0), std::nullopt);
    EXPECT_EQ(key_of_lap("no number", column_of(TypeClass::integer), 1, 100), std::nullopt);
}

TEST(LapKeys, UuidsDifferFromLapToLap) {
    std::set<std::string> all{"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a10",
                              "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
                              "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12"};
    for (const auto& recorded : std::vector<std::string>{all.begin(), all.end()}) {
        for (std::uint32_t lap = 1; lap < 1'000; ++lap) {
            const auto key = key_of_lap(recorded, column_of(TypeClass::uuid), lap, 0);
            ASSERT_TRUE(key);
            EXPECT_EQ(key->substr(0, 24), "a0eebc99-9c0b-4ef8-bb6d-");
            EXPECT_EQ(key->size(), 36U);
            all.insert(*key);
        }
    }
    EXPECT_EQ(all.size(), 3 * 1'000U);
    EXPECT_EQ(key_of_lap("no uuid", column_of(TypeClass::uuid), 1, 0), std::nullopt);
}

TEST(LapKeys, TextsGetTheNumberOfTheTimeWhereItFits) {
    EXPECT_EQ(key_of_lap("ann@example.org", column_of(TypeClass::text), 1, 0), "ann@example.org~2");
    EXPECT_EQ(key_of_lap("größe", column_of(TypeClass::text, 7), 1, 0), "größe~2");
    EXPECT_EQ(key_of_lap("größen", column_of(TypeClass::text, 7), 1, 0), std::nullopt);
    EXPECT_EQ(key_of_lap("2026-01-01", column_of(TypeClass::moment), 1, 0), std::nullopt);
}

}  // namespace
}  // namespace workloads::keys
