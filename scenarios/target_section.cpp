// `target`: the database that is rehearsed on, or which throwaway server to start.
#include "scenarios/common_shapes.hpp"
#include "scenarios/fields.hpp"
#include "scenarios/reading.hpp"

#include <algorithm>
#include <array>

namespace scenarios {
namespace {

// The throwaway server is private (a Unix socket in its own folder) and lives in a folder that is
// removed at its end; these would undo that.
constexpr std::array<std::string_view, 9> harness_settings{
    "listen_addresses", "port",       "unix_socket_directories",
    "data_directory",   "hba_file",   "unix_socket_permissions",
    "config_file",      "ident_file", "external_pid_file"};

constexpr std::string_view in_environment =
    "does not belong in a scenario: put the connection URI into an environment variable and name "
    "that variable here, `dsn_env: STAGING_URL`";

}  // namespace

const Shape& target_shape() {
    static const Shape server{.kind = Shape::Kind::integer, .least = 10, .most = 99};
    static const Shape value{.kind = Shape::Kind::text, .may_be_blank = true};
    static const TextRule setting_name{"^[A-Za-z_][A-Za-z0-9_.]*$",
                                       "must be the name of a server setting"};
    static const Shape settings{.kind = Shape::Kind::dictionary,
                                .example = "{work_mem: 64MB}",
                                .rule = &setting_name,
                                .least = 1,
                                .item = &value};
    static const Shape replicas{.kind = Shape::Kind::list,
                                .example = "[REPLICA_URL]",
                                .least = 1,
                                .item = &variable_name_shape()};
    static const Shape shape{
        .kind = Shape::Kind::mapping,
        .example = "{dsn_env: STAGING_URL}",
        .keys = {{"dsn_env", &variable_name_shape(),
                  "the environment variable that holds the connection URI; left out: a throwaway "
                  "server"},
                 {"replicas_env",
                  &replicas,
                  "variables that hold the URIs of its replicas",
                  false,
                  {"dsn_env"}},
                 {"server", &server, "the throwaway server's major version"},
                 {"settings", &settings, "settings of the throwaway server"}},
        .refused = {{"dsn", in_environment},
                    {"uri", in_environment},
                    {"url", in_environment},
                    {"host", in_environment},
                    {"user", in_environment},
                    {"password", in_environment},
                    {"database", in_environment},
                    {"replicas",
                     "does not belong in a scenario: name the environment variables "
                     "that hold the URIs, `replicas_env: [REPLICA_URL]`"}}};
    return shape;
}

void read_target(const Reading& reading, const Node* node, Target& target) {
    const Fields fields{node};
    if (const auto* dsn = fields.find("dsn_env")) {
        target.dsn_env = dsn->text;
    }
    target.replicas_env = fields.texts("replicas_env");
    if (fields.has("server")) {
        target.server = fields.integer("server", 0);
    }
    if (const auto* settings = fields.find("settings")) {
        for (const auto& [name, origin, value] : settings->entries) {
            if (std::count(harness_settings.begin(), harness_settings.end(), name) > 0) {
                reading.errors.add(origin, "`target.settings." + name +
                                               "` is the harness's own: the throwaway server is "
                                               "private and removed at the end");
            }
            target.settings[name] = value.text;
        }
    }
    for (const auto* key : {"server", "settings"}) {
        const auto* own = fields.part(key);
        if (own != nullptr && fields.part("dsn_env") != nullptr) {
            reading.error(*own, "`target." + std::string{key} +
                                    "` is for a throwaway server; with `dsn_env` the target is "
                                    "taken as it is");
        }
    }
}

}  // namespace scenarios
