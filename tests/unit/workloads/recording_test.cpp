#include "workloads/recording.hpp"

#include <gtest/gtest.h>

namespace workloads {
namespace {

TEST(Event, KeepsDurationsToTheMicrosecondAndLongOnesToTheMillisecond) {
    Event event;
    EXPECT_EQ(event.duration_us(), std::nullopt);
    constexpr std::int64_t half_an_hour_us = 1'800'000'000, day_us = 86'400'000'000;
    for (const std::int64_t us : {std::int64_t{0}, std::int64_t{1}, half_an_hour_us, 7 * day_us}) {
        event.set_duration(us);
        EXPECT_EQ(event.duration_us(), us);
    }
    event.set_duration(day_us + 1'999);
    EXPECT_EQ(event.duration_us(), day_us + 1'000);
    event.set_duration(100 * day_us);
    EXPECT_EQ(event.duration_us(), std::nullopt);
    event.set_duration(-1);
    EXPECT_EQ(event.duration_us(), std::nullopt);
}

TEST(Event, KeepsPlacesOfAnyFileSize) {
    Event event;
    event.set_place({65'535, (std::uint64_t{1} << 48U) - 1});
    EXPECT_EQ(event.place().file, 65'535);
    EXPECT_EQ(event.place().offset, (std::uint64_t{1} << 48U) - 1);
}

TEST(Event, KeepsEveryKindProtocolAndReason) {
    Event event;
    for (std::size_t kind = 0; kind < logs::statement_kinds; ++kind) {
        for (const auto protocol : {logs::Protocol::simple, logs::Protocol::extended,
                                    logs::Protocol::fetch, logs::Protocol::function_call}) {
            event.set_kind(protocol, static_cast<logs::StatementKind>(kind));
            EXPECT_EQ(event.protocol(), protocol);
            EXPECT_EQ(static_cast<std::size_t>(event.kind()), kind);
        }
    }
    event.set_reason(logs::Reason::server_command);
    EXPECT_EQ(event.reason(), logs::Reason::server_command);
}

TEST(Event, OrdersSessionsThenFilesThenPlaces) {
    const auto event = [](std::uint32_t session, std::uint16_t file, std::uint64_t offset) {
        Event made;
        made.session = session;
        made.set_place({file, offset});
        return made;
    };
    EXPECT_TRUE(event(0, 9, 9).comes_before(event(1, 0, 0)));
    EXPECT_TRUE(event(0, 0, 9).comes_before(event(0, 1, 0)));
    EXPECT_TRUE(event(0, 1, 0).comes_before(event(0, 1, 1)));
    EXPECT_FALSE(event(0, 1, 1).comes_before(event(0, 1, 1)));
}

}  // namespace
}  // namespace workloads
