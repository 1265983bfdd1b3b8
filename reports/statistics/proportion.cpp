#include "reports/statistics/proportion.hpp"

#include <stdexcept>

#include <boost/math/special_functions/beta.hpp>

namespace reports::statistics {

namespace {

void check(std::uint64_t hits, std::uint64_t trials, double confidence) {
    if (hits > trials || !(confidence > 0 && confidence < 1)) {
        throw std::invalid_argument{
            "A share needs at most as many hits as trials, and a confidence between 0 and 1."};
    }
}

}  // namespace

double share_upper_bound(std::uint64_t hits, std::uint64_t trials, double confidence) {
    check(hits, trials, confidence);
    if (hits == trials) {
        return 1;
    }
    return boost::math::ibeta_inv(static_cast<double>(hits) + 1, static_cast<double>(trials - hits),
                                  confidence);
}

double share_lower_bound(std::uint64_t hits, std::uint64_t trials, double confidence) {
    check(hits, trials, confidence);
    if (hits == 0) {
        return 0;
    }
    return boost::math::ibeta_inv(static_cast<double>(hits), static_cast<double>(trials - hits) + 1,
                                  1 - confidence);
}

}  // namespace reports::statistics
