#include "harness/console.hpp"

#include "reports/text.hpp"

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <sys/ioctl.h>
#include <unistd.h>

namespace harness {
namespace {

constexpr std::chrono::milliseconds terminal_refresh{250};
constexpr std::chrono::seconds plain_refresh{10};

}  // namespace

struct Console::Implementation {
    Implementation(ConsoleOptions given, migration::Interruption& wanted)
        : options{given},
          interruption{wanted},
          terminal{isatty(STDERR_FILENO) == 1},
          signals{context, SIGINT, SIGTERM, SIGHUP},
          timer{context} {
        wait_for_signal();
        schedule();
        thread = std::jthread{[this] { context.run(); }};
    }

    ~Implementation() {
        context.stop();
        thread.join();
        clear_status();
    }

    void wait_for_signal() {
        signals.async_wait([this](const boost::system::error_code& error, int number) {
            if (error) {
                return;
            }
            int none = 0;
            first_signal.compare_exchange_strong(none, number);
            if (interruption.cancel_requested()) {
                // Whoever asks a third time wants out: a server that is frozen answers nobody. What
                // is left then is removed by the next run or `cleanup`.
                signals.clear();
                std::raise(number);
            }
            interruption.request();
            if (interruption.cancel_requested()) {
                note("interrupted again: cancelling what runs");
                call_once(cancel);
            } else {
                note(options.on_first_signal);
                call_once(stop);
            }
            wait_for_signal();
        });
    }

    void call_once(std::function<void()>& function) {
        const std::scoped_lock lock{mutex};
        if (function) {
            std::exchange(function, nullptr)();
        }
    }

    void schedule() {
        if (options.quiet) {
            return;
        }
        timer.expires_after(terminal ? std::chrono::milliseconds{terminal_refresh} : plain_refresh);
        timer.async_wait([this](const boost::system::error_code& error) {
            if (!error) {
                draw();
                schedule();
            }
        });
    }

    void draw() {
        const std::scoped_lock lock{mutex};
        if (!status) {
            return;
        }
        const std::string text = reports::one_line(status());
        if (terminal) {
            const auto columns = terminal_columns(STDERR_FILENO, 80);
            std::fprintf(stderr, "\r\x1b[K%s", reports::fitted(text, columns - 1).c_str());
            drawn = true;
        } else {
            std::fprintf(stderr, "%s\n", text.c_str());
        }
        std::fflush(stderr);
    }

    void clear_status() {
        if (drawn) {
            std::fputs("\r\x1b[K", stderr);
            std::fflush(stderr);
            drawn = false;
        }
    }

    void note(std::string_view line) {
        if (!options.quiet) {
            print(line);
        }
    }

    void print(std::string_view line) {
        // The server's messages quote names, and a name may hold what a terminal obeys.
        const std::string harmless = reports::many_lines(line);
        const std::scoped_lock lock{mutex};
        clear_status();
        std::fprintf(stderr, "%s\n", harmless.c_str());
        std::fflush(stderr);
    }

    ConsoleOptions options;
    migration::Interruption& interruption;
    const bool terminal;
    boost::asio::io_context context{1};
    boost::asio::signal_set signals;
    boost::asio::steady_timer timer;
    std::atomic<int> first_signal{0};
    // Recursive: a status or a cancel function may print a note.
    std::recursive_mutex mutex;
    std::function<std::string()> status;
    std::function<void()> stop, cancel;
    bool drawn = false;
    std::jthread thread;
};

Console::Console(ConsoleOptions options, migration::Interruption& interruption)
    : implementation_{std::make_unique<Implementation>(options, interruption)} {}

Console::~Console() = default;

void Console::note(std::string_view line) {
    implementation_->note(line);
}

void Console::complain(std::string_view line) {
    implementation_->print("rehearse: " + std::string{line});
}

void Console::show_status(std::function<std::string()> status) {
    const std::scoped_lock lock{implementation_->mutex};
    implementation_->clear_status();
    implementation_->status = std::move(status);
}

void Console::on_stop(std::function<void()> stop) {
    const std::scoped_lock lock{implementation_->mutex};
    implementation_->stop = std::move(stop);
}

void Console::on_cancel(std::function<void()> cancel) {
    const std::scoped_lock lock{implementation_->mutex};
    implementation_->cancel = std::move(cancel);
}

int Console::signal() const {
    return implementation_->first_signal.load();
}

bool wants_colour(int descriptor) {
    const char* no_colour = std::getenv("NO_COLOR");
    const char* term = std::getenv("TERM");
    return isatty(descriptor) == 1 && (no_colour == nullptr || *no_colour == '\0') &&
           (term == nullptr || std::string_view{term} != "dumb");
}

std::size_t terminal_columns(int descriptor, std::size_t otherwise) {
    winsize size{};
    if (isatty(descriptor) == 1 && ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20) {
        return size.ws_col;
    }
    return otherwise;
}

}  // namespace harness
