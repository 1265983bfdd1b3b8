#include "reports/second_log.hpp"

#include <map>
#include <random>

#include <gtest/gtest.h>

namespace {

using reports::Histogram;
using reports::SecondLog;

using Key = std::pair<std::uint32_t, std::uint32_t>;
using Entries = std::map<Key, Histogram>;

struct Read {
    Entries entries;
    std::vector<Key> order;
};

Read read(const std::vector<SecondLog>& logs) {
    Read read;
    std::vector<const SecondLog*> pointers;
    for (const auto& log : logs) {
        pointers.push_back(&log);
    }
    SecondLog::for_each(
        pointers, [&](std::uint32_t second, std::uint32_t series, const Histogram& histogram) {
            read.order.emplace_back(second, series);
            EXPECT_TRUE(read.entries.emplace(Key{second, series}, histogram).second)
                << "handed out twice: " << second << "/" << series;
        });
    return read;
}

void expect_same(const Histogram& a, const Histogram& b) {
    EXPECT_EQ(a.count(), b.count());
    EXPECT_EQ(a.saturated(), b.saturated());
    EXPECT_EQ(a.max_us(), b.max_us());
    for (const double q : {0.0, 0.1, 0.5, 0.9, 0.99, 1.0}) {
        EXPECT_EQ(a.quantile_us(q), b.quantile_us(q)) << q;
    }
}

class Random {
public:
    explicit Random(std::uint64_t seed) : engine_{seed} {}
    std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }

private:
    std::mt19937_64 engine_;
};

Histogram random_histogram(Random& random) {
    Histogram histogram;
    for (std::uint64_t i = random.below(200) + 1; i > 0; --i) {
        histogram.record_us(
            static_cast<std::int64_t>(random.below(std::uint64_t{1} << (1 + random.below(33)))));
    }
    return histogram;
}

TEST(SecondLog, GivesBackWhatWasAppended) {
    Random random{1};
    SecondLog log;
    Entries expected;
    for (std::uint32_t second = 0; second < 40; second += 1 + second % 3) {
        for (std::uint32_t series = 0; series < 6; ++series) {
            auto histogram = random_histogram(random);
            log.append(second, series, histogram);
            expected[{second, series}] = histogram;
        }
    }
    const auto got = read({log});
    ASSERT_EQ(got.entries.size(), expected.size());
    for (const auto& [key, histogram] : expected) {
        expect_same(got.entries.at(key), histogram);
    }
}

TEST(SecondLog, MergesTheWorkersHistogramsOfOneSeries) {
    Random random{2};
    std::vector<SecondLog> logs(3);
    Entries expected;
    for (std::uint32_t second = 0; second < 30; ++second) {
        for (std::size_t worker = 0; worker < logs.size(); ++worker) {
            for (const std::uint32_t series : {0U, 5U, UINT32_MAX}) {
                if (random.below(3) == 0) {
                    continue;  // a worker with nothing of the kind in that second
                }
                const auto histogram = random_histogram(random);
                logs[worker].append(second, series, histogram);
                expected[{second, series}].merge(histogram);
            }
        }
    }
    const auto got = read(logs);
    ASSERT_EQ(got.entries.size(), expected.size());
    for (const auto& [key, histogram] : expected) {
        expect_same(got.entries.at(key), histogram);
    }
}

TEST(SecondLog, HandsOutSecondAfterSecond) {
    std::vector<SecondLog> logs(2);
    Histogram one;
    one.record_us(1000);
    logs[0].append(3, 0, one);
    logs[0].append(9, 0, one);
    logs[1].append(1, 1, one);
    logs[1].append(3, 1, one);
    logs[1].append(12, 0, one);
    const auto got = read(logs);
    const std::vector<Key> expected{{1, 1}, {3, 0}, {3, 1}, {9, 0}, {12, 0}};
    EXPECT_EQ(got.order, expected);
}

TEST(SecondLog, KeepsTheLargestValueExactly) {
    Histogram histogram;
    histogram.record_us(7);
    histogram.record_us(1'234'567);  // its bucket ends higher
    SecondLog log;
    log.append(0, 0, histogram);
    EXPECT_EQ(read({log}).entries.at({0, 0}).max_us(), 1'234'567);
}

TEST(SecondLog, KeepsWhatWasPastTheEndOfTheHistogram) {
    Histogram histogram;
    histogram.record_us(5);
    histogram.record_us(Histogram::highest_us + 12'345, 3);
    SecondLog log;
    log.append(0, 0, histogram);
    const auto got = read({log}).entries.at({0, 0});
    EXPECT_EQ(got.count(), 4U);
    EXPECT_EQ(got.saturated(), 3U);
    EXPECT_EQ(got.max_us(), Histogram::highest_us + 12'345);
}

TEST(SecondLog, HandsOutSingleValuesAsItsHistogramsHaveThem) {
    SecondLog log;
    Histogram histogram;
    histogram.record_us(7, 2);
    histogram.record_us(1'234'567);  // exact, because it is the largest
    log.append(3, 5, histogram);
    histogram.record_us(Histogram::highest_us + 9, 4);
    log.append(4, 6, histogram);
    std::map<std::uint32_t, Histogram> by_second;
    log.for_each_value(
        [&](std::uint32_t second, std::uint32_t series, std::int64_t us, std::uint64_t times) {
            EXPECT_EQ(series, second + 2);
            by_second[second].record_us(us, times);
        });
    EXPECT_EQ(by_second.at(3).count(), 3U);
    EXPECT_EQ(by_second.at(3).max_us(), 1'234'567);
    EXPECT_EQ(by_second.at(4).count(), 7U);
    EXPECT_EQ(by_second.at(4).saturated(), 4U);
    EXPECT_EQ(by_second.at(4).quantile_us(0.1), 7);
}

TEST(SecondLog, HandsOutNothingOfEmptyLogs) {
    EXPECT_TRUE(read({}).entries.empty());
    EXPECT_TRUE(read({SecondLog{}, SecondLog{}}).entries.empty());
}

// An hour of fifty operations: the bound of the design is 256 MB for everything.
TEST(SecondLog, AnHourOfFiftyOperationsTakesFewMegabytes) {
    Random random{3};
    SecondLog log;
    Histogram histogram;
    for (std::uint32_t second = 0; second < 3600; ++second) {
        for (std::uint32_t series = 0; series < 50; ++series) {
            histogram.clear();
            for (int i = 0; i < 20; ++i) {  // spread over many buckets: the worst to pack
                histogram.record_us(static_cast<std::int64_t>(200 + random.below(20'000)));
            }
            log.append(second, series, histogram);
        }
    }
    EXPECT_LT(log.bytes(), 40'000'000U);
}

}  // namespace
