#include "workloads/mix.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace workloads {

namespace {

struct Weighted {
    OperationId id;
    double weight;
};

std::vector<Weighted> admitted(std::span<const Operation> operations, App app) {
    std::vector<Weighted> out;
    for (std::size_t i = 0; i < operations.size(); ++i) {
        if (operations[i].weight > 0 && admits(operations[i].app, app)) {
            out.push_back({static_cast<OperationId>(i), operations[i].weight});
        }
    }
    return out;
}

}  // namespace

// Vose's construction (1991): pairs what is short of an equal share with what has too much.
std::vector<Mix::Column> Mix::columns(std::span<const Operation> operations, App app) {
    std::vector<Weighted> open = admitted(operations, app);
    if (open.empty()) {
        return {};
    }
    double heaviest = 0, total = 0;
    for (const Weighted& operation : open) {
        heaviest = std::max(heaviest, operation.weight);
    }
    for (Weighted& operation : open) {
        operation.weight /= heaviest;  // so that the sum cannot overflow
        total += operation.weight;
    }
    std::vector<Weighted> poor, rich;
    for (Weighted& operation : open) {
        operation.weight *= static_cast<double>(open.size()) / total;
        (operation.weight < 1 ? poor : rich).push_back(operation);
    }
    std::vector<Column> out;
    while (!poor.empty() && !rich.empty()) {
        const Weighted small = poor.back();
        Weighted& large = rich.back();
        poor.pop_back();
        out.push_back({small.id, large.id, small.weight});
        large.weight -= 1 - small.weight;
        if (large.weight < 1) {
            poor.push_back(large);
            rich.pop_back();
        }
    }
    // What is left differs from a full share by rounding only.
    rich.insert(rich.end(), poor.begin(), poor.end());
    for (const Weighted& operation : rich) {
        out.push_back({operation.id, operation.id, 1});
    }
    return out;
}

Mix::Mix(std::span<const Operation> operations) {
    if (operations.size() > std::numeric_limits<OperationId>::max()) {
        throw std::invalid_argument{"a mix holds at most 65535 operations"};
    }
    for (const Operation& operation : operations) {
        if (!std::isfinite(operation.weight) || operation.weight < 0) {
            throw std::invalid_argument{"the weight of " + operation.name +
                                        " is not a finite number >= 0"};
        }
    }
    for (const App app : {App::old_version, App::new_version}) {
        columns_[static_cast<std::size_t>(app)] = columns(operations, app);
    }
}

bool Mix::has(App app) const noexcept {
    return !columns_[static_cast<std::size_t>(app)].empty();
}

OperationId Mix::pick(App app, std::uint64_t draw) const noexcept {
    const std::vector<Column>& columns = columns_[static_cast<std::size_t>(app)];
    // The product's upper half is the column, its lower half is again uniform and decides within
    // it.
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(draw) * columns.size();
    const Column& column = columns[static_cast<std::size_t>(product >> 64)];
    const double rest = static_cast<double>(static_cast<std::uint64_t>(product) >> 11) * 0x1.0p-53;
    return rest < column.own_share ? column.own : column.other;
}

}  // namespace workloads
