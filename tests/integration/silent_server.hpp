// Takes connections and never says a word: a host behind a broken load balancer.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace tests {

class SilentServer {
public:
    SilentServer() {
        std::string name = (std::filesystem::temp_directory_path() / "silent-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) {
            throw std::runtime_error{"mkdtemp"};
        }
        folder_ = name;
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        const std::string path = folder_ + "/.s.PGSQL.5432";
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        socket_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
            listen(socket_, 100) != 0) {
            throw std::runtime_error{"cannot listen on " + path};
        }
    }
    ~SilentServer() {
        close(socket_);
        std::filesystem::remove_all(folder_);
    }
    SilentServer(const SilentServer&) = delete;
    SilentServer& operator=(const SilentServer&) = delete;

    [[nodiscard]] std::string conninfo() const {
        return "host=" + folder_ + " port=5432 user=anyone dbname=any";
    }

private:
    std::string folder_;
    int socket_ = -1;
};

}  // namespace tests
