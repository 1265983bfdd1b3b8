// scenarios/library/demo/, as part of the program.
#pragma once

#include <span>
#include <string_view>

namespace harness {

struct DemoFile {
    std::string_view name, content;
};
[[nodiscard]] std::span<const DemoFile> demo_files();

}  // namespace harness
