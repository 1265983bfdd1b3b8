#include "harness/answer.hpp"

#include "reports/text.hpp"
#include "reports/verdict.hpp"

#include <algorithm>
#include <iostream>

namespace harness {

int give(const std::string& answer, int exit_code) {
    std::cout << answer << std::flush;
    if (!std::cout) {
        std::cerr << "rehearse: stdout cannot be written\n";
        return std::max(exit_code, reports::exit_codes::harness_failed);
    }
    return exit_code;
}

int complain(const std::vector<scenarios::Error>& errors) {
    for (const auto& error : errors) {
        std::cerr << reports::many_lines(error.text()) << '\n';
    }
    return reports::exit_codes::usage;
}

int complain(std::string_view what, int exit_code) {
    std::cerr << "rehearse: " << reports::many_lines(what) << '\n';
    return exit_code;
}

}  // namespace harness
