#include "workloads/synthesis/scope.hpp"

namespace workloads::synthesis {
namespace {

// Whether the source has such a column, and which it is.
std::pair<bool, std::optional<Origin>> column_in(const Source& source, const std::string& name) {
    if (source.table != nullptr) {
        const bool there = source.table->column(name) != nullptr;
        return {there,
                there ? std::optional{Origin{source.table, name, source.number}} : std::nullopt};
    }
    for (const auto& [output, origin] : source.outputs) {
        if (output == name) {
            return {true, origin};
        }
    }
    return {false, std::nullopt};
}

}  // namespace

std::optional<Origin> Scope::resolve(const std::string& alias, const std::string& name) const {
    for (const Scope* scope = this; scope != nullptr; scope = scope->parent) {
        int matches = 0;
        std::optional<Origin> found;
        for (const auto& source : scope->sources) {
            if (alias.empty() ? source.only_qualified : source.alias != alias) {
                continue;
            }
            auto [there, origin] = column_in(source, name);
            // The columns that USING joins are one under either name.
            if (there && matches++ == 0) {
                found = std::move(origin);
            }
            if (!alias.empty()) {
                return found;
            }
        }
        if (matches > 0) {
            return found;
        }
    }
    return std::nullopt;
}

const Outputs* Scope::query(const std::string& name) const {
    for (const Scope* scope = this; scope != nullptr; scope = scope->parent) {
        if (const auto found = scope->queries.find(name); found != scope->queries.end()) {
            return &found->second;
        }
    }
    return nullptr;
}

}  // namespace workloads::synthesis
