#include "harness/migration/child_process.hpp"
#include "harness/migration/command_text.hpp"
#include "harness/migration/output_lines.hpp"
#include "harness/migration/step_context.hpp"

#include <csignal>
#include <deque>
#include <optional>

#include <unistd.h>

namespace harness::migration {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds look{20};  // how often the child's end, Ctrl-C and the timeout are seen to
constexpr milliseconds grace{5'000};  // between SIGTERM and SIGKILL
// Output that comes after the child's end is that of processes that it left behind: a daemon would
// hold the pipe open for ever.
constexpr milliseconds drain{1'000};
constexpr std::size_t tail_lines = 5;

class CommandRun {
public:
    CommandRun(const StepContext& context, const scenarios::CommandStep& step,
               const database::CommandTarget& target)
        : context_{context},
          step_{step},
          secrets_{secrets_of(target)},
          lines_{[this](std::string_view line) { take_line(line); }} {}

    void run(ChildProcess& child, Clock::time_point start);

private:
    void take_line(std::string_view line);
    void watch(ChildProcess& child);
    void stop_if_due(const ChildProcess& child);
    void drain_output(ChildProcess& child);
    void conclude(const ChildExit& exit);

    const StepContext& context_;
    const scenarios::CommandStep& step_;
    std::vector<std::string> secrets_;
    OutputLines lines_;
    std::deque<std::string> tail_;
    Clock::time_point start_{};
    std::optional<Clock::time_point> terminated_;
    bool killed_ = false, timed_out_ = false, output_left_ = false;
};

void CommandRun::run(ChildProcess& child, Clock::time_point start) {
    start_ = start;
    watch(child);
    drain_output(child);
    if (terminated_) {
        child.signal_group(SIGKILL);  // whoever of the group ignored SIGTERM
    }
    const auto exit = child.reap();
    lines_.finish();
    conclude(exit);
}

void CommandRun::watch(ChildProcess& child) {
    std::string output;
    while (!child.ended()) {
        output.clear();
        child.read(output, look);
        lines_.feed(output);
        stop_if_due(child);
    }
}

void CommandRun::stop_if_due(const ChildProcess& child) {
    const auto now = Clock::now();
    if (!terminated_) {
        timed_out_ = now >= start_ + step_.timeout;
        if (timed_out_ || context_.interruption.cancel_requested()) {
            terminated_ = now;
            child.signal_group(SIGTERM);
            context_.tell("note", timed_out_ ? "timeout: SIGTERM is sent to the command"
                                             : "cancelled: SIGTERM is sent to the command");
        }
    } else if (!killed_ && now >= *terminated_ + grace) {
        killed_ = true;
        child.signal_group(SIGKILL);
        context_.tell("note", "the command did not end: SIGKILL is sent");
    }
}

void CommandRun::drain_output(ChildProcess& child) {
    const auto end = Clock::now() + drain;
    std::string output;
    while (!child.output_ended() && Clock::now() < end) {
        output.clear();
        child.read(output, look);
        lines_.feed(output);
    }
    output_left_ = !child.output_ended();
    if (output_left_) {
        context_.tell("note",
                      "the command left processes behind that hold its output open; what they still"
                      " say is not read");
    }
}

void CommandRun::take_line(std::string_view line) {
    const auto text = without_secrets(printable(line), secrets_);
    context_.log(text);
    tail_.push_back(text);
    if (tail_.size() > tail_lines) {
        tail_.pop_front();
    }
}

void CommandRun::conclude(const ChildExit& exit) {
    database::Error error;
    if (timed_out_) {
        error.message = "timed out after " + std::to_string(step_.timeout.count()) +
                        " ms and was sent " + (killed_ ? "SIGTERM, then SIGKILL" : "SIGTERM") +
                        ": " + exit.text();
    } else if (terminated_) {
        error.message = "cancelled: " + exit.text();
    } else if (!exit.ok()) {
        error.message = exit.text();
    }
    if (error.message.empty()) {
        context_.attempt(start_, nullptr);
        context_.succeed();
        return;
    }
    for (const auto& line : tail_) {
        error.message += "\n  | " + std::string{utf8_prefix(line, 500)};
    }
    context_.attempt(start_, &error);
    if (terminated_ && !timed_out_) {
        context_.interrupt(error.message);
    } else {
        context_.fail(error.message);
    }
}

std::vector<std::string> own_environment() {
    std::vector<std::string> variables;
    for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
        variables.emplace_back(*variable);
    }
    return variables;
}

std::string path_in(const std::vector<std::string>& environment) {
    for (const auto& variable : environment) {
        if (variable.starts_with("PATH=")) {
            return variable.substr(5);
        }
    }
    return "/usr/local/bin:/usr/bin:/bin";
}

}  // namespace

void run_command(const StepContext& context, const scenarios::CommandStep& step) {
    if (!context.engine.target) {
        context.fail("there is no target to tell the command about");
        return;
    }
    const auto& target = *context.engine.target;
    if (const auto fault = fault_of_arguments(step.command, target); !fault.empty()) {
        context.fail(fault);
        return;
    }
    const auto environment = environment_of(step, target, own_environment(), step_application);
    if (const auto* wrong = std::get_if<ExpandError>(&environment)) {
        context.fail(wrong->message);
        return;
    }
    const auto& variables = std::get<std::vector<std::string>>(environment);
    CommandStart started;
    started.server_clock_us = context.control.server_clock_us();
    started.at = Clock::now();
    try {
        ChildProcess child{{.arguments = step.command,
                            .environment = variables,
                            .path = path_in(variables),
                            .directory = context.settings.working_directory}};
        started.process = child.pid();
        if (context.hooks.on_command_start) {
            context.hooks.on_command_start(started);
        }
        CommandRun{context, step, target}.run(child, started.at);
    } catch (const SpawnFailure& failure) {
        database::Error error;
        error.message = failure.what();
        context.attempt(started.at, &error);
        context.fail(failure.what());
    }
}

}  // namespace harness::migration
