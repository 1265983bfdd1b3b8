#include "harness/migration/child_process.hpp"

#include <csignal>
#include <fstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using harness::migration::ChildProcess;
using harness::migration::find_program;
using harness::migration::SpawnFailure;
using namespace std::chrono_literals;

struct Done {
    std::string output;
    harness::migration::ChildExit exit;
};

Done run(std::vector<std::string> arguments, std::filesystem::path directory = {}) {
    ChildProcess child{{.arguments = std::move(arguments),
                        .environment = {"PATH=/usr/bin:/bin", "GREETING=hällo"},
                        .path = "/usr/bin:/bin",
                        .directory = std::move(directory)}};
    Done done;
    while (!child.output_ended()) {
        child.read(done.output, 1000ms);
    }
    done.exit = child.reap();
    return done;
}

std::string failure(std::vector<std::string> arguments, std::filesystem::path directory = {}) {
    try {
        run(std::move(arguments), std::move(directory));
    } catch (const SpawnFailure& caught) {
        return caught.what();
    }
    return "it ran";
}

std::size_t open_descriptors() {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry :
         std::filesystem::directory_iterator{"/proc/self/fd"}) {
        ++count;
    }
    return count;
}

TEST(ChildProcess, GivesOutputAndErrorsInTheirOrder) {
    const auto done = run({"sh", "-c", "echo one; echo two >&2; echo three; exit 3"});
    EXPECT_EQ(done.output, "one\ntwo\nthree\n");
    EXPECT_EQ(done.exit.status, 3);
    EXPECT_EQ(done.exit.text(), "exit status 3");
    EXPECT_FALSE(done.exit.ok());
}

TEST(ChildProcess, PassesArgumentsAndEnvironmentAsTheyAre) {
    EXPECT_EQ(run({"printf", "%s|", "a b", "", "$x", "日"}).output, "a b||$x|日|");
    EXPECT_EQ(run({"sh", "-c", "printf %s \"$GREETING\""}).output, "hällo");
}

TEST(ChildProcess, TellsTheSignalThatEndedIt) {
    const auto done = run({"sh", "-c", "kill -9 $$"});
    EXPECT_EQ(done.exit.signal, SIGKILL);
    EXPECT_EQ(done.exit.text(), "killed by signal 9 (Killed)");
}

TEST(ChildProcess, ReadsNothingFromItsInput) {
    EXPECT_EQ(run({"sh", "-c", "cat; echo end"}).output, "end\n");
}

TEST(ChildProcess, InheritsNoDescriptorsButItsThree) {
    // A descriptor without O_CLOEXEC, as a library may leave one.
    const int leaked = fcntl(0, F_DUPFD, 100);
    ASSERT_GT(leaked, 2);
    const auto done = run({"sh", "-c", "for f in /proc/$$/fd/*; do echo ${f##*/}; done"});
    close(leaked);
    EXPECT_EQ(done.output.substr(0, 6), "0\n1\n2\n");
    EXPECT_EQ(done.output.find("\n" + std::to_string(leaked) + "\n"), std::string::npos)
        << done.output;
}

TEST(ChildProcess, LeadsItsOwnGroupWithEverySignalAtItsDefault) {
    const auto old = std::signal(SIGPIPE, SIG_IGN);
    const auto done = run({"sh", "-c", "echo $$; ps -o pgid= -p $$; grep SigIgn /proc/$$/status"});
    std::signal(SIGPIPE, old);
    const auto line = done.output.find('\n');
    EXPECT_EQ(std::stol(done.output.substr(0, line)), std::stol(done.output.substr(line + 1)));
    EXPECT_NE(done.output.find("0000000000000000"), std::string::npos) << done.output;
}

TEST(ChildProcess, SaysWhatCouldNotBeFound) {
    EXPECT_NE(failure({"no-such-tool-anywhere"}).find("command not found: no-such-tool-anywhere"),
              std::string::npos);
    EXPECT_NE(failure({"/no/such/tool"}).find("/no/such/tool cannot be run: No such file"),
              std::string::npos);
    EXPECT_NE(failure({"true"}, "/no/such/folder").find("/no/such/folder cannot be entered"),
              std::string::npos);
    EXPECT_EQ(failure({}), "the command is empty");
}

TEST(ChildProcess, SaysWhatIsWrongWithAScript) {
    const auto script = testing::TempDir() + "script_without_interpreter";
    std::ofstream{script} << "#!/no/such/interpreter\n";
    std::filesystem::permissions(script, std::filesystem::perms::owner_all);
    EXPECT_NE(failure({script}).find("its interpreter"), std::string::npos);

    std::ofstream{script} << "echo no first line\n";
    EXPECT_NE(failure({script}).find("#!/bin/sh"), std::string::npos);
    std::filesystem::remove(script);
}

TEST(ChildProcess, StartsInTheFolderAskedFor) {
    EXPECT_EQ(run({"pwd"}, "/usr").output, "/usr\n");
}

TEST(ChildProcess, LeavesNeitherDescriptorsNorZombies) {
    static_cast<void>(run({"true"}));
    const auto before = open_descriptors();
    for (int n = 0; n < 20; ++n) {
        static_cast<void>(run({"true"}));
        static_cast<void>(failure({"/no/such/tool"}));
    }
    EXPECT_EQ(open_descriptors(), before);
    EXPECT_NE(waitpid(-1, nullptr, WNOHANG), 0) << "0: children are left; -1: none";
}

TEST(ChildProcess, TakesItsWholeGroupAlongWhenItIsDropped) {
    pid_t grandchild = 0;
    {
        ChildProcess child{{.arguments = {"sh", "-c", "sleep 1000 & echo $!; wait"},
                            .environment = {},
                            .path = "/usr/bin:/bin",
                            .directory = {}}};
        std::string output;
        while (output.find('\n') == std::string::npos) {
            child.read(output, 1000ms);
        }
        grandchild = std::stoi(output);
    }
    // Killed; whoever inherited it reaps it in his own time, so a zombie counts as gone.
    std::string state = "R";
    for (int n = 0; n < 1000 && state != "Z" && kill(grandchild, 0) == 0; ++n) {
        std::ifstream status{"/proc/" + std::to_string(grandchild) + "/status"};
        for (std::string word; status >> word;) {
            if (word == "State:") {
                status >> state;
            }
        }
        usleep(5000);
    }
    EXPECT_TRUE(state == "Z" || kill(grandchild, 0) != 0);
}

TEST(FindProgram, TakesTheFirstExecutableOfThePath) {
    EXPECT_EQ(find_program("sh", "/no/such:/bin:/usr/bin"), "/bin/sh");
    EXPECT_EQ(find_program("./sh", "/bin"), "./sh");
    EXPECT_FALSE(find_program("passwd", "/etc")) << "there, but not executable";
    EXPECT_FALSE(find_program("", "/bin"));
}

}  // namespace
