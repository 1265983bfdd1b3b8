// Which rows of which relations a statement touches, as far as its text tells.
#pragma once

#include "workloads/conflicts/relations.hpp"
#include "workloads/synthesis/statement_text.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace workloads::conflicts {

enum class Mode : std::uint8_t {
    reads,       // waits for what was written before it; nobody waits for it
    depends_on,  // reads what it writes by: what changes that later waits for it
    locks,       // keeps others from writing
    writes,
};

// Every row that is touched has one of these values in the column.
struct Pin {
    std::string column;
    std::vector<int> numbers;  // of $n; of an INSERT one for each row, in their order
    bool is_array = false;     // the value of the one $n is an array of them
};

struct Touch {
    std::size_t relation = 0;  // in Relations::catalog
    Mode mode = Mode::reads;
    std::vector<Pin> pins = {};  // no pin: it may be any row
    bool inserts = false, deletes = false;
    // Not the row: only that there is one with a value in these columns, which are a key.
    std::vector<std::string> checks = {};
    std::vector<std::string> sets = {};  // columns of rows that are there already
    std::vector<std::string> made = {};  // of an INSERT: columns that the server fills in

    [[nodiscard]] const Pin* pin(const std::string& column) const;
};

// The reason of a text of which not even the relations are known.
inline constexpr const char* unreadable_text = "a text that cannot be read";

struct Touches {
    std::vector<Touch> touches;
    // Why it may touch more than these: "function transfer". Mostly empty.
    std::vector<std::string> unseen;
};

[[nodiscard]] Touches touches_of(const synthesis::StatementText& statement,
                                 const Relations& relations);

// The functions that a statement calls by a name without a schema of the server's own.
[[nodiscard]] std::vector<std::string> functions_called_by(
    const synthesis::StatementText& statement);

}  // namespace workloads::conflicts
