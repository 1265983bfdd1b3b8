// What of a verified table is followed in the change stream, and which changes of it are whose.
// Decides; reads nothing.
#pragma once

#include "harness/verification/ledger_writing.hpp"
#include "harness/verification/may_change.hpp"
#include "harness/verification/proof_plan.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace harness::verification {

// The columns of the first scan (before) and of the second one (after): there also those that are
// declared as added, of which `only_valued` takes those with an expression.
[[nodiscard]] checksum::RecordOptions columns_before(const BeforePlan& plan,
                                                     std::span<const database::TableColumn> columns,
                                                     bool followed);
enum class Added : std::uint8_t { all, with_an_expression };
[[nodiscard]] checksum::RecordOptions columns_after(const checksum::RecordOptions& before,
                                                    const scenarios::VerifiedTable& table,
                                                    Added added);

// `columns`: as the first scan reads them.
[[nodiscard]] std::vector<FollowedColumn> columns_in_stream(
    const checksum::RecordOptions& ledger, const database::TableShape& before,
    std::span<const database::TableColumn> columns, const scenarios::VerifiedTable& table);

// An operation by what its statements can do to the table.
[[nodiscard]] checksum::ChangeSource change_source(std::string operation, const MayChange& writes,
                                                   const checksum::RecordOptions& ledger,
                                                   const scenarios::VerifiedTable& table);

// Why an operation's transactions cannot say whose they are: "operation pay runs a statement of
// kind CallStmt"; empty: they can.
[[nodiscard]] std::optional<std::string> untaggable(const std::string& operation,
                                                    const scenarios::WriteEffects& effects);

// Why the changes of a table cannot tell which of its rows they are of; empty: they can.
[[nodiscard]] std::optional<std::string> untold_key(const database::TableShape& before,
                                                    const scenarios::VerifiedTable& table);

}  // namespace harness::verification
