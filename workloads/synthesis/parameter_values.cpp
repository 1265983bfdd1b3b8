#include "workloads/synthesis/parameter_values.hpp"

#include "workloads/letters.hpp"
#include "workloads/synthesis/sample_query.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <set>

namespace workloads::synthesis {
namespace {

std::string real_text(double value) {
    std::array<char, 32> buffer;
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                   std::chars_format::general, 6)
                         .ptr;
    return {buffer.data(), end};
}

std::string sample(const std::string& query) {
    return "sample(" + in_quotes(query) + ")";
}
std::string sample(const std::string& query, std::size_t column) {
    return "sample(" + in_quotes(query) + ", " + std::to_string(column) + ")";
}

// A value that does no harm wherever one of the type is asked for; empty where there is none.
std::string harmless(TypeClass type) {
    switch (type) {
        case TypeClass::integer:
        case TypeClass::number:
            return "1";
        case TypeClass::boolean:
            return "true";
        case TypeClass::text:
            return "x";
        case TypeClass::uuid:
            return "uuid()";
        case TypeClass::moment:
            return "now()";
        case TypeClass::interval:
            return "1 hour";
        case TypeClass::other:
            break;
    }
    return {};
}

double width_of(const Column& column) {
    return column.statistics ? column.statistics->average_width_bytes : 0;
}

class Chooser {
public:
    Chooser(const Analysis& analysis, const std::vector<TypeClass>& types,
            const ValueOptions& options)
        : analysis_{analysis}, types_{types}, options_{options} {}

    std::variant<std::vector<ParameterSource>, NoValue> choose() {
        find_groups();
        for (const auto& use : analysis_.uses) {
            ParameterSource source;
            source.number = use.number;
            source.name = name_for(use);
            if (!fill(use, source)) {
                return NoValue{use.number, reason_};
            }
            chosen_.push_back(std::move(source));
        }
        return std::move(chosen_);
    }

private:
    using Uses = std::vector<const ParameterUse*>;

    // The parameters of one of the statement's tables whose values must belong together.
    struct Group {
        Uses equal;
        const ParameterUse *lower = nullptr, *upper = nullptr;
        [[nodiscard]] bool together() const {
            return equal.size() > 1 || (lower != nullptr && upper != nullptr);
        }
    };

    void find_groups() {
        std::map<int, std::map<std::string, std::map<Role, Uses>>> by_column;
        for (const auto& use : analysis_.uses) {
            if (use.table != nullptr && use.function.empty() && use.role != Role::written) {
                by_column[use.source][use.column][use.role].push_back(&use);
            }
        }
        for (auto& [source, columns] : by_column) {
            Group group;
            for (auto& [column, roles] : columns) {
                // IN ($1, $2) and OR ask for several values of one column.
                if (roles[Role::equal].size() == 1) {
                    group.equal.push_back(roles[Role::equal].front());
                }
                if (roles[Role::lower].size() == 1 && roles[Role::upper].size() == 1 &&
                    group.lower == nullptr) {
                    group.lower = roles[Role::lower].front();
                    group.upper = roles[Role::upper].front();
                }
            }
            std::erase_if(group.equal, [&](const ParameterUse* use) {
                return group.lower != nullptr && use->column == group.lower->column;
            });
            if (group.together()) {
                groups_.push_back(std::move(group));
            }
        }
    }

    [[nodiscard]] const Group* group_of(const ParameterUse& use) const {
        for (const auto& group : groups_) {
            if (&use == group.lower || &use == group.upper ||
                std::find(group.equal.begin(), group.equal.end(), &use) != group.equal.end()) {
                return &group;
            }
        }
        return nullptr;
    }

    std::string name_for(const ParameterUse& use) {
        std::string base;
        for (const char c : use.column) {
            base += is_name_part(c) ? c : '_';
        }
        if (use.role == Role::limit || use.role == Role::offset) {
            base = use.role == Role::limit ? "row_limit" : "row_offset";
        } else if (base.empty()) {
            base = "value";
        } else if (use.role == Role::lower || use.role == Role::upper) {
            base += use.role == Role::lower ? "_from" : "_to";
        } else if (use.role == Role::amount) {
            base += "_by";
        } else if (use.role == Role::members) {
            base += "_list";
        }
        if (is_digit(base[0])) {
            base.insert(0, "_");
        }
        std::string name = base;
        for (int n = 2; !names_.insert(name).second; ++n) {
            name = base + "_" + std::to_string(n);
        }
        return name;
    }

    bool no(std::string reason) {
        reason_ = std::move(reason);
        return false;
    }

    [[nodiscard]] TypeClass type_of(const ParameterUse& use) const {
        const auto at = static_cast<std::size_t>(use.number) - 1;
        return at < types_.size() ? types_[at] : TypeClass::other;
    }

    bool fill(const ParameterUse& use, ParameterSource& source) {
        switch (use.role) {
            case Role::equal:
            case Role::lower:
            case Role::upper:
                return compared(use, source);
            case Role::pattern:
                source.function = sample(sample_of(
                    *use.table, "left(" + expression_of(use) + "::text, 3) || '%'", width(use)));
                source.note =
                    "begins like values of the column; the patterns themselves are not "
                    "known";
                return true;
            case Role::members:
                return members(use, source);
            case Role::written:
                return written(use, source);
            case Role::amount:
            case Role::constant:
                source.function = harmless(type_of(use));
                if (source.function.empty()) {
                    return no("its value is not known, and nothing can be made up for its type");
                }
                source.note = use.role == Role::amount
                                  ? "by how much is not known; the work is the same"
                                  : "stands for a constant that is not known";
                return true;
            case Role::limit:
                return limit(source);
            case Role::offset:
                source.function = "0";
                source.note = "the OFFSET is not known: all calls read the first rows";
                return true;
            case Role::unknown:
                break;
        }
        if (type_of(use) == TypeClass::boolean) {
            source.function = "choice(true, false)";
            source.note = use.reason;
            return true;
        }
        return no(use.reason);
    }

    static std::string expression_of(const ParameterUse& use) {
        const auto& column = *use.table->column(use.column);
        return use.function.empty() ? column.sql : use.function + "(" + column.sql + ")";
    }
    static double width(const ParameterUse& use) {
        return width_of(*use.table->column(use.column));
    }

    bool compared(const ParameterUse& use, ParameterSource& source) {
        if (const auto* group = group_of(use)) {
            return from_group(use, *group, source);
        }
        const auto& column = *use.table->column(use.column);
        source.function = sample(sample_of(*use.table, expression_of(use), width(use)));
        if (use.role == Role::equal && use.function.empty()) {
            if (auto kept = kept_values(column, false, source.function)) {
                source.function = *std::move(kept);
            }
        }
        if (use.role != Role::equal) {
            source.note =
                "any value of the column: how many rows that selects differs from call "
                "to call";
        }
        return true;
    }

    // Columns of one row, and ranges.
    bool from_group(const ParameterUse& use, const Group& group, ParameterSource& source) const {
        std::vector<const Column*> same;
        std::string list;
        double bytes = 0;
        std::size_t place = 0;
        for (const auto* other : group.equal) {
            same.push_back(use.table->column(other->column));
            list += (list.empty() ? "" : ", ") + same.back()->sql;
            bytes += width_of(*same.back());
            place = other == &use ? same.size() : place;
        }
        if (group.lower == nullptr) {
            source.function = sample(sample_of(*use.table, list, bytes), place);
            return true;
        }
        constexpr double assumed_rows = 100;
        // Where a LIMIT cuts, the rows that a call returns say nothing of the range.
        const bool cut = std::any_of(analysis_.uses.begin(), analysis_.uses.end(),
                                     [](const auto& other) { return other.role == Role::limit; });
        const bool known = options_.rows_per_call > 1 && !cut;
        const double rows = known ? options_.rows_per_call : assumed_rows;
        const auto query =
            ranges_of(*use.table, *use.table->column(group.lower->column), same, rows);
        place = &use == group.lower   ? same.size() + 1
                : &use == group.upper ? same.size() + 2
                                      : place;
        source.function = sample(query, place);
        if (&use == group.lower) {
            source.note = known ? "ranges of about as many rows as a call returns"
                                : "how wide the ranges are is not known: 100 rows";
        }
        return true;
    }

    bool members(const ParameterUse& use, ParameterSource& source) const {
        constexpr double most_members = 1'000;
        const double members = std::clamp(std::round(options_.rows_per_call), 1.0, most_members);
        const auto expression = expression_of(use);
        if (members < 2) {
            source.function =
                sample(sample_of(*use.table, "ARRAY[" + expression + "]", width(use)));
        } else {
            source.function =
                sample("SELECT array_agg(value) FROM (SELECT " + expression +
                       " AS value, (row_number() OVER () - 1) / " +
                       std::to_string(static_cast<int>(members)) + " AS list FROM " +
                       sampled(*use.table, width(use)) + ") AS numbered GROUP BY list");
        }
        source.note = "lists of as many members as a call returns rows: " +
                      std::to_string(static_cast<int>(members));
        return true;
    }

    bool limit(ParameterSource& source) const {
        // A limit that bounds is what is returned; where it does not, more changes nothing.
        const double rows = std::max(1.0, std::ceil(options_.rows_per_call));
        source.function = std::to_string(static_cast<long long>(std::min(rows, 1e9)));
        source.note = "the LIMIT is not known: so many rows are returned on average";
        return true;
    }

    // ------------------------------------------------------------------------------- writing

    bool written(const ParameterUse& use, ParameterSource& source) {
        const auto& column = *use.table->column(use.column);
        const bool inserted = analysis_.verb == "insert";
        std::string values;
        if (const auto* key = foreign_key_of(*use.table, use.column)) {
            values = referenced(*key, use.column, source);
        } else if (is_fresh_key(*use.table, use.column)) {
            return fresh(use, column, source);
        } else {
            values = sample(own_values(*use.table, column, inserted));
        }
        const double nulls = column.statistics ? column.statistics->null_fraction : 0;
        if (auto kept = foreign_key_of(*use.table, use.column) == nullptr
                            ? kept_values(column, true, values)
                            : std::nullopt) {
            source.function = *std::move(kept);
        } else if (nulls >= 1) {
            source.function = "weighted(1, NULL)";
        } else if (nulls > 0) {
            source.function = "weighted(" + real_text(1 - nulls) + ", " + in_quotes(values) + ", " +
                              real_text(nulls) + ", NULL)";
        } else {
            source.function = std::move(values);
        }
        return true;
    }

    static const ForeignKey* foreign_key_of(const Table& table, const std::string& column) {
        for (const auto& key : table.foreign_keys) {
            if (std::find(key.columns.begin(), key.columns.end(), column) != key.columns.end()) {
                return &key;
            }
        }
        return nullptr;
    }

    // All columns of one key from one row of the table that it refers to.
    std::string referenced(const ForeignKey& key, const std::string& column,
                           ParameterSource& source) {
        Table table;
        table.sql = key.table_sql;
        table.rows = key.rows;
        table.is_partitioned = key.is_partitioned;
        table.can_be_sampled = true;
        std::string list;
        std::size_t place = 1;
        for (std::size_t i = 0; i < key.columns.size(); ++i) {
            list += (i == 0 ? "" : ", ") + key.referenced_sql[i];
            place = key.columns[i] == column ? i + 1 : place;
        }
        if (is_alone_unique(*foreign_owner(key), column) && analysis_.verb == "insert") {
            source.note = "a key that refers to " + key.table_sql +
                          ": rows that are there already are refused (23505)";
        }
        const auto query = sample_of(table, list, 0);
        return key.columns.size() > 1 ? sample(query, place) : sample(query);
    }

    [[nodiscard]] const Table* foreign_owner(const ForeignKey& key) const {
        for (const auto& use : analysis_.uses) {
            if (use.table != nullptr &&
                std::any_of(use.table->foreign_keys.begin(), use.table->foreign_keys.end(),
                            [&](const ForeignKey& own) { return &own == &key; })) {
                return use.table;
            }
        }
        return nullptr;
    }

    static bool is_alone_unique(const Table& table, const std::string& column) {
        return std::find(table.unique_keys.begin(), table.unique_keys.end(), std::vector{column}) !=
               table.unique_keys.end();
    }

    // One column of each unique key that the statement writes must be new: its last that refers to
    // nothing and of which new values can be made.
    bool is_fresh_key(const Table& table, const std::string& column) const {
        return std::any_of(
            table.unique_keys.begin(), table.unique_keys.end(), [&](const auto& key) {
                std::string fresh;
                for (const auto& part : key) {
                    const auto* found = table.column(part);
                    if (found != nullptr && foreign_key_of(table, part) == nullptr &&
                        (found->type == TypeClass::integer || found->type == TypeClass::number ||
                         found->type == TypeClass::uuid || found->type == TypeClass::text ||
                         found->type == TypeClass::moment) &&
                        is_written(part)) {
                        fresh = part;
                    }
                }
                return fresh == column;
            });
    }

    bool is_written(const std::string& column) const {
        return std::any_of(analysis_.uses.begin(), analysis_.uses.end(), [&](const auto& use) {
            return use.role == Role::written && use.column == column;
        });
    }

    bool fresh(const ParameterUse& use, const Column& column, ParameterSource& source) {
        switch (column.type) {
            case TypeClass::integer:
            case TypeClass::number:
                source.function = "sequence(" +
                                  in_quotes("SELECT ceil(coalesce(max(" + column.sql +
                                            "), 0)::numeric)::bigint + 1 FROM " + use.table->sql) +
                                  ")";
                break;
            case TypeClass::uuid:
                source.function = "uuid()";
                break;
            case TypeClass::moment:
                source.function = "now()";
                break;
            default: {
                constexpr int enough = 12;  // 62^12 texts: two of a run hardly ever meet
                const int typical = static_cast<int>(std::max<double>(enough, width_of(column)));
                const int length = column.longest > 0 ? std::min(typical, column.longest) : typical;
                source.function = "text(" + std::to_string(length) + ")";
            }
        }
        source.note = "unique: always new";
        if (analysis_.on_conflict) {
            source.function = "weighted(1, " + in_quotes(source.function) + ", 1, " +
                              in_quotes(sample(sample_of(*use.table, column.sql, width(use)))) +
                              ")";
            source.note = "unique: how many of the rows are there already is not known; half";
        }
        return true;
    }

    // The column's own values; of a table that is still empty one that does no harm.
    static std::string own_values(const Table& table, const Column& column, bool inserted) {
        const std::string query = sample_of(table, column.sql, width_of(column));
        const std::string spare =
            column.type == TypeClass::integer || column.type == TypeClass::number ? "0"
            : column.type == TypeClass::text                                      ? "'x'"
            : column.type == TypeClass::boolean                                   ? "false"
            : column.type == TypeClass::moment                                    ? "now()"
                                                                                  : "";
        if (!inserted || spare.empty()) {
            return query;
        }
        return "(" + query + ") UNION ALL SELECT " + spare + " WHERE NOT EXISTS (SELECT FROM " +
               table.sql + " WHERE " + column.sql + " IS NOT NULL)";
    }

    // The column's most common values with their frequencies, and `others` for the rest.
    [[nodiscard]] std::optional<std::string> kept_values(const Column& column, bool with_nulls,
                                                         const std::string& others) const {
        if (!options_.keep_values || !column.statistics || column.statistics->common.empty()) {
            return std::nullopt;
        }
        const auto& statistics = *column.statistics;
        double left = 1 - statistics.null_fraction;
        std::string function = "weighted(";
        const auto add = [&](double weight, const std::string& value) {
            function += (function.back() == '(' ? "" : ", ") + real_text(weight) + ", " + value;
        };
        for (const auto& [value, frequency] : statistics.common) {
            if (frequency > 0) {
                add(frequency, in_quotes(quoted_again(value)));
                left -= frequency;
            }
        }
        constexpr double negligible = 0.001;
        if (!statistics.common_are_all && left > negligible) {
            add(left, in_quotes(others));
        }
        if (with_nulls && statistics.null_fraction > 0) {
            add(statistics.null_fraction, "NULL");
        }
        return function + ")";
    }

    // What would read as a call, or as quoted itself, stays a text.
    static std::string quoted_again(const std::string& value) {
        const bool plain = !value.empty() && value.find_first_of("()'\"") == std::string::npos &&
                           !is_space(value.front()) && !is_space(value.back());
        return plain ? value : in_quotes(value);
    }

    const Analysis& analysis_;
    const std::vector<TypeClass>& types_;
    const ValueOptions& options_;
    std::vector<Group> groups_;
    std::vector<ParameterSource> chosen_;
    std::set<std::string> names_;
    std::string reason_;
};

}  // namespace

std::variant<std::vector<ParameterSource>, NoValue> choose_values(
    const Analysis& analysis, const std::vector<TypeClass>& types, const ValueOptions& options) {
    return Chooser{analysis, types, options}.choose();
}

}  // namespace workloads::synthesis
