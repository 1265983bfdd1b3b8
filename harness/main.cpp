#include "harness/command_line.hpp"
#include "harness/commands.hpp"

#include <csignal>

int main(int argc, char** argv) {
    // A reader that went away (`rehearse ... | head`) or a limit on the size of files must not kill
    // a rehearsal in the middle of a migration: the write fails, and what is lost is told.
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);
    const auto parsed = harness::parse_command_line(argc, argv);
    if (const int* exit_code = std::get_if<int>(&parsed)) {
        return *exit_code;
    }
    return harness::execute(std::get<harness::Command>(parsed));
}
