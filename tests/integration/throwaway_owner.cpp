// Starts a throwaway server, says where, and holds it until it is killed or stdin ends.
#include "harness/postgres/throwaway_server.hpp"
#include "tests/integration/server_under_test.hpp"

#include <cstdio>
#include <exception>

int main() {
    try {
        const harness::postgres::PostgresThrowaway server{tests::server_under_test()};
        std::printf("%s %d\n", server.folder().c_str(), static_cast<int>(server.postmaster()));
        std::fflush(stdout);
        while (std::getchar() != EOF) {
        }
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
