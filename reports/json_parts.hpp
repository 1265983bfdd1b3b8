// Inside of json.cpp, json_measurements.cpp, json_verification.cpp and placebo_json.cpp.
#pragma once

#include "reports/record.hpp"

#include <cmath>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

namespace reports::json_parts {

using Json = nlohmann::ordered_json;  // keys stay in the order of the format's description

[[nodiscard]] Json number(double value);  // null unless finite
[[nodiscard]] Json number_or_null(const std::optional<double>& value);
[[nodiscard]] Json text_or_null(const std::string& text);
[[nodiscard]] Json milliseconds(const Histogram& histogram, double q);  // null when empty

template <typename Value>
[[nodiscard]] Json or_null(const std::optional<Value>& value) {
    return value ? Json(*value) : Json(nullptr);
}

template <typename List, typename ToJson>
[[nodiscard]] Json list(const List& values, ToJson&& to_json) {
    Json all = Json::array();
    for (const auto& value : values) {
        all.push_back(to_json(value));
    }
    return all;
}

[[nodiscard]] Json whole_json(const Histogram& histogram);  // null when empty
[[nodiscard]] Json comparison_json(const Comparison& each);
[[nodiscard]] Json operations_json(const Record& record);
[[nodiscard]] Json locks_json(const Record& record);
[[nodiscard]] Json server_json(const Server& server);
[[nodiscard]] Json verification_json(const Verification& proof);
[[nodiscard]] Json replay_json(const Record& record);
[[nodiscard]] Json replay_keys_json(const ReplayKeys& keys);
[[nodiscard]] Json replay_order_json(const ReplayOrder& order);
[[nodiscard]] Json synthesis_json(const Synthesis& synthesis);
[[nodiscard]] Json placebo_value(const PlaceboResult& result);
// Whether the way back led back; null: none was asked for.
[[nodiscard]] Json rollback_proof_json(const Record& record);

}  // namespace reports::json_parts
