#include "harness/run_files.hpp"

#include "harness/private_file.hpp"
#include "reports/ci.hpp"
#include "reports/histogram_log.hpp"
#include "reports/html.hpp"
#include "reports/json.hpp"
#include "reports/junit.hpp"
#include "reports/markdown.hpp"
#include "reports/openmetrics.hpp"
#include "reports/read_json.hpp"
#include "reports/verdict.hpp"

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace harness {
namespace {

namespace fs = std::filesystem;

// Operation names are free text; file names are not.
std::string file_name(const std::string& operation, std::set<std::string>& taken) {
    std::string name;
    for (const char c : operation.substr(0, 100)) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '_';
        name += plain ? c : '_';
    }
    std::string unique = name;
    for (int number = 2; !taken.insert(unique).second; ++number) {
        unique = name + "-" + std::to_string(number);
    }
    return unique + ".hlog";
}

// What ended in each second, of the way there and the way back.
std::vector<std::string> histogram_logs(const reports::Record& record) {
    std::vector<std::string> logs(
        record.operations.size(),
        reports::histogram_log_header(record.run.started_at_epoch_s, record.run.started_at));
    for (const auto* way : {&record, static_cast<const reports::Record*>(record.rollback.get())}) {
        if (way == nullptr) {
            continue;
        }
        way->latencies.for_each([&](auto second, auto number, const auto& histogram) {
            const auto series = reports::Series::of(number);
            logs[series.operation] += reports::histogram_log_line(
                record.operations[series.operation].name, series, second, 1, histogram);
        });
    }
    return logs;
}

// Files of one folder; each is tried, whatever became of the others.
class Folder {
public:
    explicit Folder(fs::path path) : path_{std::move(path)} {}

    void write(const fs::path& name, const std::function<std::string()>& draw) {
        try {
            write_private_file(path_ / name, draw());
        } catch (const std::exception& failure) {
            faults.emplace_back(failure.what());
        }
    }

    std::vector<std::string> faults;

private:
    fs::path path_;
};

void draw(const reports::Record& record, const Ci& ci, Folder& folder) {
    folder.write("report.html", [&] { return reports::to_html(record); });
    folder.write("summary.md", [&] { return reports::to_markdown(record); });
    folder.write("junit.xml", [&] { return reports::to_junit(record, ci.checkout); });
    folder.write("metrics.txt", [&] { return reports::to_openmetrics(record); });
    if (ci.system == CiSystem::gitlab) {
        folder.write(code_quality_file,
                     [&] { return reports::gitlab_code_quality(record, ci.checkout); });
    }
}

}  // namespace

std::optional<std::string> take_as_stored(reports::Record& record) {
    auto stored = reports::read_json(reports::to_json(record));
    if (const auto* wrong = std::get_if<std::string>(&stored)) {
        return "result.json could not be read back: " + *wrong;
    }
    record = std::move(std::get<reports::Record>(stored));
    return std::nullopt;
}

std::vector<std::string> write_reports(const reports::Record& record, const fs::path& path,
                                       const Ci& ci) {
    Folder folder{path};
    draw(record, ci, folder);
    return folder.faults;
}

std::vector<std::string> write_run_files(reports::Record& record, const fs::path& path,
                                         const Ci& ci) {
    Folder folder{path};
    if (auto fault = take_as_stored(record)) {
        folder.faults.push_back(std::move(*fault));
    }
    const auto logs = histogram_logs(record);
    std::set<std::string> taken;
    for (std::size_t i = 0; i < logs.size(); ++i) {
        folder.write(fs::path{"histograms"} / file_name(record.operations[i].name, taken),
                     [&] { return logs[i]; });
    }
    draw(record, ci, folder);
    if (!folder.faults.empty()) {
        reports::decide_unkept(record, folder.faults.front());
    }
    // Last: whoever sees it sees a whole run, or is told in it what is missing.
    const auto before = folder.faults.size();
    folder.write("result.json", [&] { return reports::to_json(record); });
    if (before == 0 && !folder.faults.empty()) {
        reports::decide_unkept(record, folder.faults.front());
    }
    return folder.faults;
}

}  // namespace harness
