/// How long a chip really works; typical values.
package struct WorkTimes: Hashable, Sendable {
  /// Erase time by sector size in bytes.
  package var erase: [Int: Duration]
  /// Bytes in one program operation.
  package var programWidth: Int
  /// Time of one program operation.
  package var program: Duration
  /// Time to erase the whole flash.
  package var massErase: Duration
  /// Time the bootloader needs to fetch 1 KiB for an upload.
  package var readKiB: Duration

  /// Makes a set of times.
  package init(
    erase: [Int: Duration], programWidth: Int, program: Duration, massErase: Duration,
    readKiB: Duration = .milliseconds(3)
  ) {
    self.erase = erase
    self.programWidth = programWidth
    self.program = program
    self.massErase = massErase
    self.readKiB = readKiB
  }

  /// Time to program `count` bytes.
  package func programming(_ count: Int) -> Duration {
    program * ((count + programWidth - 1) / programWidth)
  }

  /// Time to erase a sector of `size` bytes: 1 s when the size is not listed.
  package func erasing(_ size: Int) -> Duration { erase[size] ?? .seconds(1) }

  /// Time to fetch `count` bytes.
  package func reading(_ count: Int) -> Duration { readKiB * count / 1024 }
}
