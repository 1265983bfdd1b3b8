// How far the logarithm of a quantile moved from one phase to another, and how sure that is.
#pragma once

#include <vector>

namespace reports::statistics {

// The redraws say what a chance of one in a hundred looks like, but 2,000 of them cannot tell one
// in 20,000, which is what Holm's correction asks of the first of 200 comparisons. Beyond the
// redraws' resolution the tail of Student's t speaks: the logarithm of a quantile is close to
// normal around its estimate, with a spread that is itself only known from a few blocks. Where the
// redraws can speak too, the more cautious of the two counts: lopsided shifts are not taken for
// normal ones.
class LogShift {
public:
    // Every redraw's shift; the standard error and its degrees of freedom, both above 0.
    LogShift(double estimate, std::vector<double> redrawn, double standard_error, double freedom);

    // The chance to see a shift as large as was seen, were it really no larger than `allowed`.
    [[nodiscard]] double p_above(double allowed) const;
    // The chance to see one as small, were it really no smaller.
    [[nodiscard]] double p_below(double allowed) const;
    // One-sided bounds, each at confidence 1 - alpha.
    [[nodiscard]] double lower(double alpha) const;
    [[nodiscard]] double upper(double alpha) const;

private:
    [[nodiscard]] double combined(double distance, std::size_t contradicting) const;
    [[nodiscard]] std::size_t cut(double alpha) const;
    [[nodiscard]] double reach(double alpha) const;

    double estimate_;
    std::vector<double> redrawn_;  // sorted
    double standard_error_, freedom_;
};

}  // namespace reports::statistics
