#include "harness/command_line.hpp"
#include "harness/commands.hpp"

int main(int argc, char** argv) {
    const auto parsed = harness::parse_command_line(argc, argv);
    if (const int* exit_code = std::get_if<int>(&parsed)) {
        return *exit_code;
    }
    return harness::execute(std::get<harness::Command>(parsed));
}
