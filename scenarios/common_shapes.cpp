#include "scenarios/common_shapes.hpp"

namespace scenarios {
namespace {

constexpr double second_ms = 1'000, week_ms = 7 * 24 * 3'600 * second_ms;

}  // namespace

const Shape& text_shape() {
    static const Shape shape{.kind = Shape::Kind::text};
    return shape;
}

const Shape& text_list_shape() {
    static const Shape shape{
        .kind = Shape::Kind::list, .example = "[first, second]", .item = &text_shape()};
    return shape;
}

const Shape& sql_shape() {
    static const Shape shape{.kind = Shape::Kind::text, .example = "`SELECT 1`"};
    return shape;
}

const Shape& flag_shape() {
    static const Shape shape{.kind = Shape::Kind::flag};
    return shape;
}

const Shape& span_shape() {
    static const Shape shape{.kind = Shape::Kind::duration, .most = week_ms};
    return shape;
}

const Shape& positive_span_shape() {
    static const Shape shape{.kind = Shape::Kind::duration, .least = 1, .most = week_ms};
    return shape;
}

const Shape& step_name_shape() {
    // It stands in reports and, shortened, in the server's list of sessions.
    static const TextRule rule{R"(^\S([^\n\r]{0,98}\S)?$)",
                               "must be one line of at most 100 characters"};
    static const Shape shape{.kind = Shape::Kind::text, .rule = &rule};
    return shape;
}

const Shape& table_shape() {
    static const TextRule rule{R"(^([A-Za-z_\x80-\xff][A-Za-z0-9_$\x80-\xff]*|"([^"]|"")+"))"
                               R"((\.([A-Za-z_\x80-\xff][A-Za-z0-9_$\x80-\xff]*|"([^"]|"")+"))?$)",
                               R"(must be a table's name such as orders, shop.orders or "Orders")"};
    static const Shape shape{.kind = Shape::Kind::text, .example = "orders", .rule = &rule};
    return shape;
}

const Shape& retries_shape() {
    static const Shape times{.kind = Shape::Kind::integer, .least = 0, .most = 1'000};
    static const Shape backoff{.kind = Shape::Kind::duration, .least = 0, .most = 30 * second_ms};
    static const Shape shape{
        .kind = Shape::Kind::mapping,
        .example = "{times: 10, backoff: 200ms}",
        .keys = {{"times", &times, "how often it is tried again", true},
                 {"backoff", &backoff, "the first pause, doubled at each try, with jitter"}}};
    return shape;
}

const Shape& variable_name_shape() {
    static const TextRule rule{"^[A-Za-z_][A-Za-z0-9_]*$",
                               "must be the name of an environment variable, which holds the URI: "
                               "a URI itself, with its password, does not belong in a scenario"};
    static const Shape shape{.kind = Shape::Kind::text, .example = "STAGING_URL", .rule = &rule};
    return shape;
}

}  // namespace scenarios
