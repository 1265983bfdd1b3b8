// What the readers of a scenario's sections share.
#pragma once

#include "reports/gates.hpp"
#include "scenarios/error_list.hpp"
#include "scenarios/shape.hpp"
#include "scenarios/sql_statements.hpp"
#include "scenarios/yaml_tree.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace scenarios {

struct Reading {
    const Document& document;
    std::filesystem::path folder;  // the scenario's own; relative paths start here
    ErrorList& errors;

    void error(const Node& node, std::string message) const {
        errors.add(node.origin, std::move(message));
    }
    // At the byte `offset` of a scalar's value.
    void error_in(const Node& scalar, std::size_t offset, std::string message) const {
        errors.add(document.origin_in(scalar, offset), std::move(message));
    }
    void doubt_in(const Node& scalar, const SqlError& doubt) const {
        errors.add_doubt(document.origin_in(scalar, doubt.offset), doubt.message);
    }
};

// `what` it is, for errors: "the scenario".
[[nodiscard]] std::variant<Document, std::vector<Error>> read_yaml_file(
    const std::filesystem::path& file, const std::string& what);

// Each section of the file: its shape, and its reader (in the section's own .cpp). Readers take the
// section's node, null where the file leaves it out, after check_shape.
[[nodiscard]] const Shape& scenario_shape();
[[nodiscard]] const Shape& target_shape();
[[nodiscard]] const Shape& workload_shape();
[[nodiscard]] const Shape& migration_shape();
[[nodiscard]] const Shape& adversaries_shape();
[[nodiscard]] const Shape& verify_shape();
[[nodiscard]] const Shape& gates_shape();

void read_target(const Reading&, const Node*, Target&);
void read_workload(const Reading&, const Node*, Workload&);
// `down` may be left out.
void read_migration(const Reading&, const Node*, Scenario&);
void read_adversaries(const Reading&, const Node*, std::vector<Adversary>&);
// Requires the steps of `down`.
void read_verify(const Reading&, const Node*, Scenario&);
// `operations`: the names that a gate may begin with; none: they are not known yet.
[[nodiscard]] std::vector<reports::Gate> gates_in(const Reading&, const Node&,
                                                  const std::vector<std::string_view>& operations);
// Requires the scenario's operations.
void read_gates(const Reading&, const Node*, Scenario&);

}  // namespace scenarios
