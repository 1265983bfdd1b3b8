#include "harness/stored_run.hpp"

#include "harness/usage_error.hpp"
#include "reports/read_json.hpp"
#include "scenarios/text_file.hpp"

#include <string>
#include <variant>

namespace harness {
namespace {

namespace fs = std::filesystem;

// An hour of a hundred operations takes some 20 MB.
constexpr std::size_t most_bytes = 200'000'000;

}  // namespace

StoredRun read_stored_run(const fs::path& path) {
    std::error_code ignored;
    const bool is_folder = fs::is_directory(path, ignored);
    const auto file = is_folder ? path / "result.json" : path;
    if (is_folder && !fs::exists(file, ignored)) {
        throw UsageError{path.string() +
                         " is no run directory: it holds no result.json, which is written when a "
                         "rehearsal is over"};
    }
    const auto text = scenarios::read_text_file(file, most_bytes);
    if (const auto* error = std::get_if<scenarios::FileError>(&text)) {
        throw UsageError{file.string() + " " + error->message};
    }
    auto read = reports::read_json(std::get<std::string>(text));
    if (const auto* wrong = std::get_if<std::string>(&read)) {
        throw UsageError{file.string() + ": " + *wrong};
    }
    const auto folder = file.parent_path();
    return {path.string(), folder.empty() ? fs::path{"."} : folder,
            std::get<reports::Record>(std::move(read))};
}

}  // namespace harness
