// Both ways to read COPY's messages: off the socket, and through libpq as under TLS.
#include "harness/postgres/copy_stream.hpp"

#include "tests/integration/throwaway.hpp"

namespace tests {
namespace {

using harness::database::ErrorKind;
using harness::database::Outage;
using harness::postgres::CopyStream;
using harness::postgres::TimedConnection;

class CopyStreamTest : public FreshDatabase {
protected:
    static std::string all(CopyStream& stream, const std::string& sql) {
        std::string data;
        stream.start(sql);
        while (const auto piece = stream.next()) {
            data += *piece;
        }
        return data;
    }
};

TEST_F(CopyStreamTest, BothWaysGiveTheSameBytes) {
    TimedConnection one{conninfo()}, other{conninfo()};
    CopyStream direct{one}, through_libpq{other, CopyStream::Via::libpq};
    for (const char* query : {
             "SELECT 1 WHERE false",
             "SELECT g, repeat('x', g % 500) FROM generate_series(1, 40000) g",
             "SELECT repeat('x', 3000000 * g) FROM generate_series(1, 3) g",  // past the buffer
             "SELECT g FROM generate_series(1, 10) g"}) {
        const std::string copy = "COPY (" + std::string{query} + ") TO STDOUT (FORMAT binary)";
        const auto data = all(direct, copy);
        EXPECT_EQ(data, all(through_libpq, copy)) << query;
        EXPECT_EQ(data.substr(0, 6), "PGCOPY") << query;
        EXPECT_EQ(data.substr(data.size() - 2), "\xFF\xFF") << query;
    }
    EXPECT_GT(direct.bytes_received(), 18'000'000U);
}

TEST_F(CopyStreamTest, ErrorsComeWithTheirCodesAndNotAsAnEnd) {
    for (const auto via : {CopyStream::Via::fastest, CopyStream::Via::libpq}) {
        const auto kind_of = [&](const std::string& copy) {
            TimedConnection connection{conninfo()};
            CopyStream stream{connection, via};
            try {
                static_cast<void>(all(stream, copy));
            } catch (const Outage& outage) {
                EXPECT_FALSE(outage.error().code.empty()) << copy;
                return outage.error().code;
            }
            return std::string{"no error"};
        };
        EXPECT_EQ(kind_of("COPY nothing TO STDOUT"), "42P01");
        EXPECT_EQ(kind_of("COPY (SELECT 1 / (50000 - g) FROM generate_series(1, 60000) g) TO STDOUT"),
                  "22012")
            << "in the middle";
        EXPECT_EQ(kind_of("COPY (SELECT g, pg_terminate_backend(pg_backend_pid()) FROM "
                          "generate_series(1, 5) g) TO STDOUT"),
                  "57P01");
    }
}

}  // namespace
}  // namespace tests
