// Any bytes: the scanner must not read past them, must give them back whole, and must see the same
// statement again once its placeholders are replaced by something that is none.
#include "workloads/placeholders.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

void require(bool holds, const char* what) {
    if (!holds) {
        std::fprintf(stderr, "%s\n", what);
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view sql{reinterpret_cast<const char*>(data), size};
    auto result = workloads::cut_placeholders(sql);
    if (const auto* error = std::get_if<workloads::TextError>(&result)) {
        require(!error->message.empty(), "an error says what is wrong");
        require(error->offset < size, "an error stands inside the text");
        return 0;
    }
    const auto& cut = std::get<workloads::CutStatement>(result);
    require(cut.pieces.size() == cut.names.size() + 1, "one more piece than names");
    require(cut.offsets.size() == cut.names.size(), "as many offsets as names");

    std::string again = cut.pieces[0], replaced = cut.pieces[0];
    for (std::size_t i = 0; i < cut.names.size(); ++i) {
        require(cut.offsets[i] == again.size(), "an offset is where its colon stands");
        again += ":" + cut.names[i] + cut.pieces[i + 1];
        workloads::append_apart(replaced, "0");
        workloads::append_apart(replaced, cut.pieces[i + 1]);
    }
    require(again == sql, "the pieces make up the text");

    std::vector<std::string> names;
    const std::string numbered = cut.numbered(names);
    require(names.size() <= cut.names.size(), "no more numbers than placeholders");
    require(cut.names.empty() == (numbered == sql), "only placeholders are replaced");

    auto second = workloads::cut_placeholders(replaced);
    const auto* seen = std::get_if<workloads::CutStatement>(&second);
    require(seen != nullptr && seen->names.empty(), "a replaced placeholder changes nothing else");
    return 0;
}
