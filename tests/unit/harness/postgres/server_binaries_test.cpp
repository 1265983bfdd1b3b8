#include "harness/postgres/server_binaries.hpp"

#include "harness/database/error.hpp"
#include "harness/postgres/connection.hpp"

#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include <gtest/gtest.h>

namespace {

namespace fs = std::filesystem;
using harness::postgres::find_server;
using harness::postgres::installed_servers;

// Folders with programs that do nothing but tell a version, as a server's do.
class InstalledServers : public testing::Test {
protected:
    InstalledServers() {
        auto pattern = (fs::temp_directory_path() / "rehearse-binaries-XXXXXX").string();
        if (mkdtemp(pattern.data()) == nullptr) {
            throw std::runtime_error{"cannot make a temporary folder"};
        }
        root_ = pattern;
    }
    ~InstalledServers() override {
        std::error_code ignored;  // a folder left in /tmp fails no test
        fs::remove_all(root_, ignored);
    }

    [[nodiscard]] fs::path install(const std::string& version) const {
        const auto folder = root_ / version;
        fs::create_directory(folder);
        for (const char* name : {"initdb", "postgres"}) {
            std::ofstream{folder / name} << "#!/bin/sh\necho 'postgres (PostgreSQL) " << version
                                         << "'\n";
            fs::permissions(folder / name, fs::perms::owner_all);
        }
        return folder;
    }

    static std::string why_not(const fs::path& folder, std::optional<int> major = {}) {
        try {
            return "found " + find_server(folder, major).version;
        } catch (const harness::database::Outage& outage) {
            return outage.error().text();
        }
    }

private:
    fs::path root_;
};

TEST_F(InstalledServers, AreSupportedOnesNewestFirst) {
    const auto found = installed_servers(
        {install("9.6.24"), install("10.23"), install("18beta1"), install("15.2")});
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[0].major, 18);
    EXPECT_EQ(found[1].major, 15);
    EXPECT_EQ(found[2].major, 10);
}

TEST_F(InstalledServers, OneThatIsTooOldIsNamedAndNotUsed) {
    const auto old = install("9.6.24");
    EXPECT_TRUE(installed_servers({old}).empty());
    const auto why = why_not(old);
    EXPECT_NE(why.find("found 9.6.24"), std::string::npos) << why;
    EXPECT_NE(why.find("too old: 10 or newer is needed"), std::string::npos) << why;
}

TEST_F(InstalledServers, ANewerOneThanWasTestedIsUsed) {
    EXPECT_EQ(why_not(install("19.1")), "found 19.1");
    EXPECT_EQ(why_not(install("20devel"), 20), "found 20devel");
}

TEST(UntestedVersion, OnlyANewerOneNeedsAWord) {
    using harness::postgres::newest_tested_major;
    using harness::postgres::untested_version;
    for (int major = 10; major <= newest_tested_major; ++major) {
        EXPECT_EQ(untested_version(major), "");
    }
    EXPECT_NE(untested_version(newest_tested_major + 1).find("tested with PostgreSQL 10 to 18"),
              std::string::npos);
}

}  // namespace
