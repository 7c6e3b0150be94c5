/// The `bwPollTimeout` a bootloader reports for each kind of work, which may have little to do with
/// the time it needs.
package struct ReportedPolls: Hashable, Sendable {
  /// For a sector erase.
  package var erase: Duration
  /// For a block of data.
  package var write: Duration
  /// For Set Address.
  package var setAddress: Duration
  /// For a mass erase.
  package var massErase: Duration
  /// For leaving.
  package var manifest: Duration

  /// Makes a set of reports, in milliseconds.
  package init(
    erase: Int, write: Int, setAddress: Int? = nil, massErase: Int? = nil, manifest: Int = 1
  ) {
    self.erase = .milliseconds(erase)
    self.write = .milliseconds(write)
    self.setAddress = .milliseconds(setAddress ?? write)
    self.massErase = .milliseconds(massErase ?? erase)
    self.manifest = .milliseconds(manifest)
  }
}
