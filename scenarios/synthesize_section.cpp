#include "scenarios/synthesize_section.hpp"

#include "scenarios/common_shapes.hpp"

#include <algorithm>
#include <utility>

namespace scenarios {
namespace {

void put_at(Node& node, const Origin& origin) {
    node.origin = origin;
    node.offset = Node::not_in_the_source;
    for (auto& item : node.items) {
        put_at(item, origin);
    }
    for (auto& entry : node.entries) {
        entry.origin = origin;
        put_at(entry.value, origin);
    }
}

}  // namespace

const Shape& synthesize_shape() {
    static const Shape from{.kind = Shape::Kind::choice, .choices = {"pg_stat_statements"}};
    static const Shape scale{.kind = Shape::Kind::number, .least = 1e-6, .most = 1e6};
    static const Shape top{.kind = Shape::Kind::integer, .least = 1, .most = 5'000};
    static const Shape window{.kind = Shape::Kind::duration, .least = 0, .most = 86'400'000};
    static const Shape shape{
        .kind = Shape::Kind::mapping,
        .example = "{from: pg_stat_statements, dsn_env: PROD_READONLY_URL, scale: 0.1}",
        .keys = {{"from", &from, "what has counted the statements"},
                 {"dsn_env", &variable_name_shape(),
                  "the environment variable that holds the source's URI; it is only read", true},
                 {"scale", &scale, "of the rate there; left out: 1"},
                 {"top", &top, "so many statements at most; left out: 200"},
                 {"window", &window,
                  "between two readings of the statistics; 0: all since the last reset; left out: "
                  "60s"},
                 {"keep_values", &flag_shape(),
                  "the source's most common values are drawn, and written into the run "
                  "directory"}}};
    return shape;
}

void read_synthesize(const Reading& reading, const Fields& fields, Workload& workload) {
    const auto* node = fields.part("synthesize");
    if (node == nullptr) {
        return;
    }
    const Fields own{node};
    Synthesize synthesize;
    synthesize.place = synthesize.dsn_env_place = node->origin.place;
    if (const auto* dsn_env = own.find("dsn_env")) {
        synthesize.dsn_env = dsn_env->text;
        synthesize.dsn_env_place = dsn_env->origin.place;
    }
    synthesize.scale = own.number("scale", synthesize.scale);
    synthesize.top = own.integer("top", synthesize.top);
    synthesize.window = own.duration("window", synthesize.window);
    synthesize.keep_values = own.flag("keep_values", synthesize.keep_values);
    workload.synthesize = std::move(synthesize);
    for (const auto* key :
         {"connections", "rate", "think_time", "session", "operations", "pgbench", "replay"}) {
        if (const auto* beside = fields.part(key)) {
            reading.error(*beside, "`workload." + std::string{key} +
                                       "` is what the source's statistics say: leave it out beside "
                                       "`synthesize`, or write the workload down with `rehearse "
                                       "workload synthesize` and edit it");
        }
    }
}

std::string put_in_place_of_synthesize(Node& root, std::string_view workload_file) {
    auto parsed = read_yaml(workload_file);
    if (const auto* errors = std::get_if<std::vector<YamlError>>(&parsed)) {
        return errors->front().message;
    }
    auto* made = std::get<Document>(parsed).root.find("workload");
    auto* workload = root.find("workload");
    auto* synthesize = workload == nullptr ? nullptr : workload->find("synthesize");
    if (made == nullptr || synthesize == nullptr) {
        return "the scenario no longer says `workload.synthesize`";
    }
    put_at(*made, synthesize->origin);
    std::erase_if(workload->entries, [](const Entry& entry) { return entry.key == "synthesize"; });
    for (auto& entry : made->entries) {
        if (workload->find(entry.key) != nullptr) {
            return "`workload." + entry.key + "` stands beside `synthesize`";
        }
        workload->entries.push_back(std::move(entry));
    }
    return {};
}

}  // namespace scenarios
