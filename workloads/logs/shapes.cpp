#include "workloads/logs/shapes.hpp"

#include <optional>

extern "C" {
#include <pg_query.h>
}

namespace workloads::logs {
namespace {

constexpr std::size_t cached_texts = 16'384;  // a power of two
constexpr std::size_t cached_masks = 100'000;
constexpr std::size_t longest_shown = 1'000;
// Longer ones are told apart by their masked text: the parser takes about a hundred times their
// size.
constexpr std::size_t longest_parsed = 256 * 1024;

std::optional<std::uint64_t> fingerprint_of(std::string_view text) {
    if (text.size() > longest_parsed || text.find('\0') != std::string_view::npos) {
        return std::nullopt;
    }
    struct Free {
        PgQueryFingerprintResult result;
        ~Free() { pg_query_free_fingerprint_result(result); }
    } const guard{pg_query_fingerprint(std::string{text}.c_str())};
    if (guard.result.error != nullptr) {
        return std::nullopt;
    }
    return guard.result.fingerprint;
}

// At most `most` bytes, never half a character.
std::string_view clipped(std::string_view text, std::size_t most) {
    if (text.size() <= most) {
        return text;
    }
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U) {
        --most;
    }
    return text.substr(0, most);
}

}  // namespace

Shapes::Shapes() : shapes_{{0, false, StatementKind::unknown, "(text not logged)"}} {
    texts_.resize(cached_texts);
}

Shapes::Found Shapes::find(std::string_view text) {
    const auto hash = hash_of(text);
    auto& cached = texts_[hash.low & (cached_texts - 1)];
    if (cached.used && cached.text == hash) {
        return {cached.shape, cached.scan, {}};
    }
    const auto scan = scanner_.scan(text);
    const auto shape = shape_of(text, scan);
    if (scanner_.objects().empty()) {  // the cache does not hold names
        cached = {hash, shape, scan, true};
    }
    return {shape, scan, scanner_.objects()};
}

std::uint32_t Shapes::shape_of(std::string_view text, const StatementScan& scan) {
    if (const auto found = masked_.find(scan.masked_hash); found != masked_.end()) {
        return found->second;
    }
    if (masked_.size() >= cached_masks) {
        masked_.clear();
    }
    const auto shape = add(text, scan);
    masked_.emplace(scan.masked_hash, shape);
    return shape;
}

std::uint32_t Shapes::add(std::string_view text, const StatementScan& scan) {
    ++parses_;
    const auto parsed = fingerprint_of(text);
    const auto fingerprint =
        parsed.value_or(scan.masked_hash.low ^ (scan.masked_hash.high * 0x9e3779b97f4a7c15U));
    if (const auto found = fingerprints_.find(fingerprint); found != fingerprints_.end()) {
        return found->second;
    }
    if (shapes_.size() >= most) {
        if (shapes_.size() == most) {
            shapes_.push_back({0, false, StatementKind::unknown, "(other statements)"});
        }
        return static_cast<std::uint32_t>(most);
    }
    auto masked = with_short_lists(scanner_.masked());
    while (!masked.empty() && (masked.back() == ';' || masked.back() == ' ')) {
        masked.pop_back();
    }
    shapes_.push_back(
        {fingerprint, parsed.has_value(), scan.kind, std::string{clipped(masked, longest_shown)}});
    const auto shape = static_cast<std::uint32_t>(shapes_.size() - 1);
    fingerprints_.emplace(fingerprint, shape);
    return shape;
}

}  // namespace workloads::logs
