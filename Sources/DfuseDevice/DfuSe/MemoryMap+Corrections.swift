extension MemoryMap {
  /// The map as it is in truth, for devices whose maps are known to be wrong.
  ///
  /// Every change leaves a note. Five corrections, in this order:
  /// - Device Feature is readable and writable, whatever it says (dfu-util does the same).
  /// - Option bytes and OTP are never erased by the erase command (AN3156).
  /// - Behind the option bytes of U5 and U0 stand words for keys (``OptionBytesExtent``).
  /// - The GD32VF103 claims 512 pages of 2 KiB; its pages are 1 KiB, and the third character of
  ///   its serial number tells how many there are (dfu-util, fwupd).
  /// - The H7A3's bootloader V9.0 claims 2 KiB where sectors are 8 KiB (AN2606).
  ///
  /// - Parameters:
  ///   - identity: The device, with its serial number if it could be read.
  ///   - siblings: The maps of all its alternate settings; this one may be among them.
  /// - Returns: The corrected map, or the same one when nothing is known to be wrong.
  public func corrected(for identity: DeviceIdentity, siblings: [MemoryMap]) -> MemoryMap {
    var map = self
    switch kind {
    case .deviceFeature:
      map.correctDeviceFeature()
    case .optionBytes:
      map.removeErase()
      map.leaveKeyWordsOut()
    case .otp:
      map.removeErase()
    case .internalFlash:
      map.correctGD32Pages(for: identity)
      map.correctH7A3Sectors(for: identity, siblings: siblings)
    case .dataEEPROM, .engineeringBytes, .externalFlash, .other:
      break
    }
    return map
  }

  private mutating func correctDeviceFeature() {
    let before = segments
    for place in segments.indices { segments[place].access = [.readable, .writable] }
    if segments != before { notes.append(.deviceFeatureAccess) }
  }

  private mutating func removeErase() {
    guard segments.contains(where: { $0.access.contains(.erasable) }) else { return }
    for place in segments.indices { segments[place].access.remove(.erasable) }
    notes.append(.notErasable)
  }

  /// A map with several runs was written by a bootloader that knows its pages, and is left alone.
  private mutating func correctGD32Pages(for identity: DeviceIdentity) {
    guard identity.usbID == .gd32Bootloader, segments.count == 1,
      segments[0].start == 0x0800_0000, let serial = identity.serialNumber
    else { return }
    let letters = Array(serial)
    guard letters.count == 4, letters[0] == "3", letters[3] == "J" else { return }
    let pages: UInt64 =
      switch letters[2] {
      case "2": 8
      case "4": 16
      case "6": 32
      case "8": 64
      case "D": 256
      default: 128  // "B" is the common part; an unknown letter is taken for it
      }
    guard segments[0].sectorSize != 1024 || segments[0].sectorCount != pages else { return }
    segments[0].sectorSize = 1024
    segments[0].sectorCount = pages
    notes.append(.gd32Pages(count: pages))
  }

  private mutating func correctH7A3Sectors(for identity: DeviceIdentity, siblings: [MemoryMap]) {
    // 0x5200_201C is where every H7 has its option bytes; an H7B3I-EVAL with the first ROM said
    // 0x1FF8000 instead.
    let optionBytes: Set<UInt64> = [0x5200_201C, 0x01FF_8000]
    guard identity.usbID == .stBootloader,
      segments.count == 1, segments[0].start == 0x0800_0000, segments[0].sectorSize == 2048,
      siblings.contains(where: { sibling in
        sibling.kind == .optionBytes
          && sibling.segments.contains { optionBytes.contains($0.start) }
      })
    else { return }
    segments[0].sectorSize = 8192
    notes.append(.h7a3Sectors)
  }
}
