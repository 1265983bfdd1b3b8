#include "checksum/spill.hpp"

#include "rows.hpp"

#include <csignal>
#include <filesystem>
#include <random>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

namespace checksum {
namespace {

using testing::TemporaryDirectory;

SpillFile make(const TemporaryDirectory& directory, std::uint64_t max_bytes = 1U << 30,
               std::size_t buffer_bytes = std::size_t{1} << 20) {
    auto made = SpillFile::create(
        {directory.path(), std::make_shared<SpillBudget>(max_bytes), buffer_bytes});
    return std::get<SpillFile>(std::move(made));
}

std::vector<std::string> all(const SpillFile& file, unsigned partition) {
    SpillReader reader{file, partition};
    std::vector<std::string> records;
    while (const auto record = reader.next()) {
        records.emplace_back(*record);
    }
    EXPECT_FALSE(reader.error().has_value()) << reader.error()->message;
    return records;
}

TEST(SpillFile, GivesBackEachPartitionInTheOrderWritten) {
    const TemporaryDirectory directory;
    std::mt19937_64 random{1};
    SpillFile file = make(directory);
    std::vector<std::vector<std::string>> written(partition_count);
    for (int i = 0; i < 20'000; ++i) {
        const unsigned partition = static_cast<unsigned>(random() % 5 * 63);
        // Around the block's size too: records that just fit, cross one or many blocks.
        constexpr std::size_t sizes[] = {0, 1, 60, 66, 200, 4075, 4076, 4077, 9000};
        std::string record(sizes[random() % (i % 20 == 0 ? 9 : 5)], static_cast<char>(i));
        ASSERT_FALSE(file.append(partition, record).has_value());
        written[partition].push_back(std::move(record));
    }
    ASSERT_FALSE(file.finish().has_value());
    EXPECT_EQ(file.records(), 20'000U);
    for (unsigned partition = 0; partition < partition_count; ++partition) {
        EXPECT_EQ(all(file, partition), written[partition]);
    }
}

TEST(SpillFile, LeavesNoNameBehind) {
    const TemporaryDirectory directory;
    SpillFile file = make(directory);
    ASSERT_FALSE(file.append(0, "x").has_value());
    EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST(SpillFile, CanBeMovedWhileItIsWritten) {
    const TemporaryDirectory directory;
    SpillFile first = make(directory);
    ASSERT_FALSE(first.append(7, "one").has_value());
    SpillFile second = std::move(first);
    ASSERT_FALSE(second.append(7, "two").has_value());
    ASSERT_FALSE(second.finish().has_value());
    EXPECT_EQ(all(second, 7), (std::vector<std::string>{"one", "two"}));
}

TEST(SpillFile, ABoundThatIsReachedIsAnErrorThatStays) {
    const TemporaryDirectory directory;
    auto file = make(directory, 100'000);
    const std::string record(1000, 'x');
    SpillResult error;
    int written = 0;
    for (; !error && written < 1000; ++written) {
        error = file.append(static_cast<unsigned>(written % 3), record);
    }
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->kind, SpillError::Kind::bound);
    EXPECT_NE(error->message.find("100000 bytes"), std::string::npos) << error->message;
    EXPECT_LE(file.file_bytes(), 100'000U);
    EXPECT_GT(written, 70);
    EXPECT_EQ(file.append(9, "x")->message, error->message);
    EXPECT_EQ(file.finish()->message, error->message);
    SpillReader reader{file, 0};
    EXPECT_EQ(reader.next(), std::nullopt);
    EXPECT_TRUE(reader.error().has_value());
}

TEST(SpillFile, SharesOneBudgetAndGivesItBack) {
    const TemporaryDirectory directory;
    const auto budget = std::make_shared<SpillBudget>(2 * 4096);
    {
        auto one = std::get<SpillFile>(SpillFile::create({directory.path(), budget, 0}));
        auto two = std::get<SpillFile>(SpillFile::create({directory.path(), budget, 0}));
        EXPECT_FALSE(one.append(0, "x").has_value());
        EXPECT_FALSE(two.append(0, "x").has_value());
        EXPECT_TRUE(two.append(1, "x").has_value());
        EXPECT_EQ(budget->used(), 2U * 4096U);
    }
    EXPECT_EQ(budget->used(), 0U);
}

TEST(SpillFile, AFullDiskIsAnErrorWithTheSystemsWords) {
    const TemporaryDirectory directory;
    SpillFile file = make(directory);
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{64 * 1024, before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    SpillResult error;
    for (int i = 0; !error && i < 10'000; ++i) {
        error = file.append(0, std::string(500, 'x'));
    }
    const SpillResult at_end = file.finish();
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
    std::signal(SIGXFSZ, handler);
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->kind, SpillError::Kind::io);
    EXPECT_NE(error->message.find("File too large"), std::string::npos) << error->message;
    EXPECT_EQ(at_end->message, error->message);
}

TEST(SpillFile, ADirectoryThatIsNotThereIsAnError) {
    const auto made = SpillFile::create({"/nowhere/at/all", std::make_shared<SpillBudget>(1), 0});
    ASSERT_TRUE(std::holds_alternative<SpillError>(made));
    EXPECT_NE(std::get<SpillError>(made).message.find("/nowhere/at/all"), std::string::npos);
}

TEST(SpillFile, AFileThatWasNotFinishedCannotBeRead) {
    const TemporaryDirectory directory;
    SpillFile file = make(directory);
    ASSERT_FALSE(file.append(0, "x").has_value());
    SpillReader reader{file, 0};
    EXPECT_EQ(reader.next(), std::nullopt);
    EXPECT_TRUE(reader.error().has_value());
}

}  // namespace
}  // namespace checksum
