#include "workloads/mix.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace workloads {
namespace {

Operation operation(double weight, AppFilter app = AppFilter::both) {
    Operation out;
    out.name = "op";
    out.weight = weight;
    out.app = app;
    return out;
}

std::vector<double> shares(const Mix& mix, App app, std::size_t operations, std::size_t draws) {
    Random random{2024, 0};
    std::vector<double> out(operations, 0);
    for (std::size_t i = 0; i < draws; ++i) {
        const OperationId id = mix.pick(app, random.next());
        out.at(id) += 1;
    }
    for (double& share : out) {
        share /= static_cast<double>(draws);
    }
    return out;
}

// Five standard errors of each share.
void expect_shares(const std::vector<double>& weights) {
    std::vector<Operation> operations;
    double total = 0;
    for (const double weight : weights) {
        operations.push_back(operation(weight));
        total += weight;
    }
    constexpr std::size_t draws = 2'000'000;
    const std::vector<double> seen =
        shares(Mix{operations}, App::old_version, weights.size(), draws);
    for (std::size_t i = 0; i < weights.size(); ++i) {
        const double share = weights[i] / total;
        EXPECT_NEAR(seen[i], share, 5 * std::sqrt(share * (1 - share) / draws)) << i;
    }
}

TEST(Mix, PicksEachOperationByItsWeight) {
    expect_shares({70, 20, 10});
    expect_shares({1, 1, 1, 1, 1});
    expect_shares({1});
    expect_shares({0.001, 1000, 3.5, 0, 12});
    expect_shares({1e300, 3e300});
    expect_shares({1e-300, 3e-300});
}

TEST(Mix, PicksFromAHundredOperations) {
    std::vector<double> weights;
    for (int i = 1; i <= 100; ++i) {
        weights.push_back(i);
    }
    expect_shares(weights);
}

TEST(Mix, SendsToEachVersionOnlyWhatThatVersionSends) {
    const std::vector<Operation> operations{operation(1, AppFilter::old_version),
                                            operation(3, AppFilter::new_version),
                                            operation(1, AppFilter::both)};
    const Mix mix{operations};
    const auto old_shares = shares(mix, App::old_version, 3, 100'000);
    EXPECT_NEAR(old_shares[0], 0.5, 0.01);
    EXPECT_EQ(old_shares[1], 0);
    EXPECT_NEAR(old_shares[2], 0.5, 0.01);
    const auto new_shares = shares(mix, App::new_version, 3, 100'000);
    EXPECT_EQ(new_shares[0], 0);
    EXPECT_NEAR(new_shares[1], 0.75, 0.01);
    EXPECT_NEAR(new_shares[2], 0.25, 0.01);
}

TEST(Mix, SaysWhetherAVersionSendsAnything) {
    const std::vector<Operation> only_old{operation(1, AppFilter::old_version),
                                          operation(0, AppFilter::new_version)};
    const Mix mix{only_old};
    EXPECT_TRUE(mix.has(App::old_version));
    EXPECT_FALSE(mix.has(App::new_version));
    EXPECT_FALSE(Mix{{}}.has(App::old_version));
}

TEST(Mix, NeverPicksWhatWeighsNothing) {
    const std::vector<Operation> operations{operation(0), operation(1), operation(0)};
    const Mix mix{operations};
    for (const std::uint64_t draw :
         {std::uint64_t{0}, std::uint64_t{1} << 63, std::numeric_limits<std::uint64_t>::max()}) {
        EXPECT_EQ(mix.pick(App::old_version, draw), 1);
    }
}

TEST(Mix, AcceptsTheEndsOfTheDraw) {
    const std::vector<Operation> operations{operation(1), operation(2), operation(3)};
    const Mix mix{operations};
    EXPECT_LT(mix.pick(App::old_version, 0), 3);
    EXPECT_LT(mix.pick(App::old_version, std::numeric_limits<std::uint64_t>::max()), 3);
}

TEST(Mix, RefusesWeightsThatAreNone) {
    for (const double weight : {-1.0, std::numeric_limits<double>::infinity(),
                                std::numeric_limits<double>::quiet_NaN()}) {
        const std::vector<Operation> operations{operation(1), operation(weight)};
        EXPECT_THROW(Mix{operations}, std::invalid_argument);
    }
}

TEST(Mix, RefusesMoreOperationsThanItCanNumber) {
    const std::vector<Operation> operations(65'536, operation(1));
    EXPECT_THROW(Mix{operations}, std::invalid_argument);
}

}  // namespace
}  // namespace workloads
