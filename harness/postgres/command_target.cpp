#include "harness/postgres/command_target.hpp"

#include "harness/database/percent_encoding.hpp"
#include "harness/postgres/connection.hpp"

#include <map>
#include <memory>
#include <string_view>

#include <libpq-fe.h>

namespace harness::postgres {

namespace {

using database::percent_encoded;
using Options = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;

std::string uri_of(const database::CommandTarget& target,
                   const std::map<std::string, std::string>& options) {
    std::string uri = "postgresql://" + percent_encoded(target.user);
    if (!target.password.empty()) {
        uri += ":" + percent_encoded(target.password);
    }
    uri += target.user.empty() ? "" : "@";
    // A socket's folder, or several hosts: only the query part can name them.
    const bool plain =
        !target.host.empty() && target.host.find_first_of("/,@") == std::string::npos;
    if (plain) {
        const bool address = target.host.find(':') != std::string::npos;  // IPv6
        uri += (address ? "[" + target.host + "]" : target.host) + ":" + target.port;
    }
    uri += "/" + percent_encoded(target.database);
    char separator = '?';
    const auto add = [&](const char* name, const std::string& value) {
        uri += separator;
        uri += name + ("=" + percent_encoded(value));
        separator = '&';
    };
    if (!plain && !target.host.empty()) {
        add("host", target.host);
        add("port", target.port);
    }
    for (const char* name : {"sslmode", "sslrootcert", "sslcert", "sslkey"}) {
        if (const auto found = options.find(name); found != options.end()) {
            add(name, found->second);
        }
    }
    return uri;
}

}  // namespace

database::CommandTarget command_target(const std::string& conninfo) {
    char* message = nullptr;
    const Options parsed{PQconninfoParse(conninfo.c_str(), &message), &PQconninfoFree};
    PQfreemem(message);  // it may repeat a part of the password
    const Options defaults{PQconndefaults(), &PQconninfoFree};
    if (!parsed || !defaults) {
        throw InvalidTarget{"the target's connection string cannot be read"};
    }
    database::CommandTarget target;
    std::map<std::string, std::string> given;      // worth a place in the URI
    std::map<std::string, std::string> effective;  // with libpq's own defaults
    for (const auto* option = defaults.get(); option->keyword != nullptr; ++option) {
        const bool set = option->val != nullptr && *option->val != '\0';
        if (set) {
            effective[option->keyword] = option->val;
        }
    }
    for (const auto* option = parsed.get(); option->keyword != nullptr; ++option) {
        if (option->val == nullptr || *option->val == '\0') {
            continue;
        }
        given[option->keyword] = effective[option->keyword] = option->val;
    }
    if (const auto service = given.find("service"); service != given.end()) {
        // Only libpq itself can read the service file: its programs are sent there.
        target.environment = {{"PGSERVICE", service->second}};
        target.uri = "postgresql:///" + percent_encoded(given["dbname"]) +
                     "?service=" + percent_encoded(service->second);
        // Of a service's several hosts, the one that this run is on.
        for (const char* name : {"host", "hostaddr", "port"}) {
            if (const auto found = given.find(name); found != given.end()) {
                target.uri += std::string{"&"} + name + "=" + percent_encoded(found->second);
            }
        }
        target.user = given["user"];
        target.database = given["dbname"];
        target.password = effective["password"];
        target.application_variable = "PGAPPNAME";
        return target;
    }
    for (const auto* option = parsed.get(); option->keyword != nullptr; ++option) {
        const std::string_view keyword = option->keyword;
        const bool said = given.contains(option->keyword) || keyword == "host" ||
                          keyword == "port" || keyword == "user" || keyword == "dbname" ||
                          keyword == "password";
        if (!said || option->envvar == nullptr || keyword == "application_name" ||
            keyword == "service" || keyword == "connect_timeout") {
            continue;
        }
        if (const auto found = effective.find(option->keyword); found != effective.end()) {
            target.environment.emplace_back(option->envvar, found->second);
        }
    }
    target.host = effective["host"];
    target.port = effective["port"];
    target.user = effective["user"];
    target.database = effective["dbname"].empty() ? target.user : effective["dbname"];
    target.password = effective["password"];
    target.uri = uri_of(target, given);
    target.remove = {"PGSERVICE"};
    target.application_variable = "PGAPPNAME";
    return target;
}

}  // namespace harness::postgres
