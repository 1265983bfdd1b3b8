// Touches of statements in a form in which two of them can be compared: which rows of which space.
// A space is a relation's rows, told apart by one of its columns, or what one of its unique keys
// may hold: inserting a value and deleting it must stay in order though the rows are different.
#pragma once

#include "workloads/conflicts/touches.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace workloads::conflicts {

enum class Rows : std::uint8_t {
    listed,
    fresh,  // new ones, with a key that nobody had
    any,
};

struct Access {
    std::uint32_t space = 0;
    Mode mode = Mode::reads;
    Rows rows = Rows::any;
    // Of `listed`: row k has in each column the value of its k-th number.
    struct Part {
        std::string column;
        std::vector<int> numbers;
        bool is_array = false;
        synthesis::TypeClass type = synthesis::TypeClass::other;
    };
    std::vector<Part> parts = {};
    // Of `fresh`: the relation and its column that the server fills in.
    std::size_t relation = 0;
    std::string made = {};
};

class Spaces {
public:
    explicit Spaces(const Relations& relations);

    // What statements touch, and how often they are called: all of them first.
    void count(const Touches& touches, std::uint64_t calls);
    // Then by which column each relation's rows are told apart: that by which the most calls do.
    void choose();
    [[nodiscard]] std::vector<Access> accesses(const Touches& touches) const;

    // Empty: nothing tells them apart.
    [[nodiscard]] const std::string& column_of(std::size_t relation) const {
        return told_by_.at(relation);
    }

private:
    struct Key {
        std::uint32_t space = 0;
        std::vector<std::string> columns;
        bool excludes = false;  // an exclusion constraint: its values say nothing
        bool has_generated = false;
    };

    void add_rows(const Touch& touch, std::vector<Access>& found) const;
    void add_key(const Touch& touch, const Key& key, std::vector<Access>& found) const;
    [[nodiscard]] bool list(const Touch& touch, const std::vector<std::string>& columns,
                            Access& access) const;
    [[nodiscard]] synthesis::TypeClass type_of(std::size_t relation,
                                               const std::string& column) const;

    const Relations& relations_;
    std::vector<std::map<std::string, std::uint64_t>> weights_;  // by relation and column
    std::vector<std::string> told_by_;
    std::vector<std::vector<Key>> keys_;
};

}  // namespace workloads::conflicts
