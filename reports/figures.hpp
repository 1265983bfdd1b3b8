// Figures as a reader wants them: a unit that fits, three significant digits, thousands set apart.
// The decimal point is a point in every locale. What is not a finite number is "n/a".
#pragma once

#include <cstdint>
#include <string>

namespace reports {

[[nodiscard]] std::string ms_text(double ms);  // 0.42 ms | 41.3 ms | 412 ms | 8.43 s | 2 min 5 s
[[nodiscard]] std::string seconds_text(double s);           // the same from seconds
[[nodiscard]] std::string count_text(std::uint64_t count);  // 1,234,567
[[nodiscard]] std::string rate_text(double per_second);     // 1,998/s | 3.4/s
[[nodiscard]] std::string bytes_text(std::int64_t bytes);   // 512 B | 1.2 MB (powers of 1024)
[[nodiscard]] std::string decimal_text(double value, int decimals);  // 1.25 | 3.0

// "1 call", "3 calls".
[[nodiscard]] std::string counted(std::uint64_t count, const char* one, const char* many);

}  // namespace reports
