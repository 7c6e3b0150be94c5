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

  @Test func `what is simulated and not guessed was posted`() {
    let strings = Set(Self.all.flatMap(\.strings))
    for chip in SimulatedChip.all where chip.profile.system != nil {
      guard !chip.profile.guessed.contains(.maps) else { continue }
      for map in chip.profile.usb.maps { #expect(strings.contains(map), "\(chip.name): \(map)") }
    }
  }

  /// The oracle has its strings to itself, so that a slip in the list shows; here both are compared.
  @Test(
    arguments: [
      ("stm32f042", "f042-ozseccon-badge"), ("stm32f072", "f072-blackmagic-readme"),
      ("stm32f107", "f107-dfu-util-lsusb"), ("stm32f303", "f303-betaflight"),
      ("stm32f401", "f411-weact"), ("stm32f405", "f405-odrive"),
      ("stm32f407-v2.1", "f407-discovery-lsusb"), ("stm32f427", "f429-leia"),
      ("stm32f446", "f446-tastm32"), ("stm32f723", "f72x-log"), ("stm32f745", "f74x-betaflight"),
      ("stm32l072", "l08x-bigclown"), ("stm32l476", "l4-inertial-sense-imx5"),
      ("stm32l4r5", "l4r9-sensortile-box-zephyr"), ("stm32l552", "l5-script"),
      ("stm32g0b1", "g0b1-bigtreetech"), ("stm32g0c1", "g0c1-st-community"),
      ("stm32u083", "u083-solarlorabox"), ("stm32h723", "h723-manta-m8p"),
      ("stm32h743", "h750-daisy-issue"), ("stm32h7a3", "h7a3-pydfuutil-issue"),
      ("stm32u575", "u585-stwinbx1-zephyr"), ("stm32c562", "c562-betaflight-test"),
    ])
  func `a simulated board says what the listing that it stands for has`(
    name: String, key: String
  ) throws {
    let usb = try #require(SimulatedChip.named(name)).profile.usb
    let posted = try #require(PostedListing.all[key])
    #expect(posted.vendorID == usb.vendorID && posted.productID == usb.productID)
    // Who posted the flash alone left the others out.
    #expect(posted.strings == Array(usb.maps.prefix(posted.strings.count)))
    #expect(posted.strings.count == usb.maps.count || posted.strings.count == 1)
    #expect(posted.bcdDevice ?? usb.bcdDevice == usb.bcdDevice)
    #expect(posted.product ?? usb.product == usb.product)
    #expect(posted.manufacturer ?? usb.manufacturer == usb.manufacturer)
    #expect(posted.transferSize ?? usb.transferSize == usb.transferSize)
    #expect(posted.bcdDFUVersion ?? usb.bcdDFUVersion == usb.bcdDFUVersion)
    #expect(posted.attributes ?? usb.attributes == usb.attributes)
  }
}
