#include "reports/source_place.hpp"

#include "reports/findings.hpp"

#include <algorithm>
#include <filesystem>

namespace reports {

namespace {

const Step* longest_step(const Record& record) {
    const auto longest = std::max_element(
        record.steps.begin(), record.steps.end(),
        [](const Step& a, const Step& b) { return a.end_s - a.start_s < b.end_s - b.start_s; });
    return longest == record.steps.end() ? nullptr : &*longest;
}

// The step of the migration that made the worst queue.
const Step* blamed_step(const Record& record) {
    const auto culprit = culprit_of(record);
    if (!culprit) {
        return nullptr;
    }
    const auto& episode = culprit->episode;
    const Blocker& blamed = episode.queued ? *episode.queued : episode.blocker;
    if (blamed.kind != "step") {
        return nullptr;
    }
    const auto found = std::find_if(record.steps.begin(), record.steps.end(),
                                    [&](const Step& step) { return step.name == blamed.step; });
    return found == record.steps.end() ? nullptr : &*found;
}

}  // namespace

std::string path_in(const Checkout& checkout, const std::string& file) {
    namespace fs = std::filesystem;
    if (file.empty() || checkout.root.empty() || checkout.working_directory.empty()) {
        return file;
    }
    const auto whole = (fs::path{checkout.working_directory} / file).lexically_normal();
    const auto inside = whole.lexically_relative(fs::path{checkout.root}.lexically_normal());
    const bool outside = inside.empty() || *inside.begin() == "..";
    return outside ? file : inside.string();
}

SourcePlace place_of(const Step& step, const Record& record) {
    const auto& file = step.file.empty() ? record.run.scenario_file : step.file;
    return {file, std::max<std::size_t>(step.line, 1)};
}

SourcePlace place_of_migration(const Record& record) {
    return record.steps.empty() ? SourcePlace{record.run.scenario_file}
                                : place_of(record.steps.front(), record);
}

SourcePlace place_of_gate(const GateResult& gate, const Record& record) {
    const Step* step = gate.name == "duration" ? longest_step(record) : blamed_step(record);
    return step == nullptr ? place_of_migration(record) : place_of(*step, record);
}

}  // namespace reports
