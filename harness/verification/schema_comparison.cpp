#include "harness/verification/schema_comparison.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace harness::verification {
namespace {

using database::ColumnSequence;
using database::SchemaObject;
using database::SchemaProperties;
using database::TableSchema;
using reports::SchemaChange;

constexpr const char* sequence_position = "sequence position";

const char* name_of(SchemaObject::Kind kind) {
    switch (kind) {
        case SchemaObject::Kind::index:
            return "index";
        case SchemaObject::Kind::constraint:
            return "constraint";
        case SchemaObject::Kind::reference:
            return "foreign key";
        case SchemaObject::Kind::trigger:
            return "trigger";
        case SchemaObject::Kind::rule:
            return "rule";
        case SchemaObject::Kind::policy:
            return "policy";
        case SchemaObject::Kind::statistics:
            break;
    }
    return "statistics object";
}

class Comparison {
public:
    Comparison(const TableSchema& before, const TableSchema& after,
               std::span<const scenarios::Expectation> expectations)
        : before_{before}, after_{after}, expectations_{expectations} {}

    void collect() {
        properties("table", after_.name, "the table", before_.properties, after_.properties);
        columns();
        objects();
        privileges();
        sequences();
    }

    std::vector<SchemaChange> changes() {
        collect();
        return in_order();
    }

    std::vector<SchemaChange> differences() {
        collect();
        for (auto& change : changes_) {
            change.problem = change.problem || (change.before != change.after && !moved(change));
        }
        came_and_went();
        return in_order();
    }

private:
    std::vector<SchemaChange> in_order() {
        std::ranges::stable_sort(changes_, [](const SchemaChange& a, const SchemaChange& b) {
            return a.problem && !b.problem;
        });
        return std::move(changes_);
    }

    // A sequence that gives another value next than it did.
    static bool moved(const SchemaChange& change) { return change.kind == sequence_position; }

    static std::string definition(const database::ColumnSchema& column) {
        std::string text;
        for (const auto& [property, value] : column.properties) {
            text += (text.empty() ? "" : ", ") + property + (value.empty() ? "" : " " + value);
        }
        return text;
    }

    void came_and_went() {
        std::vector<std::string> order_before, order_after;
        for (const auto& was : before_.columns) {
            if (std::ranges::find(after_.columns, was.name, &database::ColumnSchema::name) ==
                after_.columns.end()) {
                add("column", was.name, "the column " + was.name + " is gone", definition(was));
                changes_.back().problem = true;
            } else {
                order_before.push_back(was.name);
            }
        }
        for (const auto& now : after_.columns) {
            if (std::ranges::find(before_.columns, now.name, &database::ColumnSchema::name) ==
                before_.columns.end()) {
                add("column", now.name, "the column " + now.name + " is new", {}, definition(now));
                changes_.back().problem = true;
            } else {
                order_after.push_back(now.name);
            }
        }
        if (order_before != order_after) {
            add("table", after_.name, "the columns stand in another order", listed(order_before),
                listed(order_after));
        }
    }

    static std::string listed(const std::vector<std::string>& names) {
        std::string all;
        for (const auto& name : names) {
            all += (all.empty() ? "" : ", ") + name;
        }
        return all;
    }

    void add(std::string kind, std::string name, std::string text, std::string before = {},
             std::string after = {}) {
        changes_.push_back({.kind = std::move(kind),
                            .name = std::move(name),
                            .text = std::move(text),
                            .before = std::move(before),
                            .after = std::move(after)});
    }

    // `what`: "column total". A property may be in the plural, so no verb follows its name.
    void properties(const std::string& kind, const std::string& name, const std::string& what,
                    const SchemaProperties& before, const SchemaProperties& after) {
        for (const auto& [property, was] : before) {
            const auto now = after.find(property);
            if (now == after.end()) {
                add(kind, name,
                    was.empty() ? what + " is no longer " + property
                                : what + ": no " + property + " any longer, before: " + was,
                    was.empty() ? property : was);
            } else if (now->second != was) {
                add(kind, name, what + ": " + property + " " + now->second + ", before: " + was,
                    was, now->second);
            }
        }
        for (const auto& [property, now] : after) {
            if (!before.contains(property)) {
                add(kind, name,
                    now.empty() ? what + " is " + property + " now"
                                : what + ": " + property + " " + now + ", before: none",
                    {}, now.empty() ? property : now);
            }
        }
    }

    [[nodiscard]] std::string name_after(const std::string& column) const {
        for (const auto& expectation : expectations_) {
            if (expectation.kind == scenarios::Expectation::Kind::renamed &&
                expectation.column == column) {
                return expectation.value;
            }
        }
        return column;
    }

    void columns() {
        for (const auto& column : before_.columns) {
            const auto name = name_after(column.name);
            const auto now = std::ranges::find(after_.columns, name, &database::ColumnSchema::name);
            if (now != after_.columns.end()) {
                properties("column", name, "column " + name, column.properties, now->properties);
            }
        }
    }

    // An index that a constraint brought or took is told by that.
    static bool of_a_constraint(const TableSchema& schema, const SchemaObject& object) {
        return object.kind == SchemaObject::Kind::index &&
               std::ranges::any_of(schema.objects, [&object](const SchemaObject& other) {
                   return other.kind == SchemaObject::Kind::constraint && other.name == object.name;
               });
    }

    static const SchemaObject* of_name(const TableSchema& schema, const SchemaObject& wanted) {
        for (const auto& object : schema.objects) {
            if (object.kind == wanted.kind && object.name == wanted.name) {
                return &object;
            }
        }
        return nullptr;
    }

    // Of those that are new, the one that is the same but for its name. A trigger's definition
    // holds its name, so that none is found.
    const SchemaObject* renamed(const SchemaObject& gone) {
        for (const auto& object : after_.objects) {
            if (object.kind == gone.kind && object.definition == gone.definition &&
                of_name(before_, object) == nullptr &&
                std::ranges::find(renamed_, &object) == renamed_.end()) {
                renamed_.push_back(&object);
                return &object;
            }
        }
        return nullptr;
    }

    void objects() {
        for (const auto& was : before_.objects) {
            const auto* now = of_name(after_, was);
            if (now == nullptr && !was.only_if_incomplete) {
                now = renamed(was);
            }
            if (now == nullptr) {
                gone(was);
                continue;
            }
            const std::string kind = name_of(was.kind);
            if (now->name != was.name) {
                add(kind, now->name, "the " + kind + " " + was.name + " is called " + now->name,
                    was.name, now->name);
            } else if (now->definition != was.definition) {
                add(kind, now->name, "the " + kind + " " + was.name + " is defined otherwise",
                    was.definition, now->definition);
            }
            completeness(&was, *now);
        }
        for (const auto& now : after_.objects) {
            if (of_name(before_, now) != nullptr ||
                std::ranges::find(renamed_, &now) != renamed_.end()) {
                continue;
            }
            const std::string kind = name_of(now.kind);
            if (!now.only_if_incomplete && !of_a_constraint(after_, now)) {
                add(kind, now.name, "the " + kind + " " + now.name + " is new", {}, now.definition);
            }
            completeness(nullptr, now);
        }
    }

    void gone(const SchemaObject& was) {
        if (!was.only_if_incomplete && !of_a_constraint(before_, was)) {
            const std::string kind = name_of(was.kind);
            add(kind, was.name, "the " + kind + " " + was.name + " is gone", was.definition);
        }
    }

    void completeness(const SchemaObject* was, const SchemaObject& now) {
        const bool index = now.kind == SchemaObject::Kind::index;
        const std::string kind = name_of(now.kind);
        const std::string what = "the " + kind + " " + now.name;
        const std::string incomplete = index ? "INVALID" : "NOT VALID";
        if (now.complete) {
            if (was != nullptr && !was->complete) {
                add(kind, now.name, what + " is valid now", incomplete, "valid");
            }
            return;
        }
        if (was != nullptr && !was->complete) {
            if (index) {
                add(kind, now.name, what + " is INVALID, as it was before", incomplete, incomplete);
            }
            return;
        }
        const std::string state_before = was == nullptr ? "" : "valid";
        if (!index) {
            add(kind, now.name,
                what +
                    " is NOT VALID: rows that were there before it are not checked until it is "
                    "validated",
                state_before, incomplete);
            return;
        }
        add(kind, now.name,
            what + " is INVALID: no query uses it, and writes may have to maintain it",
            state_before, incomplete);
        changes_.back().problem = true;
    }

    void privileges() {
        const auto missing_in = [](const TableSchema& in, const TableSchema& of) {
            std::string all;
            for (const auto& privilege : of.privileges) {
                if (!in.privileges.contains(privilege)) {
                    all += (all.empty() ? "" : ", ") + privilege;
                }
            }
            return all;
        };
        const auto lost = missing_in(after_, before_), won = missing_in(before_, after_);
        if (!lost.empty()) {
            add("privileges", after_.name, "no longer granted: " + lost, lost);
        }
        if (!won.empty()) {
            add("privileges", after_.name, "granted now: " + won, {}, won);
        }
    }

    // What the column drew from before; of several (a default of several calls) the same one.
    [[nodiscard]] const ColumnSequence* drawn_before(const ColumnSequence& now) const {
        const ColumnSequence* found = nullptr;
        for (const auto& was : before_.sequences) {
            if (name_after(was.column) == now.column &&
                (found == nullptr || was.identity == now.identity)) {
                found = &was;
            }
        }
        return found;
    }

    static bool went_backwards(const ColumnSequence& was, const ColumnSequence& now) {
        return was.next && now.next &&
               (now.ascending ? *now.next < *was.next : *now.next > *was.next);
    }

    static std::string next_text(const ColumnSequence& sequence) {
        return sequence.next ? std::to_string(*sequence.next) : std::string{};
    }

    void sequences() {
        for (const auto& now : after_.sequences) {
            const auto* was = drawn_before(now);
            position(was, now);
            if (was != nullptr) {
                belonging(*was, now);
            }
        }
    }

    void position(const ColumnSequence* was, const ColumnSequence& now) {
        const auto what = "the sequence " + now.name + " of column " + now.column;
        const auto before = was == nullptr ? std::string{} : next_text(*was);
        const bool other = was != nullptr && was->identity != now.identity;
        const bool backwards = was != nullptr && went_backwards(*was, now);
        if (now.behind.value_or(false)) {
            const bool was_behind = was != nullptr && was->behind.value_or(false);
            // One that stands where it stood was overtaken by values that were given: by the
            // application, as often as not.
            const bool problem = !was_behind && (was == nullptr || other || backwards);
            add(sequence_position, now.name,
                what + " gives " + next_text(now) + " next, and the column goes beyond that" +
                    (was_behind ? ", as it did before"
                     : problem  ? ": it is going to give out values that are there already"
                                : ": values that were given have overtaken it"),
                before, next_text(now));
            changes_.back().problem = problem;
        } else if (backwards) {
            add(sequence_position, now.name,
                what + " went back: " + before + " was next, and " + next_text(now) + " is", before,
                next_text(now));
        }
        if (other && was->name != now.name) {
            add("sequence", now.name,
                "column " + now.column + " draws from " + now.name + " and no longer from " +
                    was->name,
                was->name, now.name);
        }
    }

    void belonging(const ColumnSequence& was, const ColumnSequence& now) {
        const auto what = "the sequence " + now.name + " of column " + now.column;
        if (was.owned_here && !now.owned_here) {
            add("sequence", now.name,
                what + (now.owner.empty()
                            ? " belongs to no column any longer: it stays when the table goes"
                            : " belongs to " + now.owner + ": when that is dropped, it goes, too"),
                was.owner, now.owner);
        } else if (!was.owned_here && now.owned_here) {
            add("sequence", now.name, what + " belongs to the column now", was.owner, now.owner);
        }
        if (was.type == was.column_type && now.type != now.column_type) {
            add("sequence", now.name,
                what + " still counts in " + now.type + ", and the column is " + now.column_type,
                was.type, now.type);
        }
    }

    const TableSchema& before_;
    const TableSchema& after_;
    std::span<const scenarios::Expectation> expectations_;
    std::vector<const SchemaObject*> renamed_;
    std::vector<SchemaChange> changes_;
};

}  // namespace

std::vector<SchemaChange> schema_changes(const TableSchema& before, const TableSchema& after,
                                         std::span<const scenarios::Expectation> expectations) {
    return Comparison{before, after, expectations}.changes();
}

std::vector<SchemaChange> schema_differences(const TableSchema& before, const TableSchema& after) {
    return Comparison{before, after, {}}.differences();
}

}  // namespace harness::verification
