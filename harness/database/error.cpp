#include "harness/database/error.hpp"

namespace harness::database {

namespace {

// Details of several lines keep their indentation.
void append_indented(std::string& text, const char* label, const std::string& lines) {
    if (lines.empty()) {
        return;
    }
    text += "\n  ";
    text += label;
    for (const char c : lines) {
        text += c;
        if (c == '\n') {
            text += "    ";
        }
    }
}

}  // namespace

std::string Error::text() const {
    std::string text = message;
    if (!code.empty()) {
        text += " (SQLSTATE " + code + ")";
    }
    if (position) {
        text += " at character " + std::to_string(*position);
    }
    append_indented(text, "detail: ", detail);
    append_indented(text, "hint: ", hint);
    return text;
}

}  // namespace harness::database
