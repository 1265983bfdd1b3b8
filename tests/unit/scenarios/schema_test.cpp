#include "tests/unit/scenarios/scenario_folder.hpp"
#include "tests/unit/scenarios/text_matchers.hpp"

#include <functional>
#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace scenarios {
namespace {

using nlohmann::json;

// Every mapping of the schema with the path that leads to one of its kind: list items as ".0".
void each_mapping(const json& schema, const std::string& path,
                  const std::function<void(const std::string&, const json&)>& visit) {
    for (const auto& form : schema.value("anyOf", json::array())) {
        each_mapping(form, path, visit);
    }
    const auto below = [&](const std::string& key) {
        return path.empty() ? key : path + "." + key;
    };
    if (schema.contains("items")) {
        each_mapping(schema["items"], below("0"), visit);
    }
    if (schema.contains("properties")) {
        visit(path, schema);
        for (const auto& [key, value] : schema["properties"].items()) {
            each_mapping(value, below(key), visit);
        }
    }
    if (schema.contains("additionalProperties") && schema["additionalProperties"].is_object()) {
        each_mapping(schema["additionalProperties"], below("errors"), visit);
    }
}

TEST(Schema, IsDraftSevenJson) {
    const auto schema = json::parse(json_schema());
    EXPECT_EQ(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    EXPECT_EQ(schema["required"], json({"version", "workload", "migration"}));
}

TEST(Schema, TheReaderKnowsEveryKeyOfTheSchemaAndNoOther) {
    std::size_t keys = 0;
    each_mapping(json::parse(json_schema()), "", [&](const std::string& path, const json& mapping) {
        EXPECT_EQ(mapping["additionalProperties"], false) << path;
        // The whole mapping is replaced by one that has all keys and one more. Values are wrong;
        // what is asked is which keys the reader calls unknown.
        std::string value = "{not_a_key: [[]]";
        for (const auto& [key, about] : mapping["properties"].items()) {
            value += ", " + key + ": [[]]";
            ++keys;
        }
        value += "}";
        const auto errors =
            path.empty() ? errors_of(value) : errors_of(small_scenario(), {{path, value}});
        std::vector<std::string> unknown;
        for (const auto& error : errors) {
            if (error.find("unknown key") != std::string::npos) {
                unknown.push_back(error);
            }
        }
        EXPECT_EQ(unknown.size(), 1U) << path;
        EXPECT_THAT(unknown, Each(HasSubstr("`not_a_key`"))) << path;
    });
    EXPECT_GT(keys, 60U);
}

TEST(Schema, ExactlyOneActionIsAskedOfAStep) {
    const auto schema = json::parse(json_schema());
    const auto& step = schema["properties"]["migration"]["properties"]["up"]["items"];
    std::set<std::string> actions;
    for (const auto& form : step["oneOf"]) {
        actions.insert(form["required"][0]);
    }
    EXPECT_EQ(actions, (std::set<std::string>{"sql", "file", "backfill", "command", "deploy",
                                              "pause", "wait_for"}));
    EXPECT_EQ(step["dependencies"]["env"]["anyOf"], json::parse(R"([{"required": ["command"]}])"));
}

}  // namespace
}  // namespace scenarios
