// A walk over a statement's parse tree that notes which rows of which relations it touches.
#pragma once

#include "workloads/conflicts/touches.hpp"
#include "workloads/synthesis/tree_nodes.hpp"

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace workloads::conflicts {

// The number of a $n, whatever casts are around it; none for anything else.
[[nodiscard]] std::optional<int> parameter_of(const nlohmann::json& node);

class TouchWalk {
public:
    TouchWalk(const Relations& relations, Touches& found) : relations_{relations}, found_{found} {}

    void statement(const std::string& kind, const nlohmann::json& tree);

private:
    // An entry of FROM that is a relation.
    struct Source {
        std::string alias;
        std::size_t relation = 0;
        std::vector<Pin> pins;
    };

    void unseen(std::string why);
    // What changes a relation as a whole, or nothing that rows hold.
    void definition(const std::string& kind, const nlohmann::json& tree);
    void with(const nlohmann::json& tree);
    // Whatever stands in it.
    void rest(const nlohmann::json& node);
    // What a write depends on must be as it was.
    [[nodiscard]] Mode mode_of_reading() const;
    void call(const nlohmann::json& node);
    // `is_target`: it is written to, so it is no query of WITH.
    [[nodiscard]] std::optional<std::size_t> relation_of(const nlohmann::json& range,
                                                         bool is_target = false);
    void add(const nlohmann::json& range, Touch touch);
    // Through views and parts to what holds the rows, with what foreign keys add.
    void keep(Touch touch);
    static std::vector<Pin> renamed(const Touch& touch, const std::vector<std::string>& from,
                                    const std::vector<std::string>& to);
    static bool sets_any(const Touch& touch, const std::vector<std::string>& columns);
    // The rows that a written row refers to must be there. Of a row that is changed only where the
    // reference is; its new value is not looked for.
    void add_referenced(const Touch& touch);
    void add_referencing(const Touch& touch);
    // Relations of FROM, and the conditions of its inner joins. Anything else is walked.
    void from_item(const nlohmann::json& item, bool filters, std::vector<Source>& sources,
                   std::vector<const nlohmann::json*>& conditions);
    void source(const nlohmann::json& range, std::vector<Source>& sources);
    static void add_source(const nlohmann::json& range, std::size_t relation,
                           std::vector<Source>& sources);
    [[nodiscard]] bool has_column(const Source& source, const std::string& name) const;
    // Null where it is none of theirs for certain.
    Source* owner(const std::pair<std::string, std::string>& column,
                  std::vector<Source>& sources) const;
    void pin(const nlohmann::json& column, std::vector<int> numbers, bool is_array,
             std::vector<Source>& sources) const;
    void pin_from(const nlohmann::json& condition, std::vector<Source>& sources) const;
    void select(const nlohmann::json& tree);
    // UPDATE and DELETE.
    void change(const nlohmann::json& tree, bool deletes);
    void insert(const nlohmann::json& tree);
    // A row that is there already is found by the columns that ON CONFLICT names, and may differ in
    // the others.
    static std::vector<Pin> pins_of_conflict(const nlohmann::json& conflict, std::vector<Pin> pins);
    void inserted_values(const nlohmann::json& tree, const nlohmann::json& query,
                         Touch& touch) const;

    const Relations& relations_;
    Touches& found_;
    std::set<std::string> queries_;  // WITH
    bool reads_to_write_ = false, written_by_definition_ = false;
};

}  // namespace workloads::conflicts
