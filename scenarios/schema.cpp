// The JSON Schema, made from the shapes that the reader checks with.
#include "scenarios/reading.hpp"
#include "scenarios/units.hpp"

#include <nlohmann/json.hpp>

namespace scenarios {
namespace {

using json = nlohmann::ordered_json;

json number_json(double value) {
    const auto whole = static_cast<long long>(value);
    return static_cast<double>(whole) == value ? json(whole) : json(value);
}

json text_json(const Shape& shape) {
    // YAML reads an unquoted 15 as a number; as a text it is as good.
    json out{{"type", json::array({"string", "number", "boolean"})}};
    if (shape.rule != nullptr) {
        out["pattern"] = shape.rule->pattern;
    } else if (!shape.may_be_blank) {
        out["pattern"] = R"(\S)";
    }
    return out;
}

json duration_json(const Shape& shape) {
    const json with_unit{{"type", "string"}, {"pattern", duration_pattern}};
    return shape.least > 0 ? with_unit : json{{"anyOf", json::array({with_unit, {{"const", 0}}})}};
}

json scalar_json(const Shape& shape) {
    switch (shape.kind) {
        case Shape::Kind::flag:
            return {{"type", "boolean"}};
        case Shape::Kind::integer:
            return {{"type", "integer"},
                    {"minimum", number_json(shape.least)},
                    {"maximum", number_json(shape.most)}};
        case Shape::Kind::number:
            return {{"type", "number"},
                    {shape.above_least ? "exclusiveMinimum" : "minimum", number_json(shape.least)},
                    {"maximum", number_json(shape.most)}};
        case Shape::Kind::duration:
            return duration_json(shape);
        case Shape::Kind::rate:
            return {{"type", "string"}, {"pattern", rate_pattern}};
        case Shape::Kind::choice:
            return {{"enum", shape.choices}};
        default:
            return text_json(shape);
    }
}

json json_of(const Shape& shape);

json mapping_json(const Shape& shape) {
    json out{{"type", "object"}, {"additionalProperties", false}};
    json properties = json::object(), required = json::array(), company = json::object();
    for (const auto& key : shape.keys) {
        auto property = json_of(*key.shape);
        property["description"] = key.about;
        properties[std::string{key.name}] = std::move(property);
        if (key.required) {
            required.push_back(key.name);
        }
        for (const auto beside : key.only_with) {
            company[std::string{key.name}]["anyOf"].push_back(
                json{{"required", json::array({beside})}});
        }
    }
    out["properties"] = std::move(properties);
    if (!required.empty()) {
        out["required"] = std::move(required);
    }
    if (!company.empty()) {
        out["dependencies"] = std::move(company);
    }
    for (const auto name : shape.exactly_one) {
        out["oneOf"].push_back(json{{"required", json::array({name})}});
    }
    for (const auto name : shape.at_least_one) {
        out["anyOf"].push_back(json{{"required", json::array({name})}});
    }
    return out;
}

json dictionary_json(const Shape& shape) {
    json out{{"type", "object"}, {"additionalProperties", json_of(*shape.item)}};
    if (shape.rule != nullptr) {
        out["propertyNames"] = json{{"pattern", shape.rule->pattern}};
    }
    if (shape.least > 0) {
        out["minProperties"] = number_json(shape.least);
    }
    return out;
}

json json_of(const Shape& shape) {
    switch (shape.kind) {
        case Shape::Kind::list: {
            json out{{"type", "array"}, {"items", json_of(*shape.item)}};
            if (shape.least > 0) {
                out["minItems"] = number_json(shape.least);
            }
            return out;
        }
        case Shape::Kind::dictionary:
            return dictionary_json(shape);
        case Shape::Kind::mapping: {
            auto out = mapping_json(shape);
            return shape.short_form == nullptr
                       ? out
                       : json{{"anyOf", json::array({json_of(*shape.short_form), std::move(out)})}};
        }
        default:
            return scalar_json(shape);
    }
}

}  // namespace

std::string json_schema() {
    json schema{{"$schema", "http://json-schema.org/draft-07/schema#"},
                {"title", "Rehearse scenario"},
                {"description", "What `rehearse run` rehearses: version 1 of the format"}};
    schema.update(json_of(scenario_shape()));
    return schema.dump(2) + "\n";
}

}  // namespace scenarios
