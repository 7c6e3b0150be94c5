import Foundation
import Testing

@testable import DfuseDevice
@testable import DfuseSimulator

/// What somebody has posted, against the table of chips and the simulated boards.
@Suite struct PostedListingTests {
  static let all = PostedListing.all.values.sorted { $0.key < $1.key }
  /// Of ST's ROMs, as far as the flash is in it.
  static let roms = all.filter { listing in
    listing.vendorID == 0x0483 && listing.productID == 0xDF11 && !listing.isFromSource
      && ChipTable.roms.contains { $0.parts == "STM32" + listing.chip }
      && listing.strings[0].hasPrefix("@Internal")
  }
  static let programs = all.filter {
    $0.vendorID == 0x0483 && $0.productID == 0xDF11 && $0.isFromSource
  }

  private func identify(_ listing: PostedListing) -> ChipProfile {
    ChipProfile.identify(
      DeviceIdentity(
        vendorID: listing.vendorID ?? 0x0483, productID: listing.productID ?? 0xDF11,
        bcdDevice: listing.bcdDevice ?? generation(of: listing), path: "1-1", address: 1,
        product: listing.product),
      maps: listing.strings.compactMap(MemoryMap.parse))
  }

  /// Where nobody tells it: ROMs with two blanks in their product string are of the first generation.
  private func generation(of listing: PostedListing) -> UInt16 {
    ["F", "L0", "L1", "L4"].contains { listing.chip.hasPrefix($0) } ? 0x2200 : 0x0200
  }

  @Test func `there are enough of them, each with its source`() {
    let strings = Set(Self.all.flatMap(\.strings).filter { $0.hasPrefix("@") })
    #expect(strings.count >= 130)
    #expect(Self.all.allSatisfy { !$0.source.isEmpty && !$0.chip.isEmpty })
    #expect(
      Self.all.count == PostedListing.lineCount,
      "a line of PostedListing+All.swift lacks columns, which tabs divide")
  }

  @Test(arguments: all)
  func `every string is a map, or none, and no trap`(listing: PostedListing) {
    for text in listing.strings {
      let map = MemoryMap.parse(text)
      #expect((map != nil) == text.hasPrefix("@"))
      #expect(map?.segments.allSatisfy { $0.sectorCount > 0 && $0.sectorSize > 0 } ?? true)
    }
  }

  @Test(arguments: roms)
  func `a ROM that was seen is known for what it is, or for none`(listing: PostedListing) {
    let chip = identify(listing)
    // A copy of the F107's, which is a letter short.
    guard listing.key != "f107-kicksmash-comment" else { return #expect(!chip.isROM) }
    // Whoever posted the flash alone left out what tells.
    guard chip.isKnown else { return #expect(listing.strings.count == 1) }
    #expect(
      chip.roms.contains { $0.parts == "STM32" + listing.chip }, "\(listing.key): \(chip.name)")
  }

  @Test func `most ROMs that were seen are known`() {
    #expect(Self.roms.count >= 35)
    #expect(Self.roms.count { identify($0).isKnown } >= 30)
  }

  @Test(arguments: programs)
  func `a bootloader that is a program is taken for no ROM`(listing: PostedListing) {
    let chip = identify(listing)
    guard listing.product != nil else { return }
    #expect(!chip.isROM || !chip.isKnown, "\(listing.key): \(chip.name)")
    #expect(chip.version == nil && chip.decidingID(erasing: [0x0810_0000..<0x0812_0000]) == nil)
  }

  @Test(
    arguments: [
      ("u385-openbl-src", "STM32U375/385 or U3B5/3C5"), ("h7s7-openbl-src", "STM32H7R/7S"),
      ("l5-script", "STM32L552/562"), ("u585-openbl-src", "STM32U5/WBA (2 MiB)"),
      ("h573-openbl-src", "STM32H562/563/573 or H5E/5F"),
      ("u5-inertial-sense-gpx1", "STM32U575/585 or WBA62-65"),
      ("at32f415-gotek", "AT32F415"), ("at32f435-inav", "AT32F435/437"),
      ("at32f437-betaflight", "AT32F435/437"), ("at32f403a-openscope", "AT32"),
      ("h7b3-eval-st-community", "STM32H7A3/7B0/7B3"), ("f72x-log", "STM32F72x/73x"),
      ("apm32f072-durgod-k320", "APM32"), ("gd32vf103-pinecil", "GD32VF103"),
    ])
  func `chips that were taken for others are known`(key: String, name: String) throws {
    #expect(identify(try #require(PostedListing.all[key])).name == name)
  }

  // MARK: - The simulated boards, which say what was posted

  static let chips = SimulatedChip.every

  @Test(arguments: chips.map(\.name))
  func `a simulated board says what its listings have, and they are there`(name: String) throws {
    let chip = try #require(SimulatedChip.named(name))
    let usb = chip.profile.usb
    for key in usb.listings {
      #expect(
        PostedListing.all[key] != nil,
        "\(name) names '\(key)', which is no line of PostedListing+All.swift")
    }
    let strings = usb.listings.compactMap { PostedListing.all[$0] }.flatMap(\.strings)
    #expect(
      chip.profile.guessed.contains(.maps) || usb.maps.allSatisfy(strings.contains),
      "a map of \(name) is in none of its listings: take it from one, or mark it as guessed (.maps)"
    )
    #expect(!usb.serial.isEmpty && !usb.maps.isEmpty && !usb.maps.contains(""))
  }

  /// Each sector of the silicon in a range; nil where the range begins or ends within one, or outside.
  private func sectors(of chip: SimulatedChip, in range: Range<UInt64>) -> [Range<UInt64>]? {
    var found: [Range<UInt64>] = []
    var address = range.lowerBound
    while address < range.upperBound {
      let memory = chip.profile.memories.first { $0.range.contains(address) }
      guard let sector = memory?.sector(at: address), sector.lowerBound == address,
        sector.upperBound <= range.upperBound
      else { return nil }
      found.append(sector)
      address = sector.upperBound
    }
    return found
  }

  /// The memories are the simulator's own: so a slip in the list shows, or one in the silicon.
  @Test(arguments: chips.map(\.name))
  func `a board's strings have the sectors of its silicon, but for those that lie`(
    name: String
  ) throws {
    let chip = try #require(SimulatedChip.named(name))
    // Names of plain DFU are no maps; the Argon's second memory has the addresses of its first.
    guard !SimulatedChip.plain.contains(where: { $0.name == name }), name != "particle-argon" else {
      return
    }
    let maps = chip.profile.usb.maps.compactMap(MemoryMap.parse)
    #expect(maps.count == chip.profile.usb.maps.count, "a map of \(name) cannot be read")
    let isRight = maps.allSatisfy { map in
      map.segments.map(\.range).union.allSatisfy { range in
        let told = map.segments.flatMap { segment in
          (0..<UInt64(segment.sectorCount)).map { number in
            let start = segment.range.lowerBound + number * segment.sectorSize
            return start..<(start + segment.sectorSize)
          }
        }
        return sectors(of: chip, in: range) == told.filter { range.contains($0.lowerBound) }
      }
    }
    #expect(
      isRight != chip.profile.quirks.mapIsWrong,
      """
      the memories of \(name) are not those of its map: one of them is wrong, or the quirk \
      'mapIsWrong' says that the map lies
      """)
  }

  @Test func `no string that was posted is written down once more`() throws {
    let chips = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Sources/DfuseSimulator")
    let files = try #require(
      FileManager.default.enumerator(at: chips, includingPropertiesForKeys: nil)
    )
    .compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }
    #expect(files.count > 20)
    let strings = Set(Self.all.flatMap(\.strings))
    let literal = /"([^"\\]{5,})"/
    for file in files where !file.lastPathComponent.hasPrefix("PostedListing") {
      for match in try String(contentsOf: file, encoding: .utf8).matches(of: literal) {
        #expect(
          !strings.contains(String(match.1)),
          """
          \(file.lastPathComponent) has \(match.1), which a listing has: take it from there, \
          by .posted(KEY)
          """)
      }
    }
  }
}
