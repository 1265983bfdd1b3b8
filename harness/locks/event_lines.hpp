// Lines of events.ndjson that the lock observer writes: one JSON object each, without the line's
// end.
#pragma once

#include "harness/database/lock_source.hpp"
#include "harness/locks/session_directory.hpp"
#include "harness/locks/wait_join.hpp"

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

// {"time_s": 12.345, "type": "wait", "operation": "read_order", "waited_ms": 81.2, "took_ms": 81.9,
// "episode": 3}: one operation that waited. `time_s` is when its slowest statement was sent;
// `episode` is the place in result.json's locks.episodes of the one that cost it most, null if that
// one was dropped.
[[nodiscard]] std::string line_of(double t_s, const StalledOperation& stalled,
                                  std::string_view operation);

}  // namespace harness::locks
