#include "harness/command_line.hpp"

#include "harness/version.hpp"

#include <functional>
#include <iostream>
#include <map>

#include <CLI/CLI.hpp>

namespace harness {
namespace {

constexpr const char* footer =
    "Exit codes: 0 pass, 1 a gate failed, 2 usage or scenario error, 3 inconclusive,\n"
    "4 data mismatch, 5 the migration failed, 6 the harness could not do its work,\n"
    "130/143 interrupted.";

constexpr const char* db_help =
    "the database, as a libpq URI or key/value string; PG* variables, PGSERVICE and PGPASSFILE "
    "hold";

CLI::App* add_demo(CLI::App& app, DemoCommand& demo) {
    auto* command = app.add_subcommand(
        "demo", "The naive and the safe way to make the same change, on a throwaway server");
    command->add_option("--out", demo.out, "where the two runs go (new or empty)")
        ->type_name("DIR");
    command->add_option("--pg-bin", demo.server_binaries, "the folder with initdb and postgres")
        ->type_name("DIR");
    command->add_flag("--quiet", demo.quiet, "no progress");
    return command;
}

CLI::App* add_run(CLI::App& app, RunCommand& run, std::vector<std::string>& sets) {
    auto* command = app.add_subcommand("run", "Rehearse a migration");
    command->add_option("scenario", run.scenario, "the scenario file")->required();
    command->add_option("--db", run.db, db_help)->type_name("URI");
    command->add_option("--out", run.out, "the run directory (new or empty)")->type_name("DIR");
    command->add_option("--seed", run.seed, "the same seed gives the same operations");
    command
        ->add_option("--set", sets, "override one value of the scenario, e.g. workload.rate=500/s")
        ->type_name("PATH=VALUE")
        ->allow_extra_args(false);
    command
        ->add_option("--pg-bin", run.server_binaries,
                     "the folder with initdb and postgres, for a throwaway server")
        ->type_name("DIR");
    command->add_flag("--setup", run.setup, "run the setup files on a named target, too");
    command->add_flag(
        "--show-values", run.show_values,
        "show the rows that differ, and what errors quote of rows (default: left out)");
    command
        ->add_option("--baseline", run.baseline,
                     "judge against this stored run, too: a run directory or its result.json")
        ->type_name("FILE");
    command
        ->add_option("--placebo", run.placebo,
                     "what the gates are worth here and which errors of a replay are its own, for "
                     "the report: the placebo.json of `rehearse placebo`, or its folder")
        ->type_name("FILE");
    command->add_flag("--plan", run.plan, "say what would be done, and do nothing");
    command
        ->add_option("--ci", run.ci,
                     "tell a CI system in its own way: github (annotations, job summary), gitlab "
                     "(gl-code-quality.json), none (default: found from the environment)")
        ->type_name("SYSTEM")
        ->check(CLI::IsMember({"github", "gitlab", "none"}));
    command->add_flag("--json", run.json, "print result.json on stdout");
    command->add_flag("--quiet", run.quiet, "no progress");
    return command;
}

CLI::App* add_placebo(CLI::App& app, PlaceboCommand& placebo, std::vector<std::string>& sets) {
    auto* command = app.add_subcommand(
        "placebo", "Rehearse a migration that does nothing, to see what the gates are worth");
    command->add_option("scenario", placebo.scenario, "the scenario file")->required();
    command->add_option("--times", placebo.times, "how many rehearsals (default: 10)")
        ->check(CLI::Range(1U, 1'000U));
    command
        ->add_option("--during", placebo.during_s,
                     "how many seconds nothing is done for (default: 10)")
        ->check(CLI::Range(0.001, 86'400.0));
    command->add_option("--db", placebo.db, db_help)->type_name("URI");
    command->add_option("--out", placebo.out, "where placebo.json and the runs go (new or empty)")
        ->type_name("DIR");
    command->add_option("--seed", placebo.seed, "of the first rehearsal; the others count on");
    command->add_option("--set", sets, "override one value of the scenario")
        ->type_name("PATH=VALUE")
        ->allow_extra_args(false);
    command
        ->add_option("--pg-bin", placebo.server_binaries,
                     "the folder with initdb and postgres, for throwaway servers")
        ->type_name("DIR");
    command->add_flag("--setup", placebo.setup,
                      "run the setup files on a named target, too, each time");
    command->add_flag("--json", placebo.json, "print rehearse.placebo/1 on stdout");
    command->add_flag("--quiet", placebo.quiet, "no progress");
    return command;
}

constexpr const char* run_help = "a run directory, or the result.json of one";

CLI::App* add_report(CLI::App& app, ReportCommand& report) {
    auto* command = app.add_subcommand("report", "Write the reports of a stored run again");
    command->add_option("run", report.run, run_help)->type_name("RUN_DIR")->required();
    return command;
}

CLI::App* add_gate(CLI::App& app, GateCommand& gate) {
    auto* command =
        app.add_subcommand("gate", "Judge a stored run again, under its own gates or others");
    command->add_option("run", gate.run, run_help)->type_name("RUN_DIR")->required();
    command->add_option("--gates", gate.gates, "a YAML file of gates, or a scenario with some")
        ->type_name("FILE");
    command->add_option("--baseline", gate.baseline, "judge against this stored run, too")
        ->type_name("FILE");
    command->add_flag("--json", gate.json, "print the result under these gates on stdout");
    return command;
}

CLI::App* add_compare(CLI::App& app, CompareCommand& compare) {
    auto* command = app.add_subcommand(
        "compare", "Compare stored runs with others, between branches or migrations");
    command->add_option("runs", compare.runs, "the runs that are judged")
        ->type_name("RUN_DIR")
        ->required();
    command
        ->add_option("--to", compare.baselines,
                     "as many runs to compare with; pairs are made in the order given")
        ->type_name("RUN_DIR")
        ->required();
    command
        ->add_option("--gates", compare.gates,
                     "a YAML file with ratio gates (default: response.p50 1.10, response.p99 1.25)")
        ->type_name("FILE");
    command
        ->add_option("--out", compare.out,
                     "where compare.html, compare.md and compare.json go, too")
        ->type_name("DIR");
    command->add_flag("--json", compare.json, "print rehearse.compare/1 on stdout");
    return command;
}

CLI::App* add_synthesize(CLI::App& workload, SynthesizeCommand& synthesize) {
    auto* command = workload.add_subcommand(
        "synthesize",
        "A scenario's workload from pg_stat_statements of a running database; reads statistics "
        "only");
    auto* db = command->add_option("--db", synthesize.db, db_help)->type_name("URI");
    command
        ->add_option("--dsn-env", synthesize.dsn_env, "the environment variable that holds the URI")
        ->type_name("VAR")
        ->excludes(db);
    command->add_option("--scale", synthesize.scale, "of the rate there (default: 1)")
        ->check(CLI::Range(1e-6, 1e6));
    command
        ->add_option("--window", synthesize.window_s,
                     "seconds between two readings; 0: all since the last reset (default: 60)")
        ->transform(
            CLI::AsNumberWithUnit(std::map<std::string, double>{{"s", 1}, {"m", 60}, {"h", 3600}},
                                  CLI::AsNumberWithUnit::CASE_SENSITIVE))
        ->check(CLI::Range(0.0, 86'400.0));
    command->add_option("--top", synthesize.top, "so many statements at most (default: 200)")
        ->check(CLI::Range(std::size_t{1}, std::size_t{5'000}));
    command->add_flag("--keep-values", synthesize.keep_values,
                      "write the source's most common values into the file");
    command->add_option("--out", synthesize.out, "a new file (default: stdout)")->type_name("FILE");
    command->add_flag("--quiet", synthesize.quiet, "no progress");
    return command;
}

constexpr std::size_t most_jobs = 64;

CLI::App* add_checksum(CLI::App& app, ChecksumCommand& checksum) {
    auto* command =
        app.add_subcommand("checksum", "Digests of whole tables, equal for equal data; reads only");
    command->add_option("--db", checksum.db, db_help)->type_name("URI");
    command->add_option("--table", checksum.tables, "a table, as one writes it in SQL")
        ->type_name("T")
        ->required();
    command->add_option("--columns", checksum.columns, "these columns and the key's (default: all)")
        ->type_name("A,B")
        ->delimiter(',')
        ->allow_extra_args(false);
    command->add_option("--jobs", checksum.jobs, "connections that read at once (default: 2)")
        ->check(CLI::Range(std::size_t{1}, most_jobs));
    command->add_option("--seed", checksum.seed,
                        "digests are comparable under one seed (default: 0)");
    command->add_flag("--strict", checksum.strict, "1.0 and 1.00 differ");
    command->add_option("--max-rows-per-s", checksum.max_rows_per_s, "read no faster")
        ->check(CLI::PositiveNumber);
    command->add_flag("--json", checksum.json, "print rehearse.checksum/1 on stdout");
    command->add_flag("--quiet", checksum.quiet, "no progress");
    return command;
}

CLI::App* add_diff(CLI::App& app, DiffCommand& diff, std::vector<std::string>& maps) {
    auto* command = app.add_subcommand(
        "diff", "Compares two tables row by row, of one database or two; reads only");
    command->add_option("--db", diff.db, db_help)->type_name("URI");
    command->add_option("--table", diff.table, "the table, as one writes it in SQL")
        ->type_name("T")
        ->required();
    command->add_option("--to-db", diff.to_db, "where the other table is (default: --db)")
        ->type_name("URI");
    command->add_option("--to-table", diff.to_table, "the other table (default: the same name)")
        ->type_name("U");
    command
        ->add_option("--map", maps,
                     "a column's counterpart: a column of the other table or an SQL expression "
                     "over its columns, e.g. total=total_cents/100")
        ->type_name("OLD=NEW")
        ->allow_extra_args(false);
    command->add_option("--columns", diff.columns, "these columns and the key's (default: all)")
        ->type_name("A,B")
        ->delimiter(',')
        ->allow_extra_args(false);
    command->add_option("--jobs", diff.jobs, "connections that read at once (default: 2)")
        ->check(CLI::Range(std::size_t{1}, most_jobs));
    command->add_option("--seed", diff.seed, "another seed digests in another way (default: 0)");
    command->add_flag("--strict", diff.strict, "1.0 and 1.00 differ");
    command->add_option("--max-rows-per-s", diff.max_rows_per_s, "read no faster")
        ->check(CLI::PositiveNumber);
    command->add_flag("--show-values", diff.show_values, "show the rows that differ");
    command->add_flag("--json", diff.json, "print rehearse.diff/1 on stdout");
    command->add_flag("--quiet", diff.quiet, "no progress");
    return command;
}

std::optional<std::string> take_maps(const std::vector<std::string>& maps, DiffCommand& diff) {
    for (const auto& map : maps) {
        const auto equals = map.find('=');
        if (equals == 0 || equals == std::string::npos || equals + 1 == map.size()) {
            return "--map " + map + ": expected OLD=NEW, for example total=total_cents/100";
        }
        diff.maps.emplace_back(map.substr(0, equals), map.substr(equals + 1));
    }
    if (diff.to_db.empty() && diff.to_table.empty()) {
        return "diff needs --to-table or --to-db: a table equals itself";
    }
    return std::nullopt;
}

std::optional<std::string> take_overrides(const std::vector<std::string>& sets,
                                          std::vector<scenarios::Override>& overrides) {
    for (const auto& set : sets) {
        const auto equals = set.find('=');
        if (equals == 0 || equals == std::string::npos) {
            return "--set " + set + ": expected PATH=VALUE, for example workload.rate=500/s";
        }
        overrides.emplace_back(set.substr(0, equals), set.substr(equals + 1));
    }
    return std::nullopt;
}

// What the options of all commands are read into.
struct Words {
    DemoCommand demo;
    RunCommand run;
    ValidateCommand validate;
    DoctorCommand doctor;
    CleanupCommand cleanup;
    ChecksumCommand checksum;
    DiffCommand diff;
    ReportCommand report;
    GateCommand gate;
    CompareCommand compare;
    PlaceboCommand placebo;
    WorkloadInspectCommand inspect;
    WorkloadMaskCommand mask;
    SynthesizeCommand synthesize;
    std::string mark_db, unmark_db;
    std::vector<std::string> sets, maps;
};

// A command, and what its words come to: it, or what is wrong with them.
struct Choice {
    const CLI::App* app;
    std::function<std::variant<Command, std::string>()> made;
};

std::variant<Command, std::string> unless(const std::optional<std::string>& wrong,
                                          const Command& command) {
    return wrong ? std::variant<Command, std::string>{*wrong} : command;
}

void add_mask(CLI::App& workload, WorkloadMaskCommand& mask) {
    auto* command = workload.add_subcommand(
        "mask", "Write logs again with every value replaced by one of the same kind");
    command->add_option("logs", mask.logs, "PostgreSQL logs, all of one format")
        ->type_name("LOG")
        ->required();
    command->add_option("--out", mask.out, "where the masked logs go (new or empty)")
        ->type_name("DIR")
        ->required();
    command
        ->add_option("--key-env", mask.key_env,
                     "the variable that holds the key: equal values stay equal from one time to "
                     "the next (default: a random key)")
        ->type_name("VAR");
    command
        ->add_option(
            "--prefix", mask.prefix,
            "log_line_prefix of logs that are neither csvlog nor jsonlog (default: guessed)")
        ->type_name("P");
    command->add_flag("--keep-names", mask.keep_names,
                      "keep the names of users, databases, applications and hosts");
    command->add_flag("--quiet", mask.quiet, "no progress");
}

void add_workload(CLI::App& app, Words& words, std::vector<Choice>& choices) {
    auto* workload =
        app.add_subcommand("workload", "Workloads from what production logged and counted");
    workload->require_subcommand(1);
    auto* command = workload->add_subcommand(
        "inspect", "Sessions, statements, what of them can be replayed, and what the log lacks");
    auto& inspect = words.inspect;
    command->add_option("logs", inspect.logs, "PostgreSQL logs, rotated ones in any order")
        ->type_name("LOG")
        ->required();
    command
        ->add_option(
            "--prefix", inspect.prefix,
            "log_line_prefix of logs that are neither csvlog nor jsonlog (default: guessed)")
        ->type_name("P");
    command->add_option("--top", inspect.top, "statements to list (default: 20)")
        ->check(CLI::Range(std::size_t{1}, std::size_t{20'000}));
    command->add_flag("--show-values", inspect.show_values,
                      "show a statement of each sort with its values (default: masked)");
    command->add_flag("--json", inspect.json, "print rehearse.workload/1 on stdout");
    command->add_flag("--quiet", inspect.quiet, "no progress");
    choices.push_back({command, [&words] { return Command{words.inspect}; }});
    add_mask(*workload, words.mask);
    choices.push_back({workload->get_subcommand("mask"), [&words] { return Command{words.mask}; }});
    choices.push_back({add_synthesize(*workload, words.synthesize),
                       [&words] { return Command{words.synthesize}; }});
}

// Those that take hardly a word.
void add_small_ones(CLI::App& app, Words& words, std::vector<Choice>& choices) {
    auto* validate = app.add_subcommand(
        "validate", "Say every error of a scenario with line and column, and do nothing else");
    validate->add_option("scenario", words.validate.scenario, "the scenario file")->required();
    choices.push_back({validate, [&words] { return Command{words.validate}; }});
    choices.push_back(
        {app.add_subcommand("schema", "Print the scenario file's JSON Schema (draft 7)"),
         [] { return Command{SchemaCommand{}}; }});
    auto* doctor = app.add_subcommand("doctor", "Say what a target allows, and what it lacks");
    doctor->add_option("--db", words.doctor.db, db_help)->type_name("URI");
    choices.push_back({doctor, [&words] { return Command{words.doctor}; }});
    auto* guard = app.add_subcommand("guard", "Mark a database as staging, or take the mark away");
    guard->require_subcommand(1);
    auto* mark = guard->add_subcommand("mark", "Allow rehearsals on this database");
    mark->add_option("--db", words.mark_db, db_help)->type_name("URI")->required();
    choices.push_back({mark, [&words] { return Command{GuardCommand{true, words.mark_db}}; }});
    auto* unmark = guard->add_subcommand("unmark", "Allow them no longer");
    unmark->add_option("--db", words.unmark_db, db_help)->type_name("URI")->required();
    choices.push_back({unmark, [&words] { return Command{GuardCommand{false, words.unmark_db}}; }});
    auto* cleanup = app.add_subcommand("cleanup", "Remove whatever a killed run left");
    cleanup->add_option("--db", words.cleanup.db, "also in this database")->type_name("URI");
    choices.push_back({cleanup, [&words] { return Command{words.cleanup}; }});
}

// In the order of the help page.
std::vector<Choice> add_all(CLI::App& app, Words& words) {
    std::vector<Choice> choices{
        {add_demo(app, words.demo), [&words] { return Command{words.demo}; }},
        {add_run(app, words.run, words.sets),
         [&words] {
             const auto wrong = take_overrides(words.sets, words.run.overrides);
             return unless(wrong, words.run);
         }},
        {add_checksum(app, words.checksum), [&words] { return Command{words.checksum}; }},
        {add_diff(app, words.diff, words.maps),
         [&words] {
             const auto wrong = take_maps(words.maps, words.diff);
             return unless(wrong, words.diff);
         }},
        {add_report(app, words.report), [&words] { return Command{words.report}; }},
        {add_gate(app, words.gate), [&words] { return Command{words.gate}; }},
        {add_compare(app, words.compare), [&words] { return Command{words.compare}; }},
        {add_placebo(app, words.placebo, words.sets), [&words] {
             const auto wrong = take_overrides(words.sets, words.placebo.overrides);
             return unless(wrong, words.placebo);
         }}};
    add_workload(app, words, choices);
    add_small_ones(app, words, choices);
    return choices;
}

}  // namespace

std::variant<Command, int> parse_command_line(int argc, char** argv) {
    CLI::App app{
        "Rehearse: what happens to the application while a column migration runs, and is "
        "the data still right afterwards?",
        "rehearse"};
    app.require_subcommand(1);
    app.set_version_flag("--version", "rehearse " + std::string{version});
    app.footer(footer);
    Words words;
    const auto choices = add_all(app, words);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error, std::cout, std::cerr) == 0 ? 0 : 2;
    }
    for (const auto& choice : choices) {
        if (!*choice.app) {
            continue;
        }
        auto made = choice.made();
        if (const auto* wrong = std::get_if<std::string>(&made)) {
            std::cerr << "rehearse: " << *wrong << '\n';
            return 2;
        }
        return std::get<Command>(std::move(made));
    }
    return 2;  // none: CLI11 has said so
}

}  // namespace harness
