#include "scenarios/yaml_tree.hpp"

#include "scenarios/text_place.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <utility>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

namespace scenarios {
namespace {

// Ends the reading: what follows could not be understood.
struct Abandon {
    YamlError error;
};

// What yaml-cpp's words leave unsaid.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> hints{{
    {"illegal map value", "a text that holds `: ` needs quotes around it"},
    {"end of map not found", "is this line indented like the keys beside it?"},
    {"end of sequence not found", "is this line indented like the `-` lines beside it?"},
    {"end of map flow not found", "a `{` needs its `}`, and texts with , { } [ ] in it quotes"},
    {"end of sequence flow not found",
     "a `[` needs its `]`, and texts with , { } [ ] in it quotes"},
    {"unknown token", "a text that starts with @ ` or % needs quotes around it"},
}};

constexpr std::string_view tab_message = "a tab in the indentation; YAML is indented with spaces";

// The first tab before `offset`, where nothing but white space stands before it in its line.
std::optional<std::size_t> tab_in_indentation(std::string_view source, std::size_t offset) {
    auto at = std::min(offset, source.size());
    std::optional<std::size_t> tab;
    while (at > 0 && (source[at - 1] == ' ' || source[at - 1] == '\t')) {
        --at;
        tab = source[at] == '\t' ? std::optional{at} : tab;
    }
    return at == 0 || source[at - 1] == '\n' ? tab : std::nullopt;
}

class TreeBuilder : public YAML::EventHandler {
public:
    explicit TreeBuilder(std::string_view source) : source_{source}, cursor_{source} {}

    Node take() { return std::move(root_); }
    [[nodiscard]] const std::vector<YamlError>& errors() const noexcept { return errors_; }

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (++documents_ > 1) {
            throw Abandon{{place(mark),
                           "a second YAML document starts here; a scenario is one "
                           "document: remove the `---` and what follows"}};
        }
    }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        attach(make(Node::Kind::null, mark, ""), anchor);
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        // yaml-cpp's own marks: "?" for plain scalars, "!" for quoted and block ones.
        auto node = make(Node::Kind::scalar, mark, tag == "?" || tag == "!" ? "" : tag);
        node.text = value;
        node.quoted = tag == "!";
        if (node.quoted) {
            refuse_open_quote(node);
        }
        spend(mark, value.size());
        attach(std::move(node), anchor);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end()) {
            throw Abandon{{place(mark), "this alias refers to a value that it is a part of"}};
        }
        spend_copy(mark, found->second);
        Node copy = found->second;
        if (copy.kind == Node::Kind::scalar || copy.kind == Node::Kind::null) {
            copy.origin.place = place(mark);
        }
        attach(std::move(copy), YAML::NullAnchor);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value /*style*/) override {
        open(make(Node::Kind::list, mark, tag), mark, anchor);
    }
    void OnSequenceEnd() override { close(); }

    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value /*style*/) override {
        open(make(Node::Kind::mapping, mark, tag), mark, anchor);
    }
    void OnMapEnd() override { close(); }

private:
    struct Open {
        Node node;
        YAML::anchor_t anchor;
        std::optional<Entry> key;  // a mapping's key that waits for its value
        std::set<std::string> seen;
    };

    Place place(const YAML::Mark& mark) {
        return cursor_.at(static_cast<std::size_t>(std::max(mark.pos, 0)));
    }

    Node make(Node::Kind kind, const YAML::Mark& mark, const std::string& tag) {
        spend(mark, 0);
        Node node;
        node.kind = kind;
        node.offset = static_cast<std::size_t>(std::max(mark.pos, 0));
        node.origin.place = place(mark);
        if (!tag.empty() && tag != "?" && tag != "!") {
            errors_.push_back(
                {node.origin.place, "YAML tags are not used in a scenario: remove " + shown(tag)});
        }
        refuse_tab_before(node);
        return node;
    }

    // yaml-cpp lets some tabs in the indentation pass and then reads another structure than one
    // sees.
    void refuse_tab_before(const Node& node) {
        if (const auto tab = tab_in_indentation(source_, node.offset)) {
            errors_.push_back({cursor_.at(*tab), std::string{tab_message}});
        }
    }

    // yaml-cpp takes the end of the file for the missing quote.
    void refuse_open_quote(const Node& node) {
        auto at = node.offset;
        if (source_.substr(at).starts_with('&')) {  // an anchor and white space stand before
            at = std::min(source_.find_first_of(" \n\t", at), source_.size());
            at = std::min(source_.find_first_not_of(" \n\t", at), source_.size());
        }
        const char quote = at < source_.size() ? source_[at] : '|';
        if (quote != '"' && quote != '\'') {
            return;  // a block
        }
        ++at;
        const auto escaped = [&] {
            return quote == '"' ? source_[at] == '\\' : source_.substr(at, 2) == "''";
        };
        while (at < source_.size() && (source_[at] != quote || escaped())) {
            at += escaped() ? 2 : 1;
        }
        if (at >= source_.size()) {
            errors_.push_back({node.origin.place, "this quote is never closed"});
        }
    }

    void spend(const YAML::Mark& mark, std::size_t bytes) {
        nodes_ += bytes == 0 ? 1 : 0;
        bytes_ += bytes;
        if (nodes_ > most_yaml_nodes || bytes_ > most_yaml_bytes) {
            throw Abandon{{place(mark),
                           "the document is too large here, its aliases expanded: at "
                           "most 4 MB and 200,000 values"}};
        }
    }

    void spend_copy(const YAML::Mark& mark, const Node& node) {
        spend(mark, 0);
        spend(mark, node.text.size());
        for (const auto& item : node.items) {
            spend_copy(mark, item);
        }
        for (const auto& entry : node.entries) {
            spend(mark, entry.key.size());
            spend_copy(mark, entry.value);
        }
    }

    void open(Node node, const YAML::Mark& mark, YAML::anchor_t anchor) {
        if (open_.size() >= static_cast<std::size_t>(deepest_yaml)) {
            throw Abandon{{place(mark), "nested deeper than 64 levels"}};
        }
        open_.push_back({std::move(node), anchor, std::nullopt, {}});
    }

    void close() {
        auto done = std::move(open_.back());
        open_.pop_back();
        attach(std::move(done.node), done.anchor);
    }

    void attach(Node node, YAML::anchor_t anchor) {
        if (anchor != YAML::NullAnchor) {
            anchors_[anchor] = node;
        }
        if (open_.empty()) {
            root_ = std::move(node);
            return;
        }
        auto& parent = open_.back();
        if (parent.node.kind == Node::Kind::list) {
            parent.node.items.push_back(std::move(node));
        } else if (!parent.key) {
            parent.key = Entry{key_of(parent, node), node.origin, {}};
        } else {
            parent.key->value = std::move(node);
            parent.node.entries.push_back(std::move(*parent.key));
            parent.key.reset();
        }
    }

    std::string key_of(Open& parent, const Node& node) {
        const auto& at = node.origin.place;
        if (node.kind != Node::Kind::scalar) {
            errors_.push_back({at, "a key must be a name"});
            return "";
        }
        if (node.text == "<<" && !node.quoted) {
            errors_.push_back({at, "merge keys (`<<`) are not supported: write the keys out"});
        } else if (!parent.seen.insert(node.text).second) {
            errors_.push_back({at, "the key " + shown(node.text) + " stands here twice"});
        }
        return node.text;
    }

    std::string_view source_;
    PlaceCursor cursor_;
    Node root_;
    std::vector<Open> open_;
    std::map<YAML::anchor_t, Node> anchors_;
    std::vector<YamlError> errors_;
    std::size_t nodes_ = 0, bytes_ = 0;
    int documents_ = 0;
};

YamlError explain(std::string_view source, const YAML::Exception& failure) {
    const auto at =
        std::min(static_cast<std::size_t>(std::max(failure.mark.pos, 0)), source.size());
    // What yaml-cpp stumbles over later in a line is mostly due to the tab before it.
    const auto line = source.substr(0, at).rfind('\n') + 1;  // npos + 1 == 0: the first line
    const auto text = std::min(source.find_first_not_of(" \t", line), source.size());
    if (const auto tab = tab_in_indentation(source, text)) {
        return {place_in(source, *tab), std::string{tab_message}};
    }
    std::string message = "not valid YAML: " + failure.msg;
    for (const auto& [words, hint] : hints) {
        if (failure.msg == words) {
            message += " (" + std::string{hint} + ")";
        }
    }
    return {place_in(source, at), std::move(message)};
}

std::optional<YamlError> refuse_bytes(std::string_view text) {
    if (text.size() > most_yaml_bytes) {
        return YamlError{{}, "the file is larger than 4 MB, too large for a scenario"};
    }
    if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
        return YamlError{{}, "the file is UTF-16; save it as UTF-8"};
    }
    const auto control = std::find_if(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7F;
    });
    const auto bad =
        std::min(first_byte_that_is_not_utf8(text),
                 control == text.end() ? std::string_view::npos
                                       : static_cast<std::size_t>(control - text.begin()));
    if (bad != std::string_view::npos) {
        return YamlError{place_in(text, bad), "not UTF-8 text: a scenario is a YAML file"};
    }
    return std::nullopt;
}

}  // namespace

Node* Node::find(std::string_view key) {
    for (auto& entry : entries) {
        if (entry.key == key) {
            return &entry.value;
        }
    }
    return nullptr;
}

const Node* Node::find(std::string_view key) const {
    return const_cast<Node*>(this)->find(key);
}

Origin Document::origin_in(const Node& scalar, std::size_t offset) const {
    if (!scalar.origin.set_by.empty() || scalar.offset == Node::not_in_the_source) {
        return scalar.origin;
    }
    return {place_in(source, offset_in_source(source, scalar.offset, scalar.text, offset)), {}};
}

std::variant<Document, std::vector<YamlError>> read_yaml(std::string_view text) {
    if (const auto refused = refuse_bytes(text)) {
        return std::vector{*refused};
    }
    Document document{with_plain_line_ends(text), {}};
    TreeBuilder builder{document.source};
    auto errors = [&] {
        std::optional<YamlError> fatal;
        try {
            std::istringstream in{document.source};
            YAML::Parser parser{in};
            while (parser.HandleNextDocument(builder)) {
            }
        } catch (const Abandon& abandon) {
            fatal = abandon.error;
        } catch (const YAML::Exception& failure) {
            fatal = explain(document.source, failure);
        }
        auto all = builder.errors();
        if (fatal) {
            all.push_back(*fatal);
        }
        return all;
    }();
    document.root = builder.take();
    if (!errors.empty()) {
        return errors;
    }
    return document;
}

}  // namespace scenarios
