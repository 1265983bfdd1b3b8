#include "harness/ci_system.hpp"

#include "reports/ci.hpp"
#include "reports/markdown.hpp"
#include "reports/text.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace harness {
namespace {

namespace fs = std::filesystem;

// Symbolic links are followed where there are any: both ends must be spelled alike.
fs::path canonical(const fs::path& path) {
    std::error_code error;
    auto found = fs::weakly_canonical(path, error);
    return error ? path : found;
}

// 0, or why it cannot be appended. O_NONBLOCK: a pipe that nobody reads must not hold up the run.
int append(const fs::path& file, std::string_view text) {
    const int fd = open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
    if (fd < 0) {
        return errno;
    }
    int failure = 0;
    while (!text.empty() && failure == 0) {
        const auto written = write(fd, text.data(), text.size());
        if (written > 0) {
            text.remove_prefix(static_cast<std::size_t>(written));
        } else if (written == 0 || errno != EINTR) {
            failure = written == 0 ? EIO : errno;
        }
    }
    return close(fd) != 0 && failure == 0 ? errno : failure;
}

}  // namespace

Ci find_ci(const std::string& asked, const std::function<const char*(const char*)>& variable,
           const fs::path& current) {
    const auto value = [&](const char* name) {
        const char* found = variable(name);
        return std::string{found == nullptr ? "" : found};
    };
    Ci ci;
    if (asked == "github" || (asked.empty() && value("GITHUB_ACTIONS") == "true")) {
        ci.system = CiSystem::github;
        ci.step_summary = value("GITHUB_STEP_SUMMARY");
    } else if (asked == "gitlab" || (asked.empty() && value("GITLAB_CI") == "true")) {
        ci.system = CiSystem::gitlab;
    }
    const auto root = ci.system == CiSystem::github   ? value("GITHUB_WORKSPACE")
                      : ci.system == CiSystem::gitlab ? value("CI_PROJECT_DIR")
                                                      : std::string{};
    ci.checkout.working_directory = current.string();
    ci.checkout.root = root.empty() ? ci.checkout.working_directory : root;
    return ci;
}

Ci ci_of_this_process(const std::string& asked) {
    std::error_code gone;  // the folder that it was started in
    auto ci = find_ci(
        asked, [](const char* name) { return std::getenv(name); }, fs::current_path(gone));
    ci.checkout.root = canonical(ci.checkout.root).string();
    ci.checkout.working_directory = canonical(ci.checkout.working_directory).string();
    return ci;
}

void tell_ci(const Ci& ci, const reports::Record& record) {
    if (ci.system != CiSystem::github) {
        return;
    }
    std::cerr << reports::github_annotations(reports::annotations(record), ci.checkout);
    if (ci.step_summary.empty()) {
        return;
    }
    // Behind whatever the step wrote there before.
    const int failure = append(ci.step_summary, "\n" + reports::to_markdown(record) + "\n");
    if (failure != 0) {
        std::cerr << "note: the summary could not be appended to "
                  << reports::one_line(ci.step_summary.string())
                  << " (GITHUB_STEP_SUMMARY): " << std::strerror(failure) << '\n';
    }
}

void tell_ci(const Ci& ci, const std::vector<scenarios::Error>& errors) {
    if (ci.system != CiSystem::github) {
        return;
    }
    std::vector<reports::Annotation> annotations;
    for (const auto& error : errors) {
        annotations.push_back(
            {.severity = reports::Severity::harness,
             .check = "scenario",
             .subject = {},
             .title = "The scenario is wrong",
             .message = error.message,
             .place = {error.file.string(),
                       error.place.line > 0 ? static_cast<std::size_t>(error.place.line) : 1}});
    }
    std::cerr << reports::github_annotations(annotations, ci.checkout);
}

}  // namespace harness
