// The command line: what may be said, and what was said.
#pragma once

#include "scenarios/scenario_file.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace harness {

struct DemoCommand {
    std::optional<std::filesystem::path> out, server_binaries;
    bool quiet = false;
};
struct RunCommand {
    std::filesystem::path scenario;
    std::string db;
    std::optional<std::filesystem::path> out, server_binaries;
    std::optional<std::uint64_t> seed;
    std::vector<scenarios::Override> overrides;
    std::string ci;  // github | gitlab | none; empty: the environment tells
    std::optional<std::filesystem::path> baseline;
    std::optional<std::filesystem::path> placebo;
    bool plan = false, json = false, quiet = false, setup = false, show_values = false;
};
struct PlaceboCommand {
    std::filesystem::path scenario;
    std::string db;
    std::optional<std::filesystem::path> out, server_binaries;
    std::optional<std::uint64_t> seed;
    std::vector<scenarios::Override> overrides;
    unsigned times = 10;
    double during_s = 10;
    bool json = false, quiet = false, setup = false;
};
struct ValidateCommand {
    std::filesystem::path scenario;
};
struct SchemaCommand {};
struct DoctorCommand {
    std::string db;
};
struct CleanupCommand {
    std::string db;  // empty: throwaway servers alone
};
struct GuardCommand {
    bool mark = true;
    std::string db;
};

struct ChecksumCommand {
    std::string db;
    std::vector<std::string> tables, columns;
    std::size_t jobs = 2;
    std::uint64_t seed = 0, max_rows_per_s = 0;
    bool strict = false, json = false, quiet = false;
};

struct DiffCommand {
    std::string db, table, to_db, to_table;                 // the last two: empty for the same
    std::vector<std::pair<std::string, std::string>> maps;  // a column, and what it became
    std::vector<std::string> columns;
    std::size_t jobs = 2;
    std::uint64_t seed = 0, max_rows_per_s = 0;
    bool strict = false, json = false, quiet = false, show_values = false;
};

struct ReportCommand {
    std::filesystem::path run;
};
struct GateCommand {
    std::filesystem::path run;
    std::optional<std::filesystem::path> gates;  // left out: those of the run
    std::optional<std::filesystem::path> baseline;
    bool json = false;
};

struct CompareCommand {
    std::vector<std::filesystem::path> runs, baselines;
    std::optional<std::filesystem::path> gates, out;
    bool json = false;
};

struct SynthesizeCommand {
    std::string db;       // or
    std::string dsn_env;  // the variable that holds it
    double scale = 1, window_s = 60;
    std::size_t top = 200;
    bool keep_values = false, quiet = false;
    std::optional<std::filesystem::path> out;  // left out: stdout
};

struct WorkloadInspectCommand {
    std::vector<std::filesystem::path> logs;
    std::optional<std::string> prefix;  // log_line_prefix of stderr logs; left out: found out
    std::size_t top = 20;
    bool json = false, quiet = false, show_values = false;
};

struct WorkloadMaskCommand {
    std::vector<std::filesystem::path> logs;
    std::optional<std::string> prefix;  // log_line_prefix of stderr logs; none: found out
    std::filesystem::path out;
    std::optional<std::string> key_env;  // the variable that holds the key; none: a random one
    bool keep_names = false, quiet = false;
};

using Command = std::variant<DemoCommand, RunCommand, ValidateCommand, SchemaCommand, DoctorCommand,
                             CleanupCommand, GuardCommand, ChecksumCommand, DiffCommand,
                             ReportCommand, GateCommand, CompareCommand, PlaceboCommand,
                             WorkloadInspectCommand, WorkloadMaskCommand, SynthesizeCommand>;

// The command, or the exit code where there is nothing more to do: 0 after --help and --version, 2
// after an error (which was printed).
[[nodiscard]] std::variant<Command, int> parse_command_line(int argc, char** argv);

}  // namespace harness
