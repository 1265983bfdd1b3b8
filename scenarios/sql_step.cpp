#include "scenarios/sql_step.hpp"

#include "scenarios/fields.hpp"
#include "scenarios/text_file.hpp"
#include "scenarios/text_place.hpp"

#include <functional>

namespace scenarios {
namespace {

// Tells of an error at a byte of the SQL text.
using Tell = std::function<void(std::size_t offset, const std::string& message)>;

void check_one_transaction(const std::vector<SqlStatement>& statements, const Tell& tell) {
    for (const auto& statement : statements) {
        const auto text = shown(statement.text);
        if (statement.role == TransactionRole::not_inside) {
            tell(statement.offset, text +
                                       " cannot run inside a transaction block; write "
                                       "`transaction: false` in this step");
        } else if (statement.role != TransactionRole::ordinary) {
            tell(statement.offset, text +
                                       " stands in a step that is one transaction already; remove "
                                       "it, or write `transaction: false` in this step");
        }
    }
}

// With `transaction: false` the text has its transactions in its own hand.
void check_own_transactions(const std::vector<SqlStatement>& statements, const Tell& tell) {
    const SqlStatement* open = nullptr;
    for (const auto& statement : statements) {
        if (statement.role == TransactionRole::begins) {
            open = &statement;
        } else if (statement.role == TransactionRole::ends) {
            open = nullptr;
        } else if (statement.role == TransactionRole::not_inside && open != nullptr) {
            tell(statement.offset, shown(statement.text) +
                                       " cannot run inside a transaction block, and one is begun "
                                       "before it");
        }
    }
    if (open != nullptr) {
        tell(open->offset,
             "this transaction is begun and never ended: its locks would be held "
             "until the step's connection closes; add COMMIT");
    }
}

// `place_at`: of a byte of the SQL text, asked in order; empty: nobody knows.
void split_into(SqlStep& step, const std::function<Place(std::size_t)>& place_at, const Tell& tell,
                const Tell& tell_doubt) {
    auto split = split_sql(step.sql);
    if (const auto* error = std::get_if<SqlError>(&split)) {
        return tell(error->offset, error->message);
    }
    auto& text = std::get<SqlText>(split);
    if (step.transaction) {
        check_one_transaction(text.statements, tell);
    } else {
        check_own_transactions(text.statements, tell);
    }
    if (text.doubt) {
        tell_doubt(text.doubt->offset, text.doubt->message);
    }
    for (auto& statement : text.statements) {
        if (place_at) {
            step.statement_places.push_back(place_at(statement.offset));
        }
        step.statements.push_back(std::move(statement.text));
    }
}

void read_file(const Reading& reading, const Node& name, SqlStep& step) {
    const auto file = (reading.folder / name.text).lexically_normal();
    step.file = file;
    auto contents = read_text_file(file, most_step_file_bytes);
    if (const auto* error = std::get_if<FileError>(&contents)) {
        return reading.error(name, "the file " + shown(file.string()) + " " + error->message);
    }
    step.sql = without_byte_order_mark(std::get<std::string>(contents));
    const Tell tell = [&](std::size_t offset, const std::string& message) {
        reading.errors.add_in(file, place_in(step.sql, offset), message);
    };
    const auto bad = first_byte_that_is_not_utf8(step.sql);
    if (bad != std::string::npos) {
        return tell(bad, "not UTF-8 text; save the file as UTF-8");
    }
    PlaceCursor places{step.sql};
    split_into(
        step, [&](std::size_t offset) { return places.at(offset); }, tell,
        [&](std::size_t offset, const std::string& message) {
            reading.errors.add_doubt_in(file, place_in(step.sql, offset), message);
        });
}

void read_inline(const Reading& reading, const Node& sql, SqlStep& step) {
    step.sql = sql.text;
    ScalarCursor bytes{reading.document.source, sql.offset, sql.text};
    PlaceCursor places{reading.document.source};
    std::function<Place(std::size_t)> place_at;
    if (sql.origin.set_by.empty()) {
        place_at = [&](std::size_t offset) { return places.at(bytes.at(offset)); };
    }
    split_into(
        step, place_at,
        [&](std::size_t offset, const std::string& message) {
            reading.error_in(sql, offset, message);
        },
        [&](std::size_t offset, const std::string& message) {
            reading.doubt_in(sql, {offset, message});
        });
}

}  // namespace

SqlStep read_sql_step(const Reading& reading, const Node& node, Retries retries) {
    const Fields fields{&node};
    SqlStep step;
    step.transaction = fields.flag("transaction", step.transaction);
    step.lock_timeout = fields.duration("lock_timeout", step.lock_timeout);
    step.statement_timeout = fields.duration("statement_timeout", step.statement_timeout);
    step.retries = retries;
    if (const auto* file = fields.find("file")) {
        read_file(reading, *file, step);
    } else if (const auto* sql = fields.find("sql")) {
        read_inline(reading, *sql, step);
    }
    return step;
}

void check_single_statement(const Reading& reading, const Node& sql) {
    const auto split = split_sql(sql.text);
    if (const auto* error = std::get_if<SqlError>(&split)) {
        return reading.error_in(sql, error->offset, error->message);
    }
    const auto& [statements, doubt] = std::get<SqlText>(split);
    if (doubt) {
        reading.doubt_in(sql, *doubt);
    }
    if (statements.size() > 1) {
        reading.error_in(sql, statements[1].offset, "only one statement may stand here");
    }
    const auto role = statements.front().role;
    if (role == TransactionRole::begins || role == TransactionRole::ends) {
        reading.error_in(sql, statements.front().offset,
                         shown(statements.front().text) + " alone does nothing here");
    }
}

}  // namespace scenarios
