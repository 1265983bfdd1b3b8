// A call of a recorded session, as it is sent again.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace workloads::replay {

// Takes values of results that later calls need.
class ReturnedValues {
public:
    // `wanted`: as RecordedCall::Wanted names it. Called from the thread that plays the session.
    virtual void returned(std::uint32_t wanted, std::string_view value) = 0;

protected:
    ~ReturnedValues() = default;
};

// All views are valid until the next call is read.
struct RecordedCall {
    // Parsed, bound and executed with parameters; else one query string, sent as it stands, be it
    // of several statements.
    bool extended = false;
    std::string_view text;
    std::string_view name;  // of the prepared statement that the application used; empty: unnamed
    std::span<const char* const> parameters;  // in the text format, null: NULL; with `extended`
    std::string_view then;  // sent when it went through, as one call with it; mostly empty
    // Values of its result that are wanted; mostly none.
    struct Wanted {
        std::uint32_t number = 0;
        std::string_view column;
        std::uint32_t row = 0;
    };
    std::span<const Wanted> wanted;
    ReturnedValues* taker = nullptr;
};

}  // namespace workloads::replay
