// Statements that differ in their values alone are of one shape.
#pragma once

#include "workloads/logs/statement_scan.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace workloads::logs {

struct Shape {
    // Of the parse tree, by libpg_query, so that spaces, case, the length of IN lists and the
    // values do not matter, nor digits in the names of tables (it takes them for partitions); of
    // the masked text where the parser does not know the statement.
    std::uint64_t fingerprint = 0;
    bool parsed = false;
    StatementKind kind = StatementKind::unknown;
    std::string masked;  // of the first such text, its lists cut short; at most 1,000 bytes
};

// Distinct texts are scanned once as long as a cache of the latest 16,384 holds them, and distinct
// masked texts parsed once (the latest 100,000). Memory is bounded: beyond `most` shapes all new
// ones are the last one, "other statements".
class Shapes {
public:
    static constexpr std::size_t most = 20'000;

    Shapes();

    struct Found {
        std::uint32_t shape = 0;  // index in all()
        StatementScan scan;
        std::span<const ObjectUse> objects;  // until the next call
    };
    Found find(std::string_view text);

    // Of a statement whose text is not known.
    [[nodiscard]] std::uint32_t unknown() const noexcept { return 0; }

    [[nodiscard]] const std::vector<Shape>& all() const noexcept { return shapes_; }
    [[nodiscard]] bool overflowed() const noexcept { return shapes_.size() > most; }
    [[nodiscard]] std::uint64_t parses() const noexcept { return parses_; }

private:
    struct Hasher {
        std::size_t operator()(const TextHash& hash) const noexcept { return hash.low; }
    };
    struct Cached {
        TextHash text;
        std::uint32_t shape = 0;
        StatementScan scan;
        bool used = false;
    };

    std::uint32_t shape_of(std::string_view text, const StatementScan& scan);
    std::uint32_t add(std::string_view text, const StatementScan& scan);

    StatementScanner scanner_;
    std::vector<Shape> shapes_;
    std::vector<Cached> texts_;
    std::unordered_map<TextHash, std::uint32_t, Hasher> masked_;
    std::unordered_map<std::uint64_t, std::uint32_t> fingerprints_;
    std::uint64_t parses_ = 0;
};

}  // namespace workloads::logs
