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

  /// What ST's first device library reports for internal flash: 100 ms for an erase, 104 ms for all
  /// else, Set Address included.
  ///
  /// `TimingTable` and `GETSTATUS` of the STM32 USB-FS-Device library's DFU example. Bootloaders
  /// of the time do the same: dfu-util printed 100 ms for the erase and 104 ms for Set Address of
  /// an F4 with 256 KiB (modm's manual, `program-dfu`) and of a GD32VF103 (gd32-dfu-utils#3), and
  /// fwupd saw 100 ms and 104 ms for the erase and the write of an F745 (fwupd#2696).
  package static let internalFlash = ReportedPolls(erase: 100, write: 104)
}
