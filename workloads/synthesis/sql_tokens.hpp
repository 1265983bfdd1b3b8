// A statement's text cut into tokens, as far as one needs to find its parameters and comments.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace workloads::synthesis {

struct SqlToken {
    enum class Kind : std::uint8_t {
        space,
        comment,
        word,       // a key word or a name without quotes, or a number
        quoted,     // a literal or a name in quotes, with what stands before its quote
        parameter,  // $1
        other,      // one byte
    };
    Kind kind = Kind::other;
    std::string_view text;
};

// Together the tokens are the whole text, whatever it holds. What is never closed reaches to its
// end.
[[nodiscard]] std::vector<SqlToken> tokens_of(std::string_view sql);

}  // namespace workloads::synthesis
