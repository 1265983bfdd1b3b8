// Lines of events.ndjson that the lock observer writes: one JSON object each, without the line's
// end.
#pragma once

#include "harness/database/lock_source.hpp"
#include "harness/locks/session_directory.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace harness::locks {

// {"time_s": 12.345, "type": "locks", "waiting": 31, "blockers": [{"pid", "kind", "name",
// "blocked", "relation", "mode"}]}: `relation` and `mode` are the first lock that the root holds
// and somebody waits for. Holds no query and no value.
[[nodiscard]] std::string line_of(double t_s, const database::LockSample& sample,
                                  const SessionDirectory& directory);

// {"time_s": 12.345, "type": "observer", "what": ..., "detail": ...}
[[nodiscard]] std::string line_of_observer(double t_s, std::string_view what,
                                           std::string_view detail);

// {"time_s": 12.345, "type": "replicas", "replicas": [{"name", "lag_s", "lag_bytes"}]}
[[nodiscard]] std::string line_of(double t_s, std::span<const database::ReplicaLag> lags);

}  // namespace harness::locks
