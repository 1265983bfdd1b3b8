// Names what is no log of PostgreSQL's, so that a refusal can say what was given instead.
#pragma once

#include <string>
#include <string_view>

namespace workloads::logs {

// "this is a MySQL slow log: ..."; never empty. Looks at the first 64 kB.
[[nodiscard]] std::string what_is_it(std::string_view file);

// Why a file's bytes are no text at all, empty where they are: compressed, UTF-16, binary.
[[nodiscard]] std::string why_no_text(std::string_view file);

}  // namespace workloads::logs
