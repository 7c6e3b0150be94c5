/// How a sector erase ended.
public enum EraseOutcome: Hashable, Sendable {
  /// The device said that it is done.
  case done
  /// The device never said so, and was freed after the longest time an erase takes.
  ///
  /// Whether the sector is blank, only reading it tells.
  case freedWhileBusy
}

/// How a write ended.
public enum WriteOutcome: Hashable, Sendable {
  /// The device said that it is done.
  case done
  /// The device left the bus instead of answering, as after a write of option bytes.
  case deviceReset(PortSighting)
}

/// What became of a device that was told to leave DFU mode.
public enum LeaveOutcome: Hashable, Sendable {
  /// It left the bus; never with ``PortSighting/stillThere``.
  case left(PortSighting)
  /// It is still there, in this state.
  case stayed(DFUState, DFUStatus)
}

/// What became of a device whose read protection was to be removed.
public enum UnprotectOutcome: Hashable, Sendable {
  /// It left the bus, as it should; never with ``PortSighting/stillThere``.
  ///
  /// Many must be unplugged and plugged in again.
  case left(PortSighting)
  /// It acknowledged the command in this state and stayed on the bus.
  ///
  /// ST's USB device library does so and does nothing else.
  case stayed(DFUState)
}
