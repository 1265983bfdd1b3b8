#include "harness/recording/replay_order.hpp"

#include "workloads/conflicts/row_values.hpp"

#include <algorithm>

namespace harness::recording {
namespace {

using workloads::conflicts::Access;
using workloads::conflicts::RowAccess;
using workloads::conflicts::Rows;
using Values = RecordedStatements::Values;

const std::optional<std::string>* value_of(const Values& values, int number) {
    const auto index = static_cast<std::size_t>(number) - 1;
    return number >= 1 && index < values.size() ? &values[index] : nullptr;
}

// The canonical values of one column of the rows listed; none where one of them is not known.
std::optional<std::vector<std::string>> column_values(const Access::Part& part,
                                                      const Values& values) {
    std::vector<std::string> found;
    for (const int number : part.numbers) {
        const auto* value = value_of(values, number);
        if (value == nullptr || !*value) {
            return std::nullopt;
        }
        std::vector<std::string> each{**value};
        if (part.is_array) {
            auto all = workloads::conflicts::elements(**value);
            if (!all) {
                return std::nullopt;
            }
            each = *std::move(all);
        }
        for (const auto& one : each) {
            auto canonical = workloads::conflicts::canonical(one, part.type);
            if (!canonical) {
                return std::nullopt;
            }
            found.push_back(*std::move(canonical));
        }
    }
    return found;
}

// One for each row; for any rows where a value is not known.
void list_rows(const Access& access, const Values& values, std::vector<RowAccess>& found) {
    RowAccess one{.space = access.space, .mode = access.mode, .rows = access.rows};
    if (access.rows != Rows::listed) {
        one.row_known = false;
        found.push_back(one);
        return;
    }
    std::vector<std::vector<std::string>> columns;
    for (const auto& part : access.parts) {
        auto column = column_values(part, values);
        if (!column || (!columns.empty() && columns.front().size() != column->size())) {
            one.rows = Rows::any;
            one.row_known = false;
            found.push_back(one);
            return;
        }
        columns.push_back(*std::move(column));
    }
    for (std::size_t row = 0; row < columns.front().size(); ++row) {
        std::vector<std::string> key;
        for (const auto& column : columns) {
            key.push_back(column[row]);
        }
        one.row = workloads::conflicts::hash_of_row(key);
        found.push_back(one);
    }
}

}  // namespace

ReplayOrder recorded_order(const workloads::Recording& recording,
                           std::span<const std::uint32_t> sessions, RecordedStatements& statements,
                           const workloads::conflicts::Relations& relations,
                           const std::stop_token& stop) {
    ReplayOrder order;
    workloads::conflicts::Spaces spaces{relations};
    std::vector<workloads::conflicts::Touches> touches;
    for (const auto& form : statements.forms()) {
        touches.push_back(form.calls == 0
                              ? workloads::conflicts::Touches{}
                              : workloads::conflicts::touches_of(form.statement, relations));
        spaces.count(touches.back(), form.calls);
        for (const auto& why : touches.back().unseen) {
            order.unseen[why] += form.calls;
        }
    }
    spaces.choose();
    std::vector<std::vector<Access>> accesses;
    for (const auto& each : touches) {
        accesses.push_back(spaces.accesses(each));
    }
    Values values;
    order.commits = workloads::conflicts::commit_order(
        recording, sessions, [&](const workloads::Event& event, std::vector<RowAccess>& found) {
            if (stop.stop_requested()) {
                throw Stopped{};
            }
            const auto index = static_cast<std::size_t>(&event - recording.events.data());
            const auto form = statements.form_of(index);
            if (accesses[form].empty()) {
                return;
            }
            statements.read_values(event, statements.forms()[form], values);
            for (const auto& access : accesses[form]) {
                list_rows(access, values, found);
            }
        });
    return order;
}

}  // namespace harness::recording
