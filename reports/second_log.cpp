#include "reports/second_log.hpp"

#include <map>

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

void SecondLog::for_each(const std::vector<const SecondLog*>& logs, const Visit& visit) {
    std::vector<Reader> readers;
    for (const auto* log : logs) {
        readers.push_back({.packed = &log->packed_});
        readers.back().peek();
    }
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
        std::map<std::uint32_t, Histogram> merged;
        for (auto& reader : readers) {
            while (!reader.done() && reader.second == second) {
                const std::string& in = *reader.packed;
                get(in, reader.at);
                auto& histogram = merged[static_cast<std::uint32_t>(get(in, reader.at))];
                const std::uint64_t buckets = get(in, reader.at);
                const std::uint64_t saturated = get(in, reader.at);
                const auto max_us = static_cast<std::int64_t>(get(in, reader.at));
                std::int64_t us = 0;
                for (std::uint64_t i = 0; i < buckets; ++i) {
                    us += static_cast<std::int64_t>(get(in, reader.at));
                    const std::uint64_t times = get(in, reader.at);
                    // The largest value is known exactly; the others to their bucket.
                    const bool last = i + 1 == buckets && saturated == 0;
                    histogram.record_us(last ? max_us : us, times);
                }
                histogram.record_us(max_us, saturated);
                reader.peek();
            }
        }
        for (const auto& [series, histogram] : merged) {
            visit(second, series, histogram);
        }
    }
}

void SecondLog::for_each_value(const VisitValues& visit) const {
    for (std::size_t at = 0; at < packed_.size();) {
        const auto second = static_cast<std::uint32_t>(get(packed_, at));
        const auto series = static_cast<std::uint32_t>(get(packed_, at));
        const std::uint64_t buckets = get(packed_, at);
        const std::uint64_t saturated = get(packed_, at);
        const auto max_us = static_cast<std::int64_t>(get(packed_, at));
        std::int64_t us = 0;
        for (std::uint64_t i = 0; i < buckets; ++i) {
            us += static_cast<std::int64_t>(get(packed_, at));
            const std::uint64_t times = get(packed_, at);
            visit(second, series, i + 1 == buckets && saturated == 0 ? max_us : us, times);
        }
        if (saturated > 0) {
            visit(second, series, max_us, saturated);
        }
    }
}

}  // namespace reports
