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

class ScopedPath {
public:
    explicit ScopedPath(const std::string& path) : before_{std::getenv("PATH")} {
        setenv("PATH", (path + ":" + before_).c_str(), 1);
    }
    ~ScopedPath() { setenv("PATH", before_.c_str(), 1); }
    ScopedPath(const ScopedPath&) = delete;
    ScopedPath& operator=(const ScopedPath&) = delete;

private:
    std::string before_;
};

TEST_F(InstalledServers, AreSupportedOnesNewestFirst) {
    const auto found = installed_servers(
        {install("9.6.24"), install("10.23"), install("18beta1"), install("15.2")});
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[0].major, 18);
    EXPECT_EQ(found[1].major, 15);
    EXPECT_EQ(found[2].major, 10);
}

// The newest, or the one asked for, of all that PATH and the distribution's folders hold.
TEST_F(InstalledServers, OnThePathAreFoundByVersion) {
    const ScopedPath path{install("77.3").string() + ":" + install("10.23").string() + ":relative"};
    EXPECT_EQ(find_server({}, {}).version, "77.3");
    EXPECT_EQ(find_server({}, 77).version, "77.3");
    EXPECT_EQ(find_server({}, 10).major, 10);
    try {
        static_cast<void>(find_server({}, 76));
        ADD_FAILURE() << "there is no 76";
    } catch (const harness::database::Outage& outage) {
        const auto why = outage.error().text();
        EXPECT_NE(why.find("no PostgreSQL 76 server is installed"), std::string::npos) << why;
        EXPECT_NE(why.find("found 77.3"), std::string::npos) << why;
    }
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
