#pragma once

// The engine with an observer that is configured by its directives.

#include "larder/observe/command_observer.h"
#include "tests/engine/room.h"

namespace larder::observe {

struct HeldSettings {
  Settings settings;
};

struct WithSettings : HeldSettings, CommandObserver {
  WithSettings(const base::Clock& clock, config::Registry& registry)
      : HeldSettings{Settings(registry)}, CommandObserver(clock, HeldSettings::settings) {}
  void add_to(memory::Auditor& auditor) const {
    auditor.add(log);
    auditor.add(latency);
  }
};

using ObservingRoom = engine::RoomOn<base::ManualClock, WithSettings>;

}  // namespace larder::observe
