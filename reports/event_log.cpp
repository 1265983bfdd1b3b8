#include "reports/event_log.hpp"

#include <cmath>
#include <ostream>

#include <nlohmann/json.hpp>

namespace reports {

namespace {

using Json = nlohmann::ordered_json;

Json json_of(const EventField::Value& value) {
    if (const auto* number = std::get_if<double>(&value)) {
        // A microsecond is as fine as anything here is measured.
        return std::isfinite(*number) ? Json(std::round(*number * 1e6) / 1e6) : Json(nullptr);
    }
    return std::visit([](const auto& plain) { return Json(plain); }, value);
}

}  // namespace

std::string event_line(double time_s, std::string_view type,
                       std::initializer_list<EventField> fields) {
    Json event = Json::object();
    event["time_s"] = json_of(time_s);
    event["type"] = std::string{type};
    for (const auto& field : fields) {
        event[std::string{field.name}] = json_of(field.value);
    }
    return event.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace reports
