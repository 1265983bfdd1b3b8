#include "reports/second_log.hpp"

#include <map>
#include <utility>

namespace reports {
namespace {

// LEB128: small numbers in one byte.
void put(std::string& out, std::uint64_t value) {
    while (value >= 0x80) {
        out.push_back(static_cast<char>(value | 0x80));
        value >>= 7;
    }
    out.push_back(static_cast<char>(value));
}

std::uint64_t get(const std::string& in, std::size_t& at) {
    std::uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        const auto byte = static_cast<unsigned char>(in[at++]);
        value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
        if ((byte & 0x80U) == 0) {
            return value;
        }
    }
}

// The same of bytes that may be anything; empty where they end or say more than 63 bits.
std::optional<std::uint64_t> get_checked(const std::string& in, std::size_t& at) {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 63 && at < in.size(); shift += 7) {
        const auto byte = static_cast<unsigned char>(in[at++]);
        value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
        if ((byte & 0x80U) == 0) {
            return value;
        }
    }
    return std::nullopt;
}

// Whether the entry at `at` is whole and may stand behind `second`; leaves `at` behind it.
bool take_entry(const std::string& in, std::size_t& at, std::uint64_t& second) {
    constexpr std::uint64_t most_seconds = 10'000'000;  // 115 days
    constexpr std::uint64_t most_calls = std::uint64_t{1} << 40;
    const auto next = get_checked(in, at), series = get_checked(in, at);
    const auto buckets = get_checked(in, at), saturated = get_checked(in, at);
    const auto max_us = get_checked(in, at);
    if (!next || !series || !buckets || !saturated || !max_us || *next < second ||
        *next > most_seconds || *series > UINT32_MAX || *saturated > most_calls ||
        *buckets > Histogram::bucket_count) {
        return false;
    }
    second = *next;
    std::uint64_t us = 0;
    for (std::uint64_t i = 0; i < *buckets; ++i) {
        const auto distance = get_checked(in, at), times = get_checked(in, at);
        if (!distance || !times || *distance > Histogram::highest_us || *times > most_calls) {
            return false;
        }
        us += *distance;
    }
    return us <= Histogram::highest_us;
}

struct Reader {
    const std::string* packed;
    std::size_t at = 0;
    std::uint32_t second = 0;  // of the entry at `at`

    [[nodiscard]] bool done() const { return at >= packed->size(); }
    void peek() {
        if (!done()) {
            std::size_t copy = at;
            second = static_cast<std::uint32_t>(get(*packed, copy));
        }
    }
};

}  // namespace

// An entry: second, series, buckets, saturated, max, then per bucket the distance of its edge from
// the last one's and its count.
void SecondLog::append(std::uint32_t second, std::uint32_t series, const Histogram& histogram) {
    std::uint64_t buckets = 0;
    histogram.for_each_bucket([&](std::int64_t, std::uint64_t) { ++buckets; });
    put(packed_, second);
    put(packed_, series);
    put(packed_, buckets);
    put(packed_, histogram.saturated());
    put(packed_, static_cast<std::uint64_t>(histogram.max_us()));
    std::int64_t last = 0;
    histogram.for_each_bucket([&](std::int64_t us, std::uint64_t times) {
        put(packed_, static_cast<std::uint64_t>(us - last));
        put(packed_, times);
        last = us;
    });
}

std::optional<SecondLog> SecondLog::unpacked(std::string packed) {
    std::uint64_t second = 0;
    for (std::size_t at = 0; at < packed.size();) {
        if (!take_entry(packed, at, second)) {
            return std::nullopt;
        }
    }
    SecondLog log;
    log.packed_ = std::move(packed);
    return log;
}

void SecondLog::for_each_entry(const std::vector<const SecondLog*>& logs, const VisitEntry& visit) {
    std::vector<Reader> readers;
    for (const auto* log : logs) {
        readers.push_back({.packed = &log->packed_});
        readers.back().peek();
    }
    std::vector<Bucket> buckets;
    for (;;) {
        std::uint32_t second = UINT32_MAX;
        for (const auto& reader : readers) {
            if (!reader.done()) {
                second = std::min(second, reader.second);
            }
        }
        if (second == UINT32_MAX) {
            return;
        }
        for (auto& reader : readers) {
            while (!reader.done() && reader.second == second) {
                const std::string& in = *reader.packed;
                get(in, reader.at);
                Entry entry{.second = second,
                            .series = static_cast<std::uint32_t>(get(in, reader.at))};
                buckets.resize(get(in, reader.at));
                entry.saturated = get(in, reader.at);
                entry.max_us = static_cast<std::int64_t>(get(in, reader.at));
                std::int64_t us = 0;
                for (auto& bucket : buckets) {
                    us += static_cast<std::int64_t>(get(in, reader.at));
                    bucket = {.edge_us = us, .times = get(in, reader.at)};
                }
                entry.buckets = buckets;
                visit(entry);
                reader.peek();
            }
        }
    }
}

void SecondLog::for_each(const std::vector<const SecondLog*>& logs, const Visit& visit) {
    std::map<std::uint32_t, Histogram> merged;
    std::uint32_t second = 0;
    const auto hand_out = [&] {
        for (const auto& [series, histogram] : merged) {
            visit(second, series, histogram);
        }
        merged.clear();
    };
    for_each_entry(logs, [&](const Entry& entry) {
        if (entry.second != second) {
            hand_out();
            second = entry.second;
        }
        auto& histogram = merged[entry.series];
        for (const auto& bucket : entry.buckets) {
            // The largest value is known exactly; the others to their bucket.
            const bool largest = &bucket == &entry.buckets.back() && entry.saturated == 0;
            histogram.record_us(largest ? entry.max_us : bucket.edge_us, bucket.times);
        }
        histogram.record_us(entry.max_us, entry.saturated);
    });
    hand_out();
}

}  // namespace reports
