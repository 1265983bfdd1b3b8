#include "reports/source_place.hpp"

#include "tests/unit/reports/sample_record.hpp"

#include <gtest/gtest.h>

namespace reports {
namespace {

std::string text(const SourcePlace& place) {
    return place.file + ":" + std::to_string(place.line);
}

SourcePlace place_of(const char* gate, const Record& record) {
    GateResult result;
    result.name = gate;
    return place_of_gate(result, record);
}

TEST(SourcePlace, FilesAreNamedFromTheCheckoutsRoot) {
    const Checkout checkout{"/checkout", "/checkout/db"};
    EXPECT_EQ(path_in(checkout, "shop.yaml"), "db/shop.yaml");
    EXPECT_EQ(path_in(checkout, "../a//./shop.yaml"), "a/shop.yaml");
    EXPECT_EQ(path_in(checkout, "/checkout/x.sql"), "x.sql");
    EXPECT_EQ(path_in({"/checkout/", "/checkout"}, "x.sql"), "x.sql");
}

TEST(SourcePlace, WhatLiesOutsideOfTheCheckoutStaysAsItIs) {
    const Checkout checkout{"/checkout", "/checkout/db"};
    EXPECT_EQ(path_in(checkout, "../../other/x.sql"), "../../other/x.sql");
    EXPECT_EQ(path_in(checkout, "/etc/x.sql"), "/etc/x.sql");
    EXPECT_EQ(path_in(checkout, "/checkouts/x.sql"), "/checkouts/x.sql");
    EXPECT_EQ(path_in(checkout, ""), "");
    EXPECT_EQ(path_in({}, "../x.sql"), "../x.sql");
}

TEST(SourcePlace, AStepOfUnknownPlaceIsShownInTheScenario) {
    auto record = samples::healthy();
    record.steps[0].file.clear();
    record.steps[0].line = 0;
    EXPECT_EQ(text(place_of(record.steps[0], record)), "shop.yaml:1");
    record.steps.clear();
    EXPECT_EQ(text(place_of_migration(record)), "shop.yaml:1");
}

TEST(SourcePlace, AGateStandsAtTheStepThatIsToBlame) {
    auto record = samples::naive();
    auto other = record.steps[0];
    other.name = "before it";
    other.line = 20;
    other.end_s = 999;
    record.steps.insert(record.steps.begin(), other);
    EXPECT_EQ(text(place_of("lock_wait.max", record)), "shop.yaml:31");
    EXPECT_EQ(text(place_of("duration", record)), "shop.yaml:20") << "the longest";
    record.locks.episodes[0].queued = samples::step_blocker("before it");
    EXPECT_EQ(text(place_of("lock_wait.max", record)), "shop.yaml:20");
}

TEST(SourcePlace, AGateThatNoStepIsToBlameForStandsWhereTheMigrationBegins) {
    auto record = samples::naive();
    record.steps.push_back(record.steps[0]);
    record.steps[1].line = 90;
    for (const char* kind : {"adversary", "other", "operation"}) {
        record.locks.episodes[0].blocker.kind = kind;
        EXPECT_EQ(text(place_of("stall.max", record)), "shop.yaml:31") << kind;
    }
    record.locks.episodes[0].blocker = samples::step_blocker("no such step");
    EXPECT_EQ(text(place_of("stall.max", record)), "shop.yaml:31");
    record.locks.episodes.clear();
    EXPECT_EQ(text(place_of("errors", record)), "shop.yaml:31");
}

}  // namespace
}  // namespace reports
