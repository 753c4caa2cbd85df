#pragma once

// How payloads of RESTORE are checked, and which checks INFO counts. Every byte of a value is
// always checked; only the checksum can be skipped.

#include "larder/engine/debug_switches.h"
#include "larder/persistence/dump_payload.h"
#include "larder/persistence/metrics.h"
#include "larder/persistence/settings.h"

namespace larder::persistence {

class PayloadChecks {
 public:
  PayloadChecks(const SnapshotSettings& settings, const engine::ChecksumValidation& validation,
                Metrics& metrics)
      : settings_(settings), validation_(validation), metrics_(metrics) {}

  Checksum checksum() const { return validation_.skipped ? Checksum::ignored : Checksum::verified; }

  enum class Sender : std::uint8_t { counted, exempt };
  // Counts the blocks that were checked, as sanitize-dump-payload says.
  void count(const DecodedValue& value, Sender sender) {
    const auto wanted = settings_.sanitize_dump_payload.as<SanitizePayload>();
    const bool counts = wanted == SanitizePayload::yes ||
                        (wanted == SanitizePayload::clients && sender == Sender::counted);
    if (counts) metrics_.dump_payload_sanitizations += value.checked_blocks();
  }

 private:
  const SnapshotSettings& settings_;
  const engine::ChecksumValidation& validation_;
  Metrics& metrics_;
};

}  // namespace larder::persistence
