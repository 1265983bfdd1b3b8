#include "tests/integration/pgbench_support.hpp"

#include "harness/postgres/server_binaries.hpp"
#include "tests/integration/server_under_test.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include <sys/wait.h>
#include <unistd.h>

namespace tests {

std::filesystem::path pgbench_program() {
    const auto options = server_under_test();
    const auto server = harness::postgres::find_server(options.binaries, options.major_version);
    // What stands in the folder may be a link to where its relatives are.
    return std::filesystem::canonical(server.folder / "postgres").parent_path() / "pgbench";
}

std::vector<std::string> PgbenchRun::debugged() const {
    constexpr std::string_view mark = "debug(script=0,command=";
    std::vector<std::string> values;
    for (std::size_t at = 0; (at = output.find(mark, at)) != std::string::npos;) {
        const std::size_t from = output.find(": ", at) + 2;
        const std::size_t end = output.find('\n', from);
        values.push_back(output.substr(from, end - from));
        at = end;
    }
    return values;
}

PgbenchRun run_pgbench(const std::string& uri, const std::string& script,
                       const std::string& options) {
    char file[] = "/tmp/rehearse-pgbench-XXXXXX";
    const int descriptor = mkstemp(file);
    if (descriptor < 0) {
        throw std::runtime_error{"no temporary file"};
    }
    close(descriptor);
    std::ofstream{file} << script;
    const std::string command = pgbench_program().string() + " -n -t 1 -c 1 " + options + " -f " +
                                file + " '" + uri + "' 2>&1 </dev/null";
    PgbenchRun run;
    FILE* const pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) {
        throw std::runtime_error{"cannot start pgbench"};
    }
    std::array<char, 65536> buffer;
    for (std::size_t got = 0; (got = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
        run.output.append(buffer.data(), got);
    }
    const int status = pclose(pipe);
    run.exit = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    if (run.exit == 126 || run.exit == 127) {
        throw std::runtime_error{"cannot run " + command + ": " + run.output};
    }
    unlink(file);
    return run;
}

}  // namespace tests
