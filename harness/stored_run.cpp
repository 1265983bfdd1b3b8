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

// A file, or the one of this name in a folder. `missing`: what is said of a folder without it.
fs::path file_in(const fs::path& path, const char* name, const char* missing) {
    std::error_code ignored;
    if (!fs::is_directory(path, ignored)) {
        return path;
    }
    if (!fs::exists(path / name, ignored)) {
        throw UsageError{path.string() + missing};
    }
    return path / name;
}

// What `read` makes of the file's text.
template <typename Read>
auto contents_of(const fs::path& file, Read&& read) {
    const auto text = scenarios::read_text_file(file, most_bytes);
    if (const auto* error = std::get_if<scenarios::FileError>(&text)) {
        throw UsageError{file.string() + " " + error->message};
    }
    auto contents = read(std::get<std::string>(text));
    if (const auto* wrong = std::get_if<std::string>(&contents)) {
        throw UsageError{file.string() + ": " + *wrong};
    }
    return std::get<0>(std::move(contents));
}

}  // namespace

StoredRun read_stored_run(const fs::path& path) {
    const auto file = file_in(path, "result.json",
                              " is no run directory: it holds no result.json, which is written "
                              "when a rehearsal is over");
    auto record = contents_of(file, reports::read_json);
    const auto folder = file.parent_path();
    return {path.string(), folder.empty() ? fs::path{"."} : folder, std::move(record)};
}

reports::PlaceboResult read_stored_placebo(const fs::path& path) {
    return contents_of(file_in(path, "placebo.json",
                               " holds no placebo.json, which is written when `rehearse placebo` "
                               "is over"),
                       reports::read_placebo);
}

}  // namespace harness
