#include "harness/migration/setup.hpp"

#include "harness/migration/cancel_watch.hpp"
#include "harness/migration/migration_hooks.hpp"
#include "harness/migration/statement_splitter.hpp"
#include "harness/migration/step_context.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace harness::migration {

namespace {

constexpr std::size_t chunk_bytes = std::size_t{1} << 20U;
// A dump's millions of INSERTs would each wait for the disk (6 ms here): this many commit together.
constexpr int batch_inserts = 1000;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

// The line of the statement's n-th character (from 1), which is how a server names a place.
int line_of(const Statement& statement, std::size_t character) {
    int line = statement.line;
    std::size_t at = 0;
    for (const char c : statement.sql) {
        at += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1 : 0;
        if (at >= character) {
            break;
        }
        line += c == '\n' ? 1 : 0;
    }
    return line;
}

class SetupFile {
public:
    SetupFile(database::Control& control, std::filesystem::path file, const SetupOptions& options)
        : control_{control}, file_{std::move(file)}, options_{options} {}

    std::optional<SetupError> run();

private:
    std::optional<SetupError> run_all(std::vector<Statement>& statements);
    std::optional<SetupError> run_statement(const Statement& statement);
    std::optional<SetupError> join_batch(const Statement& statement);
    std::optional<SetupError> end_batch();
    [[nodiscard]] SetupError error(int line, std::string message) const {
        return {file_, line, std::move(message)};
    }

    database::Control& control_;
    std::filesystem::path file_;
    const SetupOptions& options_;
    std::optional<int> transaction_line_;  // where the open transaction begins
    std::int64_t statements_ = 0;
    int batch_ = 0;       // inserts in the transaction that is open for them
    int batch_line_ = 0;  // of its first one
};

std::optional<SetupError> SetupFile::run() {
    std::ifstream input{file_, std::ios::binary};
    if (!input) {
        return error(0, std::string{"cannot be opened: "} + std::strerror(errno));  // NOLINT
    }
    const auto start = Clock::now();
    StatementSplitter splitter;
    std::vector<Statement> statements;
    std::string chunk(chunk_bytes, '\0');
    for (bool first = true; input; first = false) {
        input.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
        std::string_view bytes{chunk.data(), static_cast<std::size_t>(input.gcount())};
        if (first && bytes.starts_with(byte_order_mark)) {
            bytes.remove_prefix(byte_order_mark.size());
        }
        splitter.feed(bytes, statements);
        if (auto failed = run_all(statements)) {
            return failed;
        }
        if (splitter.refused()) {
            break;
        }
    }
    if (input.bad()) {
        return error(0, "cannot be read to its end");
    }
    const std::string open = splitter.finish(statements);
    if (auto failed = run_all(statements)) {
        return failed;
    }
    if (auto failed = end_batch()) {
        return failed;
    }
    if (const auto& refused = splitter.refused()) {
        return error(refused->line, refused->sql +
                                        " is not supported here: setup files are plain SQL"
                                        " (a dump: pg_dump --inserts)");
    }
    if (!open.empty()) {
        return error(0, open);
    }
    if (transaction_line_) {
        return error(*transaction_line_,
                     "the transaction that begins here is never committed: what it did is lost");
    }
    if (options_.log) {
        const auto seconds = std::chrono::duration<double>(Clock::now() - start).count();
        options_.log(log_line("setup", file_.string() + ": " + std::to_string(statements_) +
                                           " statements in " + std::to_string(seconds) + " s"));
    }
    return std::nullopt;
}

std::optional<SetupError> SetupFile::run_all(std::vector<Statement>& statements) {
    for (const auto& statement : statements) {
        if (auto failed = run_statement(statement)) {
            return failed;
        }
    }
    statements.clear();
    return std::nullopt;
}

std::optional<SetupError> SetupFile::run_statement(const Statement& statement) {
    if (options_.interruption != nullptr && options_.interruption->stop_requested()) {
        return error(statement.line, "interrupted");
    }
    if (copies_from_stdin(statement.sql)) {
        return error(statement.line,
                     "COPY ... FROM STDIN is not supported in setup files: use INSERT"
                     " (pg_dump --inserts), INSERT ... SELECT generate_series(...), or COPY from a"
                     " file that the server can read");
    }
    if (auto failed = join_batch(statement)) {
        return failed;
    }
    const auto outcome = control_.execute(statement.sql);
    ++statements_;
    if (!outcome.ok()) {
        const auto& cause = *outcome.error;
        return error(cause.position ? line_of(statement, *cause.position) : statement.line,
                     cause.text() + "\n  in: " + shortened(statement.sql));
    }
    const auto control = transaction_control(statement.sql);
    if (control == TransactionControl::begin) {
        transaction_line_ = statement.line;
    } else if (control == TransactionControl::end) {
        transaction_line_.reset();
    }
    return std::nullopt;
}

// Opens, keeps or ends the transaction of the inserts before this statement runs.
std::optional<SetupError> SetupFile::join_batch(const Statement& statement) {
    const auto words = first_words(statement.sql, 1);
    const bool joins = !transaction_line_ && !words.empty() && words.front() == "INSERT";
    if (!joins || batch_ >= batch_inserts) {
        if (auto failed = end_batch()) {
            return failed;
        }
    }
    if (!joins) {
        return std::nullopt;
    }
    if (batch_++ == 0) {
        batch_line_ = statement.line;
        const auto begun = control_.execute("BEGIN");
        if (!begun.ok()) {
            return error(statement.line, begun.error->text());
        }
    }
    return std::nullopt;
}

std::optional<SetupError> SetupFile::end_batch() {
    if (batch_ == 0) {
        return std::nullopt;
    }
    const auto committed = control_.execute("COMMIT");
    const int line = batch_line_;
    batch_ = 0;
    if (!committed.ok()) {
        return error(line,
                     "the inserts that begin here cannot be committed: " + committed.error->text());
    }
    return std::nullopt;
}

}  // namespace

std::string SetupError::text() const {
    return file.string() + ":" + (line > 0 ? std::to_string(line) + ":" : "") + " " + message;
}

std::optional<SetupError> run_setup(database::Control& control,
                                    const std::vector<std::filesystem::path>& files,
                                    const SetupOptions& options) {
    control.set_statement_timeout(std::chrono::milliseconds{0});
    control.set_lock_timeout(default_lock_timeout);
    // Setup statements may take minutes (INSERT ... SELECT generate_series): Ctrl-C ends them too.
    static const Interruption never;
    const CancelWatch watch{control,
                            options.interruption != nullptr ? *options.interruption : never,
                            Interruption::Level::finish_step};
    for (const auto& file : files) {
        auto failed = SetupFile{control, file, options}.run();
        if (failed) {
            control.execute("ROLLBACK");  // where the file had begun a transaction; else a warning
            if (options.log) {
                options.log(log_line("setup", shortened(failed->text())));
            }
            return failed;
        }
    }
    return std::nullopt;
}

}  // namespace harness::migration
