#include "harness/run_files.hpp"

#include "reports/histogram_log.hpp"
#include "reports/html.hpp"
#include "reports/json.hpp"
#include "reports/markdown.hpp"

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

void write_run_files(const reports::Record& record, const RunDirectory& out) {
    const auto logs = histogram_logs(record);
    std::set<std::string> taken;
    for (std::size_t i = 0; i < logs.size(); ++i) {
        out.write(std::filesystem::path{"histograms"} / file_name(record.operations[i].name, taken),
                  logs[i]);
    }
    out.write("report.html", reports::to_html(record));
    out.write("summary.md", reports::to_markdown(record));
    out.write("result.json", reports::to_json(record));  // last: whoever sees it sees a whole run
}

}  // namespace harness
