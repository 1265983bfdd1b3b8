// The replica identity of tables that are followed: of a table without a key the server tells who
// was deleted or updated only under REPLICA IDENTITY FULL, and refuses both where the table is
// published without any.
//
// It is made FULL in the transaction that makes the publication, whose comment says what it was,
// and put back in the one that drops it: as long as a table is not as it was, also after kill -9,
// there is a publication that tells. A migration that makes such a table's identity FULL itself
// cannot be told from us: that, too, is put back.
#pragma once

#include "harness/database/control.hpp"
#include "harness/postgres/guard_table.hpp"

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace harness::postgres {

// Of a relation with rows of its own.
struct FormerIdentity {
    std::uint32_t oid = 0;
    char was = 'd';    // as pg_class.relreplident: 'd' or 'n'
    std::string name;  // qualified and quoted, as it was then
};

// What a row that goes tells of itself: its key, too little and nobody chose it, too little and
// somebody did.
enum class IdentityFit : std::uint8_t { carried, lacking, chosen_otherwise };

// `identity` as pg_class.relreplident, `carried`: the columns of its index, `key`: those that rows
// are told apart by; empty: by all their values.
[[nodiscard]] IdentityFit fit_of(char identity, const std::vector<std::string>& carried,
                                 const std::vector<std::string>& key);

// Each attempt waits so long for its locks: past deadlock_timeout (a second), when the server ends
// an autovacuum that is in the way, and not so long that others queue for ever.
constexpr std::chrono::seconds identity_lock_timeout{2};
// All attempts together, where nothing else is said.
constexpr std::chrono::seconds identity_patience{15};

// `create` makes the publication of that name. Throws StreamEnded with the reason: somebody holds
// a table locked, or the role does not own it; Outage.
void publish_widened(database::Control& control, const std::string& publication,
                     const std::string& create, std::span<const FormerIdentity> tables,
                     const Announce& announce, std::chrono::milliseconds patience);

// What the publication's comment tells.
[[nodiscard]] std::vector<FormerIdentity> recorded_identities(database::Control& control,
                                                              const std::string& publication);

// Drops the publication, if it is there, and puts the tables' identities back: of those that are
// still there, under whatever name, and still FULL; what somebody else chose meanwhile stays.
// Gives a line for each that was put back. Throws Outage; then nothing has changed.
std::vector<std::string> drop_publication(database::Control& control,
                                          const std::string& publication,
                                          std::span<const FormerIdentity> tables,
                                          const Announce& announce,
                                          std::chrono::milliseconds patience = identity_patience);

// What a killed run left widened. The run lock must be held. What cannot be put back is announced.
void put_back_left_over(database::Control& control, const Announce& announce);

}  // namespace harness::postgres
