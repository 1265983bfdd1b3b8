#include "checksum/progress.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace checksum {
namespace {

constexpr std::chrono::milliseconds burst{100};
// Statistics are estimates: more may be left than they say.
constexpr double most_done = 0.999;

double share(std::uint64_t part, std::uint64_t whole) noexcept {
    return whole == 0 ? most_done
                      : std::min(most_done, static_cast<double>(part) / static_cast<double>(whole));
}

}  // namespace

Progress::Progress(Moment start, std::optional<std::uint64_t> total_rows,
                   std::optional<std::uint64_t> total_bytes)
    : total_rows_{total_rows}, total_bytes_{total_bytes} {
    samples_[0].at = start;
}

void Progress::update(Moment now, std::uint64_t rows, std::uint64_t bytes) {
    const Sample before = newest();
    const Sample sample{std::max(now, before.at), std::max(rows, before.rows),
                        std::max(bytes, before.bytes)};
    // The newest sample moves along until it is far enough from the one before it.
    if (count_ < 2 || sample.at - samples_[(count_ - 2) % kept].at >= spacing) {
        ++count_;
    }
    samples_[(count_ - 1) % kept] = sample;
}

double Progress::seconds() const noexcept {
    return std::chrono::duration<double>(newest().at - oldest().at).count();
}

double Progress::rows_per_s() const noexcept {
    return seconds() > 0 ? static_cast<double>(newest().rows - oldest().rows) / seconds() : 0;
}

double Progress::bytes_per_s() const noexcept {
    return seconds() > 0 ? static_cast<double>(newest().bytes - oldest().bytes) / seconds() : 0;
}

std::optional<double> Progress::done() const noexcept {
    if (total_bytes_) {
        return share(bytes(), *total_bytes_);
    }
    if (total_rows_) {
        return share(rows(), *total_rows_);
    }
    return std::nullopt;
}

std::optional<std::chrono::seconds> Progress::remaining() const noexcept {
    const double rate = total_bytes_ ? bytes_per_s() : rows_per_s();
    if ((!total_bytes_ && !total_rows_) || rate <= 0) {
        return std::nullopt;
    }
    const std::uint64_t total = total_bytes_ ? *total_bytes_ : *total_rows_;
    const std::uint64_t so_far = total_bytes_ ? bytes() : rows();
    const std::uint64_t left = total > so_far ? total - so_far : 0;
    // A century is as good as never, and converts.
    const double seconds_left = std::min(static_cast<double>(left) / rate, 3.2e9);
    return std::chrono::seconds{std::llround(seconds_left)};
}

RateLimit::RateLimit(std::uint64_t max_rows_per_s, Moment start)
    : max_rows_per_s_{max_rows_per_s}, paid_until_{start - burst} {
    if (max_rows_per_s == 0) {
        throw std::invalid_argument{"a rate limit of 0 rows a second would never end"};
    }
}

std::chrono::nanoseconds RateLimit::took(std::uint64_t rows, Moment now) {
    const auto cost = std::chrono::duration<double>(static_cast<double>(rows) /
                                                    static_cast<double>(max_rows_per_s_));
    // Time that went unused is not saved up beyond one burst.
    paid_until_ =
        std::max(paid_until_, now - burst) + std::chrono::duration_cast<Moment::duration>(cost);
    return std::max(std::chrono::nanoseconds{0}, std::chrono::nanoseconds{paid_until_ - now});
}

}  // namespace checksum
