#include "reports/verification.hpp"

#include "reports/figures.hpp"

namespace reports {
namespace {

std::string listed(const std::vector<std::string>& names) {
    std::string all;
    for (const auto& name : names) {
        all += (all.empty() ? "" : ", ") + name;
    }
    return all;
}

std::string kinds(const TableProof& table) {
    std::vector<std::string> parts;
    const auto add = [&](std::uint64_t count, const char* what) {
        if (count > 0) {
            parts.push_back(count_text(count) + " " + what);
        }
    };
    add(table.lost, "lost");
    add(table.extra, "that nobody inserted");
    add(table.changed, "changed");
    add(table.duplicated, "duplicated");
    return listed(parts);
}

std::string first_mismatch(const TableProof& table) {
    if (table.mismatches.empty()) {
        return table.unnamed.empty() ? "" : " They are not named: " + table.unnamed + ".";
    }
    const auto& first = table.mismatches.front();
    std::string text = " The first: " + first.kind + (first.key.empty() ? "" : ", " + first.key);
    if (!first.columns.empty()) {
        text +=
            ", column" + std::string{first.columns.size() > 1 ? "s " : " "} + listed(first.columns);
    }
    text += first.by.empty() ? "" : ", " + first.by;
    return text + ".";
}

}  // namespace

const char* name_of(Proof proof) noexcept {
    switch (proof) {
        case Proof::pass:
            return "pass";
        case Proof::partial:
            return "partial";
        case Proof::fail:
            return "fail";
        case Proof::inconclusive:
            break;
    }
    return "inconclusive";
}

std::string lost_sentence(const LostWrites& lost) {
    const auto what = lost.column + ": what " + listed(lost.operations) +
                      (lost.operations.size() > 1 ? " write" : " writes") +
                      " there is lost by going back";
    if (!lost.rows) {
        return what + "; how much, only the change stream could tell";
    }
    return what + "; " + (*lost.rows == 0 ? "no row" : counted(*lost.rows, "row", "rows")) +
           " held it when the way back began";
}

std::vector<std::string> mismatch_sentences(const Verification& proof) {
    std::vector<std::string> sentences;
    for (const auto& table : proof.tables) {
        if (table.verdict != Proof::fail) {
            continue;
        }
        const auto told = sentences.size();
        for (const auto& problem : table.problems) {
            sentences.push_back("Data mismatch in " + table.name + ": " + problem + ".");
        }
        for (const auto& change : table.schema_changes) {
            if (change.problem) {
                sentences.push_back("Schema of " + table.name + ": " + change.text + ".");
            }
        }
        if (table.differing() > 0) {
            sentences.push_back("Data mismatch in " + table.name + ": rows " + kinds(table) + "." +
                                first_mismatch(table));
        } else if (!table.unnamed.empty()) {
            sentences.push_back("Data mismatch in " + table.name + ": its sums differ." +
                                first_mismatch(table));
        }
        if (sentences.size() == told) {
            sentences.push_back("Data mismatch in " + table.name + ".");
        }
    }
    for (const auto& invariant : proof.invariants) {
        if (invariant.verdict == Proof::fail) {
            sentences.push_back("The invariant \"" + invariant.name +
                                "\" does not hold: " + invariant.detail + ".");
        }
    }
    return sentences;
}

std::vector<std::string> doubt_sentences(const Verification& proof) {
    std::vector<std::string> sentences;
    if (!proof.fault.empty()) {
        sentences.push_back("The data was not verified: " + proof.fault + ".");
        return sentences;
    }
    bool short_of = false;
    for (const auto& table : proof.tables) {
        const bool told = table.verdict == Proof::inconclusive ||
                          (table.verdict == Proof::partial && !proof.partial_passes);
        if (told && table.unproved.empty()) {
            sentences.push_back("Of " + table.name + " not all could be proved.");
        }
        for (const auto& what : table.unproved) {
            if (told) {
                sentences.push_back("Of " + table.name + " it is not proved: " + what + ".");
            }
        }
        short_of = short_of || told;
        if (table.verdict == Proof::partial && !proof.partial_passes) {
            sentences.push_back("With `verify.live: off` what was proved of " + table.name +
                                " would be enough.");
        }
    }
    if (short_of && proof.ledger && !proof.ledger->unavailable.empty()) {
        sentences.push_back("What the workload writes was not proved by the change stream: " +
                            proof.ledger->unavailable + ".");
    }
    for (const auto& invariant : proof.invariants) {
        if (invariant.verdict == Proof::inconclusive) {
            sentences.push_back("The invariant \"" + invariant.name +
                                "\" could not be judged: " + invariant.detail + ".");
        }
    }
    return sentences;
}

std::string proved_sentence(const Verification& proof) {
    std::string text;
    std::vector<std::string> whole, partly;
    for (const auto& table : proof.tables) {
        (table.verdict == Proof::pass ? whole : partly).push_back(table.name);
    }
    if (!whole.empty()) {
        text += "All rows of " + listed(whole) + " are as they were or as declared.";
    }
    if (!partly.empty()) {
        text += (text.empty() ? "" : " ") + std::string{"Of "} + listed(partly) +
                " all that the workload cannot change is; the rest is not proved.";
    }
    if (!proof.invariants.empty()) {
        text += (text.empty() ? "" : " ") +
                counted(proof.invariants.size(), "invariant holds.", "invariants hold.");
    }
    return text;
}

}  // namespace reports
