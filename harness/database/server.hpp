// A throwaway server: private, on a Unix socket only, gone at the end.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace harness::database {

struct ThrowawayOptions {
    std::optional<int> major_version;
    std::optional<std::filesystem::path> binaries;  // --pg-bin
    std::map<std::string, std::string> settings;    // on top of the harness's own
    int connections = 100;                          // how many sessions it must hold
};

class ThrowawayServer {
public:
    virtual ~ThrowawayServer() = default;  // stops it and removes its folder
    [[nodiscard]] virtual std::string uri() const = 0;
    [[nodiscard]] virtual std::string version() const = 0;
};

}  // namespace harness::database
