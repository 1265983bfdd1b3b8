// Replaces the values in a log by others of the same kind, so that it can be given away: equal
// values stay equal, nothing else of them remains.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace workloads::logs {

// What a value becomes:
// - A number is one of as many digits, without a leading zero, and not larger: its type stays. A
//   first digit of 1 stays; of a single digit nothing does.
// - A date and time stays one ("2024-03-01 10:00:00"), a UUID or bytea's hexadecimal digits stay
//   such; true, false and null as whole words stay.
// - In other text a digit becomes a digit, a letter one of the same case, a character beyond ASCII
//   one of as many bytes; the rest stays where it is.
// The same value under the same key always becomes the same one.
class Masker {
public:
    using Digest = std::array<std::uint8_t, 32>;
    // A keyed hash fit for secrets (HMAC-SHA256), and whether the server's grammar takes a text.
    using Hash = std::function<Digest(std::string_view)>;
    using Grammar = std::function<bool(std::string_view)>;

    Masker(Hash hash, Grammar is_sql);

    [[nodiscard]] std::string value(std::string_view text) const;

    // Names in quotes are masked where they may be values: "4111 1111" for '4111 1111'.
    enum class QuotedNames { keep, mask };

    // A statement: its literals and comments are masked, and the words to which it sets settings of
    // the application's own; names, keywords and $1 stay. Text that the grammar does not take is
    // masked whole.
    [[nodiscard]] std::string sql(std::string_view text,
                                  QuotedNames quoted = QuotedNames::keep) const;

    // What looks like SQL without being a statement: "$1 = 'a', $2 = NULL". Literals and comments
    // are masked, words stay; where a literal is never closed the rest is masked.
    [[nodiscard]] std::string literals(std::string_view text) const;

    // Letters and digits all, whatever they mean.
    [[nodiscard]] std::string characters(std::string_view text) const;

private:
    Hash hash_;
    Grammar is_sql_;
};

}  // namespace workloads::logs
