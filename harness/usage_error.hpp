// What the user asked for is wrong, and nothing was touched: exit code 2.
#pragma once

#include <stdexcept>

namespace harness {

class UsageError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

}  // namespace harness
