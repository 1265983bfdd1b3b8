#include "harness/run_files.hpp"

#include "reports/ci.hpp"
#include "reports/histogram_log.hpp"
#include "reports/json.hpp"
#include "reports/junit.hpp"
#include "reports/markdown.hpp"
#include "reports/openmetrics.hpp"
#include "reports/verdict.hpp"

#include <set>
#include <string>
#include <vector>

namespace harness {
namespace {

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

}  // namespace

std::vector<std::string> write_run_files(reports::Record& record, const RunDirectory& out,
                                         const Ci& ci) {
    std::vector<std::string> faults;
    const auto write = [&](const std::filesystem::path& name, const auto& draw) {
        try {
            out.write(name, draw());
        } catch (const std::exception& failure) {
            faults.emplace_back(failure.what());
        }
    };
    const auto logs = histogram_logs(record);
    std::set<std::string> taken;
    for (std::size_t i = 0; i < logs.size(); ++i) {
        write(std::filesystem::path{"histograms"} / file_name(record.operations[i].name, taken),
              [&] { return logs[i]; });
    }
    write("summary.md", [&] { return reports::to_markdown(record); });
    write("junit.xml", [&] { return reports::to_junit(record, ci.checkout); });
    write("metrics.txt", [&] { return reports::to_openmetrics(record); });
    if (ci.system == CiSystem::gitlab) {
        write(code_quality_file, [&] { return reports::gitlab_code_quality(record, ci.checkout); });
    }
    if (!faults.empty()) {
        reports::decide_unkept(record, faults.front());
    }
    // Last: whoever sees it sees a whole run, or is told in it what is missing.
    const auto before = faults.size();
    write("result.json", [&] { return reports::to_json(record); });
    if (before == 0 && !faults.empty()) {
        reports::decide_unkept(record, faults.front());
    }
    return faults;
}

}  // namespace harness
