#include "harness/postgres/replica_identity.hpp"

#include <gtest/gtest.h>

namespace harness::postgres {
namespace {

TEST(IdentityFit, AWholeOldRowTellsAnyKey) {
    EXPECT_EQ(fit_of('f', {}, {"id"}), IdentityFit::carried);
    EXPECT_EQ(fit_of('f', {}, {}), IdentityFit::carried);
}

TEST(IdentityFit, AnIndexMustHoldEachColumnOfTheKey) {
    EXPECT_EQ(fit_of('d', {"id"}, {"id"}), IdentityFit::carried);
    EXPECT_EQ(fit_of('i', {"code", "id"}, {"id"}), IdentityFit::carried);
    EXPECT_EQ(fit_of('i', {"id"}, {"id", "k"}), IdentityFit::chosen_otherwise);
    EXPECT_EQ(fit_of('i', {"code"}, {"id"}), IdentityFit::chosen_otherwise);
}

TEST(IdentityFit, WithoutAKeyNoIndexIsEnough) {
    EXPECT_EQ(fit_of('d', {"id"}, {}), IdentityFit::lacking);  // a partition's own
    EXPECT_EQ(fit_of('i', {"id"}, {}), IdentityFit::chosen_otherwise);
}

TEST(IdentityFit, OnlyWhatNobodyChoseIsLacking) {
    EXPECT_EQ(fit_of('d', {}, {}), IdentityFit::lacking);
    EXPECT_EQ(fit_of('n', {}, {"id"}), IdentityFit::lacking);
    EXPECT_EQ(fit_of('i', {}, {"id"}), IdentityFit::chosen_otherwise);  // its index is gone
}

}  // namespace
}  // namespace harness::postgres
