// Writes pgoutput's messages, as the server does.
#pragma once

#include "tests/unit/harness/postgres/field_bytes.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace tests {

struct RelationColumn {
    std::string name;
    std::uint32_t type = 25;
    bool key = false;
};

inline std::string zero_ended(const std::string& text) {
    return text + '\0';
}

inline std::string begin_message(std::uint64_t position, std::uint32_t transaction) {
    return "B" + be<std::uint64_t>(position) + be<std::int64_t>(0) + be<std::uint32_t>(transaction);
}
inline std::string commit_message(std::uint64_t position, std::uint64_t end) {
    return "C" + std::string(1, '\0') + be<std::uint64_t>(position) + be<std::uint64_t>(end) +
           be<std::int64_t>(0);
}
inline std::string relation_message(std::uint32_t oid, const std::string& name,
                                    const std::vector<RelationColumn>& columns) {
    std::string message = "R" + be<std::uint32_t>(oid) + zero_ended("public") + zero_ended(name) +
                          "d" + be<std::int16_t>(static_cast<std::int16_t>(columns.size()));
    for (const auto& column : columns) {
        message += std::string(1, column.key ? '\1' : '\0') + zero_ended(column.name) +
                   be<std::uint32_t>(column.type) + be<std::int32_t>(-1);
    }
    return message;
}

inline std::string binary(const std::string& bytes) {
    return "b" + sized(bytes);
}
inline std::string textual(const std::string& bytes) {
    return "t" + sized(bytes);
}
inline std::string int4(std::int32_t value) {
    return binary(be<std::int32_t>(value));
}
inline const std::string null_field = "n";
inline const std::string unchanged_field = "u";

inline std::string tuple(const std::vector<std::string>& fields) {
    std::string bytes = be<std::int16_t>(static_cast<std::int16_t>(fields.size()));
    for (const auto& field : fields) {
        bytes += field;
    }
    return bytes;
}

inline std::string insert_message(std::uint32_t oid, const std::vector<std::string>& row) {
    return "I" + be<std::uint32_t>(oid) + "N" + tuple(row);
}
// `image`: K or O.
inline std::string update_message(std::uint32_t oid, char image,
                                  const std::vector<std::string>& old,
                                  const std::vector<std::string>& row) {
    return "U" + be<std::uint32_t>(oid) + image + tuple(old) + "N" + tuple(row);
}
inline std::string update_message(std::uint32_t oid, const std::vector<std::string>& row) {
    return "U" + be<std::uint32_t>(oid) + "N" + tuple(row);
}
inline std::string delete_message(std::uint32_t oid, char image,
                                  const std::vector<std::string>& old) {
    return "D" + be<std::uint32_t>(oid) + image + tuple(old);
}
inline std::string truncate_message(const std::vector<std::uint32_t>& oids) {
    std::string message = "T" + be<std::int32_t>(static_cast<std::int32_t>(oids.size())) + '\0';
    for (const auto oid : oids) {
        message += be<std::uint32_t>(oid);
    }
    return message;
}
inline std::string logical_message(bool transactional, const std::string& prefix,
                                   const std::string& content) {
    return "M" + std::string(1, transactional ? '\1' : '\0') + be<std::uint64_t>(77) +
           zero_ended(prefix) + sized(content);
}

}  // namespace tests
