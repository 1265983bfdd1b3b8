#include "harness/mask_command.hpp"

#include "harness/answer.hpp"
#include "harness/console.hpp"
#include "harness/recording/log_masking.hpp"
#include "harness/recording/recording_reader.hpp"
#include "harness/usage_error.hpp"
#include "reports/figures.hpp"
#include "reports/verdict.hpp"

#include <csignal>
#include <cstdlib>
#include <stop_token>
#include <string>
#include <thread>

namespace harness {
namespace {

namespace exit_codes = reports::exit_codes;

std::string key_of(const WorkloadMaskCommand& command) {
    constexpr std::size_t shortest = 16;
    if (!command.key_env) {
        return recording::random_key();
    }
    const char* key = std::getenv(command.key_env->c_str());
    if (key == nullptr || std::string_view{key}.size() < shortest) {
        throw UsageError{
            "--key-env " + *command.key_env + ": the variable " +
            (key == nullptr ? "is not set" : "holds less than 16 characters") +
            "; who guesses the key can guess values, for example openssl rand -hex 32"};
    }
    return key;
}

std::string progress_line(const recording::MaskingProgress& progress) {
    const double all = static_cast<double>(progress.all_bytes.load());
    if (all == 0) {
        return "unpacking: " + reports::count_text(progress.unpacked >> 20) + " MB";
    }
    return "masking: " +
           reports::decimal_text(100 * static_cast<double>(progress.bytes.load()) / all, 0) + " %";
}

std::string summary(const std::vector<recording::MaskedFile>& files) {
    std::string text;
    for (const auto& file : files) {
        text += file.to.string() + ": " + reports::count_text(file.records) + " records";
        if (file.left_out_bytes != 0) {
            text += "; " + reports::count_text(file.left_out_bytes) +
                    " bytes that are no records were left out";
        }
        text += '\n';
    }
    return text;
}

}  // namespace

int mask_workload(const WorkloadMaskCommand& command) {
    const recording::Masking masking{command.logs, command.prefix, command.out, key_of(command),
                                     command.keep_names};
    recording::MaskingProgress progress;
    migration::Interruption interruption;
    std::stop_source stop;
    Console console{
        {.quiet = command.quiet, .on_first_signal = "interrupted: what was written is removed"},
        interruption};
    const std::jthread watch{[&](const std::stop_token& over) {
        if (interruption.wait(migration::Interruption::Level::finish_step, over)) {
            stop.request_stop();
        }
    }};
    console.show_status([&] { return progress_line(progress); });
    try {
        const auto files = recording::mask_logs(masking, progress, stop.get_token());
        console.show_status({});
        for (const auto& file : files) {
            for (const auto& warning : file.warnings) {
                console.complain(warning);
            }
        }
        return give(summary(files), exit_codes::pass);
    } catch (const recording::Stopped&) {
        console.show_status({});
        return console.signal() == SIGINT ? exit_codes::interrupted : exit_codes::terminated;
    } catch (...) {
        console.show_status({});
        throw;
    }
}

}  // namespace harness
