#include "reports/statistics/log_shift.hpp"

#include <algorithm>

#include <boost/math/distributions/students_t.hpp>

namespace reports::statistics {

LogShift::LogShift(double estimate, std::vector<double> redrawn, double standard_error,
                   double freedom)
    : estimate_{estimate},
      redrawn_{std::move(redrawn)},
      standard_error_{standard_error},
      freedom_{freedom} {
    std::sort(redrawn_.begin(), redrawn_.end());
}

double LogShift::p_above(double allowed) const {
    const auto past = std::upper_bound(redrawn_.begin(), redrawn_.end(), allowed);
    return combined(estimate_ - allowed, static_cast<std::size_t>(past - redrawn_.begin()));
}

double LogShift::p_below(double allowed) const {
    const auto first = std::lower_bound(redrawn_.begin(), redrawn_.end(), allowed);
    return combined(allowed - estimate_, static_cast<std::size_t>(redrawn_.end() - first));
}

// `distance`: of the estimate from the limit, in the direction that is to be shown.
double LogShift::combined(double distance, std::size_t contradicting) const {
    const boost::math::students_t t{freedom_};
    const double tail = boost::math::cdf(boost::math::complement(t, distance / standard_error_));
    if (contradicting == 0) {
        return tail;
    }
    return std::max(
        tail, static_cast<double>(contradicting + 1) / static_cast<double>(redrawn_.size() + 1));
}

// The redraw, counted from an end, from which on p is at most alpha; 0: beyond their resolution.
std::size_t LogShift::cut(double alpha) const {
    return static_cast<std::size_t>(alpha * static_cast<double>(redrawn_.size() + 1));
}

double LogShift::reach(double alpha) const {
    return standard_error_ *
           boost::math::quantile(boost::math::complement(boost::math::students_t{freedom_}, alpha));
}

double LogShift::lower(double alpha) const {
    const auto nth = std::max<std::size_t>(cut(alpha), 1) - 1;
    return std::min(redrawn_[nth], estimate_ - reach(alpha));
}

double LogShift::upper(double alpha) const {
    const auto nth = std::max<std::size_t>(cut(alpha), 1);
    return std::max(redrawn_[redrawn_.size() - nth], estimate_ + reach(alpha));
}

}  // namespace reports::statistics
