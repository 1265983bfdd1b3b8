#include "harness/run_directory.hpp"

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace harness {
namespace {

namespace fs = std::filesystem;

class RunDirectoryTest : public testing::Test {
protected:
    RunDirectoryTest() {
        std::string name = (fs::temp_directory_path() / "rehearse-test-XXXXXX").string();
        base = mkdtemp(name.data());
    }
    ~RunDirectoryTest() override { fs::remove_all(base); }

    static std::string read(const fs::path& path) {
        std::ifstream in{path};
        std::stringstream text;
        text << in.rdbuf();
        return text.str();
    }

    fs::path base;
};

TEST_F(RunDirectoryTest, MakesItsFolderAndItsParents) {
    const RunDirectory out{base / "a" / "b"};
    EXPECT_TRUE(fs::is_directory(base / "a" / "b"));
}

TEST_F(RunDirectoryTest, TakesAnEmptyFolderAndRefusesAFullOne) {
    { const RunDirectory out{base}; }
    try {
        const RunDirectory again{base};
        FAIL() << "a folder with a run in it was taken";
    } catch (const std::runtime_error& error) {
        EXPECT_NE(std::string{error.what()}.find("--out"), std::string::npos) << error.what();
    }
}

TEST_F(RunDirectoryTest, RefusesAFile) {
    std::ofstream{base / "file"} << "x";
    EXPECT_THROW(RunDirectory{base / "file"}, std::runtime_error);
    EXPECT_EQ(read(base / "file"), "x");
}

TEST_F(RunDirectoryTest, WritesFilesThatOnlyTheirOwnerMayRead) {
    const RunDirectory out{base / "run"};
    write_private_file(out.path() / "result.json", "{}");
    write_private_file(out.path() / "histograms" / "a.hlog", "x");
    for (const char* name :
         {"result.json", "histograms/a.hlog", "events.ndjson", "migration.log"}) {
        struct stat status {};
        ASSERT_EQ(stat((base / "run" / name).c_str(), &status), 0) << name;
        EXPECT_EQ(status.st_mode & 0777U, 0600U) << name;
    }
    EXPECT_EQ(read(base / "run" / "result.json"), "{}");
    EXPECT_FALSE(fs::exists(base / "run" / "result.json.part"));
}

TEST_F(RunDirectoryTest, WritesLinesAtOnce) {
    RunDirectory out{base / "run"};
    out.event("{\"a\":1}\n");
    out.log("hello");
    EXPECT_EQ(read(base / "run" / "events.ndjson"), "{\"a\":1}\n");
    EXPECT_EQ(read(base / "run" / "migration.log"), "hello\n");
    EXPECT_FALSE(out.fault().has_value());
}

TEST_F(RunDirectoryTest, AFullDiskIsAFaultForLinesAndAnErrorForFiles) {
    RunDirectory out{base / "run"};
    rlimit before{};
    getrlimit(RLIMIT_FSIZE, &before);
    rlimit small = before;
    small.rlim_cur = 1'000;
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    const std::string much(2'000, 'x');
    out.event(much);
    EXPECT_THROW(write_private_file(out.path() / "result.json", much), std::runtime_error);
    setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    ASSERT_TRUE(out.fault().has_value());
    EXPECT_NE(out.fault()->find("events.ndjson"), std::string::npos);
    EXPECT_FALSE(fs::exists(base / "run" / "result.json"));
    EXPECT_FALSE(fs::exists(base / "run" / "result.json.part"));
}

TEST_F(RunDirectoryTest, DiscardLeavesNothing) {
    RunDirectory out{base / "run"};
    out.keep("workload.yaml", "workload: {}\n");
    EXPECT_EQ(read(base / "run" / "workload.yaml"), "workload: {}\n");
    out.discard();
    EXPECT_FALSE(fs::exists(base / "run"));
}

TEST_F(RunDirectoryTest, DiscardLeavesWhatBeginsToTellSomething) {
    RunDirectory out{base / "run"};
    out.keep("workload.yaml", "workload: {}\n");
    out.log("setup");
    out.discard();
    EXPECT_TRUE(fs::exists(base / "run" / "workload.yaml"));
}

TEST(RunDirectoryName, HoldsTheScenariosNameInLettersThatAFolderMayHave) {
    const auto path = RunDirectory::default_path("add ../../región");
    EXPECT_EQ(path.parent_path(), "runs");
    EXPECT_EQ(path.filename().string().find('/'), std::string::npos);
    EXPECT_NE(path.filename().string().find("add-"), std::string::npos);
}

}  // namespace
}  // namespace harness
