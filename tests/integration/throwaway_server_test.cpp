#include "harness/postgres/throwaway_server.hpp"

#include "tests/integration/throwaway.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <thread>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;
using harness::database::ErrorKind;
using harness::database::Outage;
using harness::database::ThrowawayOptions;
using harness::postgres::Leftover;
using harness::postgres::PostgresThrowaway;
using State = Leftover::State;

bool runs(pid_t pid) {
    return kill(pid, 0) == 0 || errno != ESRCH;
}

// A postmaster gives its folder up an instant before its process is gone.
bool ends(pid_t pid) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (runs(pid) && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    return !runs(pid);
}

State state_of(const std::vector<Leftover>& leftovers, const fs::path& folder) {
    const auto found = std::find_if(leftovers.begin(), leftovers.end(),
                                    [&](const auto& l) { return l.folder == folder; });
    EXPECT_NE(found, leftovers.end()) << folder;
    return found == leftovers.end() ? State::failed : found->state;
}

std::string failure_of(const ThrowawayOptions& options) {
    try {
        const PostgresThrowaway server{options};
    } catch (const Outage& outage) {
        return outage.what();
    }
    return "started";
}

// The throwaway_owner program, with a server of its own.
class Owner {
public:
    Owner() {
        int out[2], in[2];
        EXPECT_EQ(pipe(out), 0);
        EXPECT_EQ(pipe(in), 0);
        pid_ = fork();
        if (pid_ == 0) {
            dup2(in[0], 0);
            dup2(out[1], 1);
            for (const int end : {out[0], out[1], in[0], in[1]}) {
                close(end);
            }
            execl(THROWAWAY_OWNER, THROWAWAY_OWNER, nullptr);
            _exit(127);
        }
        close(out[1]);
        close(in[0]);
        stdin_ = in[1];
        FILE* lines = fdopen(out[0], "r");
        char folder[4096] = "";
        int postmaster = 0;
        EXPECT_EQ(std::fscanf(lines, "%4095s %d", folder, &postmaster), 2);
        std::fclose(lines);
        folder_ = folder;
        postmaster_ = postmaster;
    }
    ~Owner() {
        close(stdin_);
        if (pid_ > 0) {
            waitpid(pid_, nullptr, 0);
        }
    }
    void kill_hard() {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
        pid_ = 0;
    }
    void leave() {
        close(stdin_);
        stdin_ = -1;
        int status = 0;
        waitpid(pid_, &status, 0);
        EXPECT_EQ(status, 0);
        pid_ = 0;
    }
    [[nodiscard]] const fs::path& folder() const { return folder_; }
    [[nodiscard]] pid_t postmaster() const { return postmaster_; }

private:
    pid_t pid_ = 0, postmaster_ = 0;
    int stdin_ = -1;
    fs::path folder_;
};

class Throwaway : public tests::FreshDatabase {};

TEST_F(Throwaway, IsPrivateUnprivilegedAndDurable) {
    EXPECT_EQ(value("SHOW listen_addresses"), "");
    EXPECT_EQ(value("SHOW wal_level"), "logical");
    EXPECT_EQ(value("SHOW fsync"), "on");
    EXPECT_EQ(value("SHOW autovacuum"), "on");
    EXPECT_EQ(value("SHOW server_encoding"), "UTF8");
    EXPECT_EQ(value("SHOW max_connections"), "130");
    EXPECT_EQ(value("SHOW max_prepared_transactions"), "10");  // the test program's own setting

    struct stat facts {};
    ASSERT_EQ(stat(tests::server().folder().c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777, 0700U);
    EXPECT_NE(facts.st_uid, 0U);
    ASSERT_EQ(stat(("/proc/" + std::to_string(tests::server().postmaster())).c_str(), &facts), 0);
    EXPECT_NE(facts.st_uid, 0U);
}

TEST_F(Throwaway, IsInASessionOfItsOwnSoThatCtrlCDoesNotReachIt) {
    EXPECT_EQ(getsid(tests::server().postmaster()), tests::server().postmaster());
}

TEST(ThrowawayServer, LeavesNothingWhenItsOwnerEnds) {
    Owner owner;
    EXPECT_TRUE(fs::exists(owner.folder()));
    owner.leave();
    EXPECT_FALSE(fs::exists(owner.folder()));
    EXPECT_FALSE(runs(owner.postmaster()));
}

TEST(ThrowawayServer, IsLeftAloneWhileItsOwnerLives) {
    Owner owner;
    const auto leftovers = harness::postgres::remove_leftover_folders();
    EXPECT_EQ(state_of(leftovers, owner.folder()), State::alive);
    EXPECT_TRUE(runs(owner.postmaster()));
}

// Runs begin side by side, and each looks for what dead ones left.
TEST(ThrowawayServer, AFolderIsNeverTakenForALeftoverWhileItIsMade) {
    std::atomic<bool> stop{false};
    std::jthread other{[&] {
        while (!stop) {
            static_cast<void>(harness::postgres::remove_leftover_folders());
        }
    }};
    const auto user = harness::postgres::server_user();
    for (int i = 0; i < 300; ++i) {
        try {
            const harness::postgres::ThrowawayFolder folder{user};
            EXPECT_TRUE(fs::exists(folder.path() / "owner"));
        } catch (const Outage& outage) {
            ADD_FAILURE() << outage.what();
        }
    }
    stop = true;
}

TEST(ThrowawayServer, DiesWithAKilledOwnerAndItsFolderGoesWithTheNextCleanUp) {
    Owner owner;
    owner.kill_hard();
    EXPECT_TRUE(fs::exists(owner.folder()));

    const auto leftovers = harness::postgres::remove_leftover_folders();

    EXPECT_EQ(state_of(leftovers, owner.folder()), State::removed);
    EXPECT_FALSE(fs::exists(owner.folder()));
    EXPECT_TRUE(ends(owner.postmaster()));
}

TEST(ThrowawayServer, ASettingThatTheServerRefusesIsToldWithItsLog) {
    auto options = tests::server_under_test();
    options.settings = {{"work_mem", "plenty"}};
    const std::string why = failure_of(options);
    EXPECT_NE(why.find("work_mem"), std::string::npos) << why;
}

TEST(ThrowawayServer, SettingsThatTheHarnessNeedsAreRefused) {
    auto options = tests::server_under_test();
    options.settings = {{"listen_addresses", "*"}};
    EXPECT_NE(failure_of(options).find("listen_addresses"), std::string::npos);
    options.settings = {{"work_mem = 1\nport", "1"}};
    EXPECT_NE(failure_of(options).find("cannot be set"), std::string::npos);
}

TEST(ThrowawayServer, AMissingVersionIsToldWithWhereItLooked) {
    ThrowawayOptions options;
    options.major_version = 9;
    const std::string why = failure_of(options);
    EXPECT_NE(why.find("no PostgreSQL 9 server"), std::string::npos) << why;
    EXPECT_NE(why.find("/usr/local/pgsql/bin"), std::string::npos) << why;
    options = {};
    options.binaries = "/nowhere/bin";
    EXPECT_NE(failure_of(options).find("/nowhere/bin"), std::string::npos);
}

// Puts TMPDIR back at the end of a test.
class TemporaryFolder {
public:
    explicit TemporaryFolder(const std::string& folder) {
        if (const char* before = std::getenv("TMPDIR")) {
            before_ = before;
        }
        setenv("TMPDIR", folder.c_str(), 1);
    }
    ~TemporaryFolder() {
        if (before_.empty()) {
            unsetenv("TMPDIR");
        } else {
            setenv("TMPDIR", before_.c_str(), 1);
        }
    }

private:
    std::string before_;
};

TEST(ThrowawayServer, ATemporaryFolderTooLongForASocketIsPassedOver) {
    const fs::path base = fs::temp_directory_path() / ("rehearse-test-" + std::to_string(getpid()));
    const fs::path deep = base / std::string(100, 'd');
    fs::create_directories(deep);
    {
        const TemporaryFolder here{deep.string()};
        const PostgresThrowaway server{tests::server_under_test()};
        EXPECT_NE(server.folder().parent_path(), deep);
    }
    fs::remove_all(base);
}

TEST(ThrowawayServer, WorksInATemporaryFolderWithAnOddName) {
    const fs::path base =
        fs::temp_directory_path() / ("rehearse test&%41'" + std::to_string(getpid()));
    fs::create_directories(base);
    fs::permissions(base, fs::perms::all);
    {
        const TemporaryFolder here{base.string()};
        const PostgresThrowaway server{tests::server_under_test()};
        EXPECT_EQ(server.folder().parent_path(), base);
        const auto control = harness::postgres::open_control(
            harness::postgres::Target::parse(server.uri()).conninfo("test"));
        EXPECT_TRUE(control->execute("SELECT 1").ok());
    }
    EXPECT_TRUE(fs::is_empty(base));
    fs::remove_all(base);
}

}  // namespace
