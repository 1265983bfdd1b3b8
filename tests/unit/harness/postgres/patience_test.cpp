#include "harness/postgres/patience.hpp"

#include <gtest/gtest.h>

namespace {

using harness::postgres::Patience;
using Clock = Patience::Clock;
using Next = Patience::Next;
using namespace std::chrono_literals;

constexpr Clock::time_point start{1h};

// Asks whenever the patience wants to be asked again, answering its probes, until it gives up or
// `most` has passed; how long it took.
Clock::duration wait(Patience& patience, bool probes_are_answered, Clock::duration most,
                     std::optional<Clock::time_point> cancelled = {}) {
    auto now = start;
    while (now < start + most) {
        switch (patience.next(now, cancelled)) {
            case Next::give_up:
                return now - start;
            case Next::probe:
                patience.probe_begun(now);
                if (probes_are_answered) {
                    patience.probe_answered(now);
                }
                break;
            case Next::drop_probe:
                patience.probe_failed(now);
                break;
            case Next::wait:
                EXPECT_GT(patience.wake(cancelled), now) << "it would turn without waiting";
                now = patience.wake(cancelled);
                break;
        }
    }
    return most;
}

TEST(Patience, ALongStatementIsWaitedForAsLongAsTheServerAnswersOthers) {
    Patience patience{start, {}};
    EXPECT_EQ(wait(patience, true, 8h), 8h);
}

TEST(Patience, AServerThatAnswersNobodyIsGivenUp) {
    Patience patience{start, {}};
    EXPECT_EQ(wait(patience, false, 8h), Patience::longest_silence);
    EXPECT_NE(patience.reason().find("answered nobody for 30 s"), std::string::npos);
}

TEST(Patience, AskedAgainOnlyAfterAWhileWhereAProbeIsRefusedWithoutAWord) {
    Patience patience{start, {}};
    const auto now = start + Patience::probe_after;
    ASSERT_EQ(patience.next(now, {}), Next::probe);
    patience.probe_begun(now);
    patience.probe_failed(now);
    EXPECT_EQ(patience.next(now, {}), Next::wait);
    EXPECT_EQ(patience.next(now + Patience::probe_again, {}), Next::probe);
}

TEST(Patience, AnAnswerOfTheServerToAnybodyBeginsItsSilenceAnew) {
    Patience patience{start, {}};
    const auto answered = start + Patience::probe_after;
    ASSERT_EQ(patience.next(answered, {}), Next::probe);
    patience.probe_begun(answered);
    patience.probe_answered(answered + 1s);
    EXPECT_NE(patience.next(start + Patience::longest_silence, {}), Next::give_up);
    EXPECT_EQ(patience.next(answered + 1s + Patience::longest_silence, {}), Next::give_up);
}

TEST(Patience, ALimitOfItsOwnHoldsHoweverLivelyTheServerIs) {
    Patience patience{start, 2500ms};
    EXPECT_EQ(wait(patience, true, 8h), 2500ms);
    EXPECT_NE(patience.reason().find("within 2500 ms"), std::string::npos);
}

TEST(Patience, ACancellationIsAnsweredWithinItsLimitOrTheConnectionIsGivenUp) {
    Patience patience{start, {}};
    EXPECT_EQ(wait(patience, true, 8h, start + 3s), 3s + Patience::cancel_limit);
    EXPECT_NE(patience.reason().find("was cancelled"), std::string::npos);
}

}  // namespace
