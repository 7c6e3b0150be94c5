// with: DfuseDevice

/// libFuzzer's entry: a device by what it says of itself, and by what it answers when it is asked.
///
/// The first eight bytes are the release, choices, and what the id's address holds; then come the
/// product string and the names of alternate settings, a line each.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzIdentify(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  let input = fuzzInput(data, size)
  guard input.count >= 8 else { return 0 }
  let lines = input.dropFirst(8).split(separator: 0x0A, omittingEmptySubsequences: false)
    .map { String(decoding: $0, as: UTF8.self) }
  let ids = ChipTable.entries.flatMap(\.signature.ids) + [USBID(vendorID: 0x1234, productID: 1)]
  let id = ids[Int(input[2]) % ids.count]
  let identity = DeviceIdentity(
    vendorID: id.vendorID, productID: id.productID,
    bcdDevice: UInt16(input[0]) | UInt16(input[1]) << 8, path: "1-1", address: 1,
    product: input[3] & 1 == 0 ? nil : lines.first)
  let raw = lines.dropFirst().compactMap(MemoryMap.parse)
  let maps = raw.map { $0.corrected(for: identity, siblings: raw) }
  let chip = ChipProfile.identify(identity, maps: maps)

  let facts = ChipFacts(identity: identity, maps: maps)
  let fitting = ChipTable.entries.filter { $0.signature.fits(facts) }
  precondition(chip.isKnown || fitting.count != 1, "a chip that fits one entry is not known")
  if fitting.count != 1 { precondition(!chip.isKnown && chip.roms.isEmpty, "a wrong certainty") }
  precondition(!chip.name.isEmpty, "a chip without a name")
  precondition(
    chip.programmingUnit >= 4 && chip.programmingUnit.nonzeroBitCount == 1, "no unit to write")
  for map in maps {
    for segment in map.segments { _ = chip.eraseTime(forSectorOf: segment.sectorSize) }
  }
  if let address = chip.decidingID(erasing: [0x0810_0000..<0x0812_0000]) {
    precondition(chip.roms.allSatisfy { $0.idAddress == address }, "an address of another chip")
  }
  let version = BootloaderVersion(Array(input[4..<6]), of: chip.roms)
  precondition(version?.description.isEmpty != true, "a release without words")
  return 0
}
