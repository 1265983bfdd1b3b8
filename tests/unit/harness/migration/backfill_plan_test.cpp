#include "harness/migration/backfill_plan.hpp"

#include <gtest/gtest.h>

namespace {

using harness::database::Error;
using harness::database::ErrorKind;
using harness::database::Key;
using harness::migration::BackfillPlan;
using Next = BackfillPlan::Next;
using namespace std::chrono_literals;

const scenarios::Retries three{.times = 3, .backoff = 1ms};

Error error(ErrorKind kind, const char* message = "no") {
    Error result;
    result.kind = kind;
    result.message = message;
    return result;
}

void one_batch(BackfillPlan& plan, const Key& upto, std::int64_t rows) {
    ASSERT_EQ(plan.next(), Next::throttle);
    plan.throttle_passed();
    ASSERT_EQ(plan.next(), Next::find_boundary);
    plan.boundary_found(upto);
    ASSERT_EQ(plan.next(), Next::update);
    ASSERT_EQ(plan.upto(), upto);
    plan.updated(rows);
}

TEST(BackfillPlan, AsksTheThrottleBeforeEveryBatchAndEndsWhereNoRowsAreLeft) {
    BackfillPlan plan{three, 1};
    EXPECT_FALSE(plan.after());
    one_batch(plan, {"10"}, 10);
    EXPECT_EQ(plan.after(), Key{"10"});
    one_batch(plan, {"20"}, 7);
    plan.throttle_passed();
    plan.boundary_found(std::nullopt);
    EXPECT_EQ(plan.next(), Next::done);
    EXPECT_EQ(plan.rows(), 17);
    EXPECT_EQ(plan.batches(), 2);
}

TEST(BackfillPlan, AnEmptyTableIsDoneAtOnce) {
    BackfillPlan plan{three, 1};
    plan.throttle_passed();
    plan.boundary_found(std::nullopt);
    EXPECT_EQ(plan.next(), Next::done);
    EXPECT_EQ(plan.batches(), 0);
}

TEST(BackfillPlan, AFailedUpdateIsDoneAgainWithTheSameBatch) {
    BackfillPlan plan{three, 1};
    one_batch(plan, {"10"}, 10);
    plan.throttle_passed();
    plan.boundary_found(Key{"20"});
    plan.failed(error(ErrorKind::deadlock));
    ASSERT_EQ(plan.next(), Next::wait);
    plan.waited();
    ASSERT_EQ(plan.next(), Next::update);
    EXPECT_EQ(plan.after(), Key{"10"});
    EXPECT_EQ(plan.upto(), Key{"20"});
    plan.updated(10);
    EXPECT_EQ(plan.rows(), 20) << "what failed is not counted";
    EXPECT_EQ(plan.after(), Key{"20"});
}

TEST(BackfillPlan, AFailedBoundaryIsAskedForAgain) {
    BackfillPlan plan{three, 1};
    plan.throttle_passed();
    plan.failed(error(ErrorKind::lock_timeout));
    plan.waited();
    EXPECT_EQ(plan.next(), Next::find_boundary);
}

TEST(BackfillPlan, ALostConnectionIsOpenedAgainAfterTheWaitAndTheBatchResumed) {
    BackfillPlan plan{three, 1};
    plan.throttle_passed();
    plan.boundary_found(Key{"10"});
    plan.failed(error(ErrorKind::connection_lost));
    ASSERT_EQ(plan.next(), Next::wait);
    plan.waited();
    ASSERT_EQ(plan.next(), Next::reconnect);
    plan.failed(error(ErrorKind::connection_refused));
    ASSERT_EQ(plan.next(), Next::wait);
    plan.waited();
    ASSERT_EQ(plan.next(), Next::reconnect) << "still without a connection";
    plan.reconnected();
    ASSERT_EQ(plan.next(), Next::update);
    EXPECT_EQ(plan.upto(), Key{"10"});
}

TEST(BackfillPlan, GivesUpAfterTooManyErrorsInARow) {
    BackfillPlan plan{three, 1};
    one_batch(plan, {"10"}, 10);
    plan.throttle_passed();
    plan.boundary_found(Key{"20"});
    for (int n = 0; n < 3; ++n) {
        plan.failed(error(ErrorKind::lock_timeout));
        ASSERT_EQ(plan.next(), Next::wait);
        plan.waited();
    }
    plan.failed(error(ErrorKind::lock_timeout, "the last one"));
    EXPECT_EQ(plan.next(), Next::failed);
    EXPECT_NE(plan.failure().find("gave up after 4 errors in a row"), std::string::npos);
    EXPECT_NE(plan.failure().find("the last one"), std::string::npos);
    EXPECT_NE(plan.failure().find("1 batches (10 rows) were committed"), std::string::npos);
}

TEST(BackfillPlan, ABatchThatSucceedsStartsTheCountAgain) {
    BackfillPlan plan{three, 1};
    for (int batch = 1; batch <= 5; ++batch) {
        plan.throttle_passed();
        plan.boundary_found(Key{std::to_string(batch)});
        for (int n = 0; n < 3; ++n) {
            plan.failed(error(ErrorKind::serialization));
            ASSERT_EQ(plan.next(), Next::wait);
            plan.waited();
        }
        plan.updated(1);
    }
    EXPECT_EQ(plan.batches(), 5);
}

TEST(BackfillPlan, AMistakeIsNotTriedAgain) {
    for (const auto kind : {ErrorKind::syntax, ErrorKind::constraint, ErrorKind::privilege,
                            ErrorKind::disk_full, ErrorKind::other}) {
        BackfillPlan plan{three, 1};
        plan.throttle_passed();
        plan.boundary_found(Key{"1"});
        plan.failed(error(kind, "wrong"));
        EXPECT_EQ(plan.next(), Next::failed);
        EXPECT_NE(plan.failure().find("wrong"), std::string::npos);
        EXPECT_NE(plan.failure().find("no batch was committed"), std::string::npos);
    }
}

TEST(BackfillPlan, AKeyThatDoesNotMoveWouldTurnForEverAndIsRefused) {
    BackfillPlan plan{three, 1};
    one_batch(plan, {"a", "b"}, 1);
    plan.throttle_passed();
    plan.boundary_found(Key{"a", "b"});
    EXPECT_EQ(plan.next(), Next::failed);
    EXPECT_FALSE(plan.failure().empty());
}

}  // namespace
