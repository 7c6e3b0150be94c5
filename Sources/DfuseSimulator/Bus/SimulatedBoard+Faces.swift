extension SimulatedBoard {
  /// What appears on the port by itself, after the bootloader has left it.
  ///
  /// The chip decides what starts, the firmware whether that is to be seen.
  package func face(after afterlife: Reaction.Afterlife) -> BoardFace {
    switch (afterlife, afterLeave) {
    case (.nothing, _), (.application, .nothing): .empty
    case (.application, .application): .application
    case (.bootloaderAgain, _): .bootloader
    }
  }

  /// Runs what is to be seen on the port from `now` on; the memory is what it was.
  mutating func become(_ face: BoardFace, at now: Duration) {
    application = nil
    switch face {
    case .empty: break
    case .bootloader: model.powerOn(at: now)
    case .application: application = ApplicationModel(serial: model.serial)
    }
  }
}
