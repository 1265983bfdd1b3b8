// A child's output as lines that can be logged.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace harness::migration {

// Cuts bytes into lines at \n, \r\n and \r (progress bars). A line longer than `longest` comes in
// pieces, cut between characters where the bytes are UTF-8; nothing is dropped but empty lines that
// only a \r made. Memory is bounded by `longest`.
class OutputLines {
public:
    static constexpr std::size_t longest = 8192;

    explicit OutputLines(std::function<void(std::string_view)> line) : line_{std::move(line)} {}

    void feed(std::string_view bytes);
    void finish();  // a last line without an end

private:
    void emit(std::size_t length);

    std::function<void(std::string_view)> line_;
    std::string buffer_;
    bool after_return_ = false;
};

// Invalid UTF-8 and control characters other than the tabulator become U+FFFD: a log line must not
// move the reader's cursor, and a report must be valid UTF-8.
[[nodiscard]] std::string printable(std::string_view bytes);

// The longest prefix of at most `bytes` bytes that does not cut a UTF-8 character.
[[nodiscard]] std::string_view utf8_prefix(std::string_view text, std::size_t bytes) noexcept;

// Replaces every secret with "***". Empty secrets are ignored.
[[nodiscard]] std::string without_secrets(std::string text,
                                          const std::vector<std::string>& secrets);

}  // namespace harness::migration
