// The OpenMetrics 1.0 text format: families of samples, and the rules that a reader holds them to.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace reports {

class Exposition {
public:
    // Label values are made harmless here; names are the caller's, and plain.
    using Labels = std::vector<std::pair<const char*, std::string>>;

    // `unit` may be empty; otherwise `name` ends in it. The samples that follow belong to it. A
    // family without any sample leaves no trace.
    void family(const char* name, const char* type, const char* unit, const char* help);

    // `suffix` as the type asks for ("_total" of a counter). What is not finite is left out: a
    // figure that is not known is no figure. Where a family already has the series, this one gets
    // the label `again`: two names may look the same once they are harmless.
    void sample(const char* suffix, const Labels& labels, double value);
    void sample(const Labels& labels, double value) { sample("", labels, value); }

    // A sample for each of a family's states, 1 for the one that holds.
    void states(const Labels& labels, const std::vector<const char*>& all, const std::string& now);

    // The whole text, closed by its `# EOF`.
    [[nodiscard]] std::string text() const { return text_ + "# EOF\n"; }

private:
    std::string name_, heading_;
    std::map<std::string, int> series_;  // of the family: how often each was there
    std::string text_;
};

}  // namespace reports
