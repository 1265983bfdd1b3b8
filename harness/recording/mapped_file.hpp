// A file's bytes as memory, which outlive its being cut short.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace harness::recording {

// The file became shorter, or another, while it was read: `copytruncate` of logrotate. What was
// read of it is not to be trusted.
struct CutShort : std::runtime_error {
    explicit CutShort(const std::string& name);
};

// Mapped for as long as this lives, as long as the file was then: what is appended later is not
// seen. Where the file is cut short its bytes become zeros instead of the signal SIGBUS that would
// end the program; whoever read must ask check() before anything is made of what was read. The
// first mapping installs a handler of SIGBUS, which passes on what is no mapping's. Safe to use
// from several threads, each mapping by one at a time.
class MappedFile {
public:
    MappedFile() = default;
    // `file`: a descriptor, not needed afterwards. Throws std::system_error.
    explicit MappedFile(int file);
    MappedFile(MappedFile&& other) noexcept;
    MappedFile& operator=(MappedFile&& other) noexcept;
    ~MappedFile();

    [[nodiscard]] std::string_view text() const noexcept { return text_; }

    // Whether all of it is still what was mapped, as far as its ends tell and what was read.
    [[nodiscard]] bool whole() const;
    // Throws CutShort where it is not.
    void check(const std::string& name) const {
        if (!whole()) {
            throw CutShort{name};
        }
    }

private:
    struct Guarded;  // what the handler of the signal looks at
    struct Guard;

    std::string_view text_;
    std::string first_, last_;  // its ends as they were
    Guarded* guarded_ = nullptr;
};

}  // namespace harness::recording
