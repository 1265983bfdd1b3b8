// The terminal and the signals of a running rehearsal: progress on stderr, Ctrl-C.
#pragma once

#include "harness/migration/interruption.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace harness {

struct ConsoleOptions {
    bool quiet = false;  // no progress; errors are still printed
    std::string on_first_signal =
        "interrupted: the load stops, the running step may end; once more cancels it";
};

// Has a thread of its own while it lives. The first SIGINT, SIGTERM or SIGHUP asks the interruption
// to finish the running step, the second to cancel it, the third ends the program as it stands.
class Console {
public:
    Console(ConsoleOptions options, migration::Interruption& interruption);
    ~Console();
    Console(const Console&) = delete;
    Console& operator=(const Console&) = delete;

    // A line for the reader, from any thread.
    void note(std::string_view line);

    // What went wrong; printed also where no progress is wanted.
    void complain(std::string_view line);

    // Asked about every quarter of a second on a terminal, every ten seconds elsewhere; shown as
    // the last line. Empty function: nothing is shown. Once this returns the old one is not called
    // again.
    void show_status(std::function<std::string()> status);

    // Called once, on the console's thread, at the first signal.
    void on_stop(std::function<void()> stop);
    // Called once, on the console's thread, at the second signal.
    void on_cancel(std::function<void()> cancel);

    // 0, or the first signal that came.
    [[nodiscard]] int signal() const;

private:
    struct Implementation;
    std::unique_ptr<Implementation> implementation_;
};

// Whether a stream is a terminal that wants colour, and how wide it is.
[[nodiscard]] bool wants_colour(int descriptor);
[[nodiscard]] std::size_t terminal_columns(int descriptor, std::size_t otherwise);

}  // namespace harness
