#include "checksum/digest.hpp"

namespace checksum {

std::string hex(Digest digest) {
    constexpr char digits[] = "0123456789abcdef";
    std::string text(32, '0');
    Wide rest = digest.wide();
    for (auto place = text.rbegin(); place != text.rend(); ++place) {
        *place = digits[static_cast<unsigned>(rest & 15)];
        rest >>= 4;
    }
    return text;
}

}  // namespace checksum
