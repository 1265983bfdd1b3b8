#include "harness/engines.hpp"

#include "harness/postgres/engine.hpp"

#include <array>

namespace harness {
namespace {

struct Row {
    std::array<std::string_view, 2> schemes;
    const database::Engine& engine;
};

}  // namespace

const database::Engine& engine_for(std::string_view uri) {
    static const Row rows[] = {
        {{"postgresql://", "postgres://"}, postgres::engine()},
    };
    for (const auto& row : rows) {
        for (const auto scheme : row.schemes) {
            if (uri.substr(0, scheme.size()) == scheme) {
                return row.engine;
            }
        }
    }
    return rows[0].engine;
}

}  // namespace harness
