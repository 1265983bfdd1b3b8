#include "harness/recording/recording_digest.hpp"

#include <cstdio>
#include <memory>
#include <new>

#include <xxhash.h>

namespace harness::recording {

namespace {

struct FreeState {
    void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
};

}  // namespace

std::string digest_of(const workloads::Recording& recording,
                      std::span<const std::uint32_t> sessions) {
    const std::unique_ptr<XXH3_state_t, FreeState> state{XXH3_createState()};
    if (!state) {
        throw std::bad_alloc{};
    }
    XXH3_128bits_reset(state.get());
    const auto add = [&](const auto& value) {
        XXH3_128bits_update(state.get(), &value, sizeof value);
    };
    const auto add_text = [&](const std::string& text) {
        add(text.size());
        XXH3_128bits_update(state.get(), text.data(), text.size());
    };
    for (const auto number : sessions) {
        const auto events = recording.events_of(recording.sessions[number]);
        add(events.size());
        for (const auto& event : events) {
            add(event.start_us);
            add(recording.shapes[event.shape].fingerprint);
            add(event.place().file);
            add(event.place().offset);
            add_text(event.outcome == workloads::Event::went_through
                         ? std::string{}
                         : recording.sqlstates[event.outcome - 1U]);
        }
    }
    const auto hash = XXH3_128bits_digest(state.get());
    char text[33];
    std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(hash.high64),
                  static_cast<unsigned long long>(hash.low64));
    return text;
}

}  // namespace harness::recording
