#include "scenarios/scenario_file.hpp"

#include "scenarios/common_shapes.hpp"
#include "scenarios/fields.hpp"
#include "scenarios/override.hpp"
#include "scenarios/reading.hpp"
#include "scenarios/replay_section.hpp"
#include "scenarios/synthesize_section.hpp"
#include "scenarios/text_file.hpp"

#include <algorithm>
#include <cctype>

namespace scenarios {
namespace {

const Shape& phases_shape() {
    static const Shape shape{.kind = Shape::Kind::mapping,
                             .example = "{warmup: 5s, before: 30s, after: 30s}",
                             .keys = {{"warmup", &span_shape(), "load that is not counted"},
                                      {"before", &span_shape(), "the baseline"},
                                      {"after", &span_shape(), "load after the last step"}}};
    return shape;
}

const Shape& observe_shape() {
    static const Shape locks{.kind = Shape::Kind::duration, .least = 5, .most = 10'000};
    static const Shape shape{
        .kind = Shape::Kind::mapping,
        .example = "{locks: 20ms}",
        .keys = {
            {"locks", &locks, "how often it is looked who waits for whom"},
            {"enabled", &flag_shape(),
             "false: the locks are not watched, to measure what watching costs; the verdict is "
             "never pass"}}};
    return shape;
}

// The name when the file gives none: its own, in the letters that a run's folder may have.
std::string name_from(const std::filesystem::path& file) {
    auto name = file.stem().string().substr(0, 64);
    std::replace_if(
        name.begin(), name.end(),
        [](unsigned char c) {
            return c >= 0x80 || (std::isalnum(c) == 0 && c != '.' && c != '_' && c != '-');
        },
        '-');
    const bool starts_well = !name.empty() && std::isalnum(static_cast<unsigned char>(name[0]));
    return starts_well ? name : "scenario";
}

void read_setup(const Reading& reading, const Node* node, Scenario& scenario) {
    if (node == nullptr || node->kind != Node::Kind::list) {
        return;
    }
    for (const auto& item : node->items) {
        if (!item.sound) {
            continue;
        }
        auto file = (reading.folder / item.text).lexically_normal();
        if (const auto error = why_unreadable(file)) {
            reading.error(item, "the setup file " + shown(file.string()) + " " + error->message);
        }
        scenario.setup.push_back(std::move(file));
    }
}

bool deploys_new_version(const Scenario& scenario) {
    return std::any_of(scenario.up.begin(), scenario.up.end(), [](const Step& step) {
        const auto* deploy = std::get_if<DeployStep>(&step.action);
        return deploy != nullptr && deploy->to == workloads::App::new_version;
    });
}

// Whether there is somebody to send each operation, and something to send from the start.
void check_versions(const Reading& reading, const Node* workload, const Scenario& scenario) {
    std::vector<const Node*> nodes;  // of the operations, in their order
    for (const char* key : {"operations", "pgbench"}) {
        if (const auto* list = Fields{workload}.part(key);
            list != nullptr && list->kind == Node::Kind::list) {
            for (const auto& item : list->items) {
                nodes.push_back(&item);
            }
        }
    }
    if (nodes.size() != scenario.workload.operations.size() || nodes.empty()) {
        return;
    }
    const bool new_comes = deploys_new_version(scenario);
    bool old_has_work = false;
    for (std::size_t i = 0; i < scenario.workload.operations.size(); ++i) {
        const auto& operation = scenario.workload.operations[i];
        const bool only_new = operation.app == workloads::AppFilter::new_version;
        old_has_work |= !only_new;
        if (only_new && !new_comes) {
            reading.error(*nodes[i],
                          "operation " + shown(operation.name) +
                              " would never run: it is sent by the `new` version, and no step of "
                              "the migration says `deploy: new`");
        }
    }
    if (!old_has_work) {
        const auto* operations = Fields{workload}.part("operations");
        reading.error(operations != nullptr ? *operations : *Fields{workload}.part("pgbench"),
                      "nothing to send before the deploy: every operation is sent by the `new` "
                      "version; the load starts with the `old` one, so at least one operation must "
                      "be `app: old` or `app: both`");
    }
}

Scenario build(const Reading& reading, const std::filesystem::path& file, const Node& root) {
    const Fields fields{&root};
    Scenario scenario;
    scenario.file = file;
    scenario.name = fields.has("name") ? fields.text("name") : name_from(file);
    scenario.description = fields.text("description");
    read_target(reading, fields.part("target"), scenario.target);
    read_setup(reading, fields.part("setup"), scenario);
    read_workload(reading, fields.part("workload"), scenario.workload);
    const Fields phases{fields.part("phases")};
    scenario.phases.warmup = phases.duration("warmup", scenario.phases.warmup);
    scenario.phases.before = phases.duration("before", scenario.phases.before);
    scenario.phases.after = phases.duration("after", scenario.phases.after);
    read_migration(reading, fields.part("migration"), scenario);
    read_adversaries(reading, fields.part("adversaries"), scenario.adversaries);
    const Fields observe{fields.part("observe")};
    scenario.observe.lock_interval = observe.duration("locks", *scenario.observe.lock_interval);
    if (!observe.flag("enabled", true)) {
        scenario.observe.lock_interval.reset();
    }
    read_verify(reading, fields.part("verify"), scenario);
    read_gates(reading, fields.part("gates"), scenario);
    check_versions(reading, fields.part("workload"), scenario);
    check_replay(reading, root, scenario);
    return scenario;
}

}  // namespace

const Shape& scenario_shape() {
    static const TextRule name_rule{
        "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        "must be letters, digits and . _ - (a run's folder is named after it), at most 64"};
    static const Shape version{.kind = Shape::Kind::integer, .least = 1, .most = 1};
    static const Shape name{.kind = Shape::Kind::text, .rule = &name_rule};
    static const Shape description{.kind = Shape::Kind::text, .may_be_blank = true};
    static const Shape shape{
        .kind = Shape::Kind::mapping,
        .example = "{version: 1, workload: {...}, migration: {...}}",
        .keys = {{"version", &version, "of the format: 1", true},
                 {"name", &name, "what the run is called; left out: the file's name"},
                 {"description", &description, "for people"},
                 {"target", &target_shape(), "the database; left out: a throwaway server"},
                 {"setup", &text_list_shape(),
                  "SQL files that fill a throwaway server, beside the scenario"},
                 {"workload", &workload_shape(), "what the application does", true},
                 {"phases", &phases_shape(), "how long the load runs before and after"},
                 {"migration", &migration_shape(), "what is rehearsed", true},
                 {"adversaries", &adversaries_shape(), "who else is on the database"},
                 {"observe", &observe_shape(), "how closely it is watched"},
                 {"verify", &verify_shape(), "what is proved of the data"},
                 {"gates", &gates_shape(), "the limits; left out: a few that always hold"}}};
    return shape;
}

std::variant<Document, std::vector<Error>> read_yaml_file(const std::filesystem::path& file,
                                                          const std::string& what) {
    const auto contents = read_text_file(file, most_yaml_bytes);
    if (const auto* error = std::get_if<FileError>(&contents)) {
        return std::vector<Error>{{file, {}, what + " " + error->message}};
    }
    auto parsed = read_yaml(std::get<std::string>(contents));
    if (const auto* failures = std::get_if<std::vector<YamlError>>(&parsed)) {
        ErrorList errors{file};
        for (const auto& failure : *failures) {
            errors.add({failure.place, {}}, failure.message);
        }
        return errors.sorted();
    }
    return std::get<Document>(std::move(parsed));
}

namespace {

// `workload_file`: what `workload.synthesize` came to; null: it is not known yet.
std::variant<Scenario, std::vector<Error>> read_with(const std::filesystem::path& file,
                                                     const std::vector<Override>& overrides,
                                                     const std::string* workload_file) {
    auto parsed = read_yaml_file(file, "the scenario");
    if (auto* errors = std::get_if<std::vector<Error>>(&parsed)) {
        return std::move(*errors);
    }
    auto& document = std::get<Document>(parsed);
    if (document.root.kind == Node::Kind::null) {
        return std::vector<Error>{{file, {}, "the scenario is empty; it starts with `version: 1`"}};
    }
    ErrorList errors{file};
    for (const auto& override_ : overrides) {
        apply_override(document.root, override_, scenario_shape(), errors);
    }
    if (workload_file != nullptr) {
        if (const auto wrong = put_in_place_of_synthesize(document.root, *workload_file);
            !wrong.empty()) {
            return std::vector<Error>{{file, {}, "the synthesized workload: " + wrong}};
        }
    }
    check_shape(document.root, scenario_shape(), "", errors);
    const Reading reading{document, file.parent_path(), errors};
    auto scenario = build(reading, file, document.root);
    if (!errors.empty()) {
        return errors.sorted_with_doubts();
    }
    scenario.doubts = errors.sorted_doubts();
    scenario.workload.synthesized = workload_file != nullptr;
    return scenario;
}

}  // namespace

std::variant<Scenario, std::vector<Error>> read_scenario(const std::filesystem::path& file,
                                                         const std::vector<Override>& overrides) {
    return read_with(file, overrides, nullptr);
}

std::variant<Scenario, std::vector<Error>> read_synthesized_scenario(
    const std::filesystem::path& file, const std::vector<Override>& overrides,
    const std::string& workload_file) {
    return read_with(file, overrides, &workload_file);
}

}  // namespace scenarios
