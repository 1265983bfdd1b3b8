#include "scenarios/gates_file.hpp"

#include "scenarios/fields.hpp"
#include "scenarios/reading.hpp"

namespace scenarios {

std::variant<std::vector<reports::Gate>, std::vector<Error>> read_gates_file(
    const std::filesystem::path& file, const std::vector<std::string_view>& operations) {
    auto parsed = read_yaml_file(file, "the file of gates");
    if (auto* errors = std::get_if<std::vector<Error>>(&parsed)) {
        return std::move(*errors);
    }
    auto& document = std::get<Document>(parsed);
    Node* node = &document.root;
    for (auto& entry : document.root.entries) {
        if (entry.key == "gates") {
            node = &entry.value;
        }
    }
    ErrorList errors{file};
    for (const auto& entry : document.root.entries) {
        if (node == &document.root && (entry.key == "workload" || entry.key == "migration")) {
            errors.add(entry.origin,
                       "this scenario has no `gates`: name a file that has, or leave --gates out");
            return errors.sorted();
        }
    }
    check_shape(*node, gates_shape(), "", errors);
    std::vector<reports::Gate> gates;
    if (errors.empty()) {
        gates = gates_in({document, file.parent_path(), errors}, *node, operations);
    }
    if (!errors.empty()) {
        return errors.sorted();
    }
    return gates;
}

}  // namespace scenarios
