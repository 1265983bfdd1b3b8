#include "harness/verification/may_change.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

namespace harness::verification {
namespace {

using database::WriteRules;
using database::WrittenRelation;
using scenarios::Write;

bool contains(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

const WrittenRelation* find(const WriteRules& rules, std::uint64_t identity) {
    const auto found =
        std::find_if(rules.relations.begin(), rules.relations.end(),
                     [&](const auto& relation) { return relation.identity == identity; });
    return found == rules.relations.end() ? nullptr : &*found;
}

class Analysis {
public:
    Analysis(const WriteRules& rules, std::uint64_t table) : rules_{rules}, table_{table} {
        for (const auto& relation : rules.relations) {
            for (const auto parent : relation.parents) {
                children_[parent].push_back(relation.identity);
            }
        }
    }

    void add(const Writer& writer) {
        writer_ = writer.name;
        if (!writer.effects.anything.empty()) {
            anything(writer.effects.anything);
        }
        for (const auto& function : writer.effects.functions) {
            if (contains(rules_.writing_functions, function)) {
                anything("calls the function " + function + ", which may write");
            } else if (!rules_.functions.empty() && !rules_.functions.contains(function)) {
                anything("calls the function " + function + ", which is not in the catalog");
            }
        }
        for (const auto& write : writer.effects.writes) {
            resolve(write);
        }
        while (!pending_.empty()) {
            const auto [relation, write] = std::move(pending_.front());
            pending_.pop_front();
            apply(relation, write);
        }
    }

    [[nodiscard]] MayChange take() { return std::move(found_); }
    [[nodiscard]] MayChange take_by_key(std::span<const std::string> key) {
        const bool moves_key = std::any_of(key.begin(), key.end(), [&](const auto& column) {
            return found_.columns.contains(column);
        });
        if (found_.anything.empty() && moves_key) {
            found_.anything = "the workload may change its key";
        }
        if (found_.anything.empty() && found_.inserts && found_.deletes) {
            found_.anything = "the workload may delete a row and insert it again";
        }
        return std::move(found_);
    }

private:
    void anything(const std::string& why) {
        if (found_.anything.empty()) {
            found_.anything = writer_ + " " + why;
        }
    }

    // Sessions may look for a name in any schema: all relations that are called so.
    void resolve(const Write& write) {
        bool known = false;
        for (const auto& relation : rules_.relations) {
            if (relation.name == write.relation &&
                (write.schema.empty() || relation.schema == write.schema)) {
                known = true;
                push(relation.identity, write);
            }
        }
        if (!known) {
            anything("writes to " + write.relation + ", which is not in the catalog");
        }
    }

    void push(std::uint64_t relation, Write write) {
        write.schema.clear();
        write.relation.clear();
        if (seen_.emplace(relation, static_cast<int>(write.kind), write.columns).second) {
            pending_.emplace_back(relation, std::move(write));
        }
    }

    void collect_descendants(std::uint64_t relation, std::set<std::uint64_t>& all) const {
        if (!all.insert(relation).second) {
            return;
        }
        if (const auto children = children_.find(relation); children != children_.end()) {
            for (const auto child : children->second) {
                collect_descendants(child, all);
            }
        }
    }

    void collect_ancestors(std::uint64_t relation, std::set<std::uint64_t>& all) const {
        if (const auto* known = find(rules_, relation)) {
            for (const auto parent : known->parents) {
                if (all.insert(parent).second) {
                    collect_ancestors(parent, all);
                }
            }
        }
    }

    void apply(std::uint64_t target, const Write& write) {
        std::set<std::uint64_t> below;
        collect_descendants(target, below);
        std::set<std::uint64_t> touched = below;
        for (const auto relation : below) {
            collect_ancestors(relation, touched);
        }
        for (const auto identity : touched) {
            const auto* relation = find(rules_, identity);
            if (relation == nullptr) {
                continue;
            }
            if (!relation->indirect.empty()) {
                anything("writes to " + relation->name + ", which " + relation->indirect);
            }
            if (!relation->triggers.empty()) {
                anything("fires the trigger " + relation->triggers.front() + " of " +
                         relation->name + ", which may write anything");
            }
            cascade(identity, write);
        }
        if (touched.contains(table_)) {
            // Among partitions an updated row may move from one to another.
            note(write, target != table_ && below.contains(table_));
        }
    }

    void note(const Write& write, bool may_move) {
        found_.inserts |= write.kind == Write::Kind::insert;
        found_.deletes |= write.kind == Write::Kind::remove;
        if (write.kind == Write::Kind::insert) {
            keep_common(found_.always_inserted, write.columns);
            found_.inserted.insert(write.columns.begin(), write.columns.end());
            found_.inserts_whole_rows |= write.columns.empty();
        }
        if (write.kind != Write::Kind::update) {
            return;
        }
        keep_common(found_.always_updated, write.columns);
        found_.moves_rows |= children_.contains(table_);
        found_.columns.insert(write.columns.begin(), write.columns.end());
        if (const auto* table = find(rules_, table_)) {
            found_.columns.insert(table->generated.begin(), table->generated.end());
        }
        found_.inserts |= may_move;
        found_.inserts_whole_rows |= may_move;
        found_.deletes |= may_move;
    }

    static void keep_common(std::optional<std::set<std::string>>& common,
                            const std::vector<std::string>& columns) {
        if (!common) {
            common.emplace(columns.begin(), columns.end());
        }
        std::erase_if(*common, [&](const auto& column) { return !contains(columns, column); });
    }

    void cascade(std::uint64_t parent, const Write& write) {
        for (const auto& rule : rules_.cascades) {
            if (rule.parent != parent) {
                continue;
            }
            const bool key_updated =
                write.kind == Write::Kind::update &&
                std::any_of(write.columns.begin(), write.columns.end(), [&](const auto& column) {
                    return contains(rule.parent_columns, column);
                });
            if (write.kind == Write::Kind::remove && rule.deletes) {
                push(rule.child, {Write::Kind::remove, {}, {}, {}});
            }
            if ((write.kind == Write::Kind::remove && rule.changes_on_delete) ||
                (key_updated && rule.changes_on_update)) {
                push(rule.child, {Write::Kind::update, {}, {}, rule.child_columns});
            }
        }
    }

    const WriteRules& rules_;
    const std::uint64_t table_;
    std::map<std::uint64_t, std::vector<std::uint64_t>> children_;
    std::string writer_;
    MayChange found_;
    std::deque<std::pair<std::uint64_t, Write>> pending_;
    std::set<std::tuple<std::uint64_t, int, std::vector<std::string>>> seen_;
};

Analysis analysed(std::uint64_t table, std::span<const Writer> writers, const WriteRules& rules) {
    Analysis analysis{rules, table};
    for (const auto& writer : writers) {
        analysis.add(writer);
    }
    return analysis;
}

}  // namespace

WriteRules united(const WriteRules& before, const WriteRules& after) {
    WriteRules all = before;
    for (const auto& relation : after.relations) {
        if (find(before, relation.identity) == nullptr) {
            all.relations.push_back(relation);
        }
    }
    for (const auto& cascade : after.cascades) {
        if (find(before, cascade.parent) == nullptr) {
            all.cascades.push_back(cascade);
        }
    }
    all.functions.insert(after.functions.begin(), after.functions.end());
    for (const auto& function : after.writing_functions) {
        if (!contains(all.writing_functions, function)) {
            all.writing_functions.push_back(function);
        }
    }
    return all;
}

MayChange may_change(std::uint64_t table, std::span<const std::string> key,
                     std::span<const Writer> writers, const WriteRules& rules) {
    return analysed(table, writers, rules).take_by_key(key);
}

MayChange writes_of(std::uint64_t table, std::span<const Writer> writers,
                    const database::WriteRules& rules) {
    return analysed(table, writers, rules).take();
}

}  // namespace harness::verification
