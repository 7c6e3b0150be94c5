import DfuseFormat
import Testing

@testable import DfuseDevice

/// Where firmware goes, and where it may not go.
@Suite struct FlashLayoutTests {
  // MARK: Which memory

  @Test func `an image is placed by its addresses`() throws {
    let work = try FlashBench.l072.work(
      piece(0x0808_0010, 4), piece(0x0800_0000, 8), piece(0x0802_FFF8, 8))
    #expect(work.map(\.memory.alternateSetting) == [0, 2])
    #expect(work.map(\.memory.map.kind) == [.internalFlash, .dataEEPROM])
    #expect(work[0].image.ranges == [0x0800_0000..<0x0800_0008, 0x0802_FFF8..<0x0803_0000])
    #expect(work[1].image.ranges == [0x0808_0010..<0x0808_0014])
  }

  @Test func `a named alternate setting is the only one looked at`() throws {
    let bench = try FlashBench.l072
    #expect(try bench.work(piece(0x0808_0000, 4), alt: 2).map(\.memory.alternateSetting) == [2])
    #expect(
      throws: FlashError.outsideMemory(
        0x0808_0000..<0x0808_0004, alternateSetting: 0, memory: bench.memories[0].map, found: 2)
    ) { try bench.work(piece(0x0808_0000, 4), alt: 0) }
  }

  @Test func `the targets of one alternate setting are united, whatever their order`() throws {
    let work = try FlashBench.f405.work(
      targets: (0, [piece(0x0800_4000, 4)]), (0, [piece(0x0800_0004, 4), piece(0x0800_0000, 4)]))
    #expect(work.count == 1)
    #expect(work[0].widened.runs == [piece(0x0800_0000, 8), piece(0x0800_4000, 4)])
  }

  @Test func `two targets that differ about an address are a conflict`() throws {
    let bench = try FlashBench.f405
    #expect(
      throws: FlashError.conflict(
        .overlap(
          new: 0x0800_0004..<0x0800_000C, existing: 0x0800_0000..<0x0800_0008,
          firstDifference: 0x0800_0004))
    ) {
      try bench.work(
        targets: (0, [piece(0x0800_0000, 8, 1)]), (0, [piece(0x0800_0004, 8, 2)]))
    }
  }

  @Test func `flash comes first, EEPROM next and option bytes last`() throws {
    var bench = try FlashBench.l072
    bench.options.allowOptionBytes = true
    let work = try bench.work(
      targets: (1, [piece(0x1FF8_0000, 32)]), (2, [piece(0x0808_0000, 4)]),
      (0, [piece(0x0800_0000, 4)]))
    #expect(work.map(\.memory.map.kind) == [.internalFlash, .dataEEPROM, .optionBytes])
  }

  @Test func `alternate settings that show one map are one memory, the first`() throws {
    let map = "@Internal Flash   /0x08000000/64*02Kg"
    let bench = try FlashBench(map, map, map, product: "DFU in FS Mode")
    #expect(bench.board.chip.name == "STM32G0B1/0C1")
    let work = try bench.work(
      targets: (0, [piece(0x0800_0000, 8)]), (2, [piece(0x0800_0800, 8)]))
    #expect(work.map(\.memory.alternateSetting) == [0])
    #expect(work[0].sectors.map(\.lowerBound) == [0x0800_0000, 0x0800_0800])
    #expect(throws: FlashError.self) {
      try bench.work(targets: (0, [piece(0x0800_0000, 8, 1)]), (2, [piece(0x0800_0000, 8, 2)]))
    }
  }

  @Test func `a board without memory maps cannot be flashed`() throws {
    var bench = try FlashBench.f405
    bench.board.memories = []
    #expect(throws: FlashError.noMemoryMap) { try bench.work(piece(0x0800_0000, 4)) }
  }

  @Test func `an alternate setting that is not there is named with those that are`() throws {
    let bench = try FlashBench.f405
    let error = FlashError.noSuchAlternateSetting(7, available: [0, 1, 2, 3])
    #expect(throws: error) { try bench.work(piece(0x0800_0000, 4), alt: 7) }
    #expect(throws: error) {
      try bench.work(targets: (0, [piece(0x0800_0000, 4)]), (7, [piece(0x0800_0000, 4)]))
    }
  }

  @Test func `an empty image is nothing to flash`() throws {
    let bench = try FlashBench.f405
    #expect(throws: FlashError.nothingToFlash) { try bench.work() }
    #expect(throws: FlashError.nothingToFlash) { try bench.work(targets: (0, [])) }
  }

  // MARK: Ids

  @Test(
    arguments: [
      (0x0483, 0xDF11, true), (0xFFFF, 0xFFFF, true), (0x0483, 0xFFFF, true),
      (0xFFFF, 0xDF11, true), (0x0484, 0xDF11, false), (0x0483, 0xDF12, false),
      (0x28E9, 0x0189, false), (0x0000, 0x0000, true), (0x0483, 0x0000, true),
    ] as [(UInt16, UInt16, Bool)])
  func `a container's ids must be the board's, or any`(
    vendor: UInt16, product: UInt16, fits: Bool
  ) throws {
    var bench = try FlashBench.f405
    let container = Firmware(
      suffix: DFUSuffix(productID: product, vendorID: vendor),
      targets: [.init(alternateSetting: 0, elements: [piece(0x0800_0000, 4)])])
    if fits {
      #expect(try bench.layout.work(for: container).count == 1)
    } else {
      #expect(
        throws: FlashError.otherDevice(
          wanted: USBID(vendorID: vendor, productID: product), found: .stBootloader)
      ) { try bench.layout.work(for: container) }
      bench.options.ignoreIDs = true
      #expect(try bench.layout.work(for: container).count == 1)
    }
  }

  // MARK: What may be written

  @Test func `an address in no memory is outside`() throws {
    let bench = try FlashBench.f405
    #expect(
      throws: FlashError.outsideMemory(
        0x0000_0000..<0x0000_0010, alternateSetting: nil, memory: bench.memories[0].map,
        found: nil)
    ) { try bench.work(piece(0, 16)) }
  }

  @Test(arguments: [nil, 0] as [UInt8?])
  func `what goes on behind the flash is outside from there on`(alt: UInt8?) throws {
    let bench = try FlashBench.f405
    #expect(
      throws: FlashError.outsideMemory(
        0x0810_0000..<0x0810_0004, alternateSetting: alt, memory: bench.memories[0].map,
        found: nil)
    ) { try bench.work(piece(0x080F_FFFC, 8), alt: alt) }
  }

  @Test func `the last byte of the flash may be written, and that of the address space`() throws {
    #expect(try FlashBench.f405.work(piece(0x080F_FFFF, 1)).count == 1)
    let bench = try FlashBench("@External Flash /0xFFFFF000/4*1Kg")
    #expect(
      try bench.work(piece(0xFFFF_FFFF, 1))[0].widened.runs.map(\.range.upperBound) == [1 << 32])
  }

  @Test func `an area that cannot be written is refused, with the next that can`() throws {
    let bench = try FlashBench.usbd
    let segments = bench.memories[0].map.segments
    #expect(
      throws: FlashError.notWritable(
        0x0800_0000..<0x0800_0010, segment: segments[0], writable: segments[1])
    ) { try bench.work(piece(0x0800_0000, 16)) }
    #expect(
      throws: FlashError.notWritable(
        0x0800_BFF8..<0x0800_C000, segment: segments[0], writable: segments[1])
    ) { try bench.work(piece(0x0800_BFF8, 16), alt: 0) }
    #expect(try bench.work(piece(0x0800_C000, 16)).count == 1)
  }

  @Test func `what cannot be written may still be compared`() throws {
    let bench = try FlashBench.usbd
    let image = try MemoryImage(merging: [piece(0x0800_0000, 16)])
    let work = try bench.layout.work(
      for: Firmware(image), forWriting: false)
    #expect(work[0].image == image)
  }

  @Test func `option bytes, Device Feature and OTP need consent, each its own`() throws {
    var bench = try FlashBench.f405
    let pieces = [
      (piece(0x1FFF_C000, 16), MemoryKind.optionBytes, "Option Bytes"),
      (piece(0xFFFF_0000, 4), .deviceFeature, "Device Feature"),
      (piece(0x1FFF_7800, 4), .otp, "OTP Memory"),
    ]
    func refused() throws -> [MemoryKind] {
      try pieces.compactMap { piece, kind, name in
        do {
          _ = try bench.work(piece)
          return nil
        } catch let error as FlashError {
          #expect(error == .needsConsent(kind, name: name, range: piece.range))
          return kind
        }
      }
    }
    #expect(try refused() == [.optionBytes, .deviceFeature, .otp])
    bench.options.allowOptionBytes = true
    #expect(try refused() == [.otp])
    bench.options.allowOTP = true
    #expect(try refused() == [])
    bench.options.allowOptionBytes = false
    #expect(try refused() == [.optionBytes, .deviceFeature])
  }

  @Test func `engineering bytes are never written`() throws {
    var bench = try FlashBench(
      "@Internal Flash    /0x08000000/128*02Kg", "@ENGI Bytes        /0x1FFF6C00/01*1024.e")
    bench.options.allowOptionBytes = true
    bench.options.allowOTP = true
    #expect(throws: FlashError.self) { try bench.work(piece(0x1FFF_6C00, 4)) }
  }

  // MARK: Padding

  @Test func `runs are widened to the programming unit with the erased value`() throws {
    let bench = try FlashBench.h743
    #expect(bench.board.chip.programmingUnit == 32)
    let work = try bench.work(piece(0x0800_0003, 5), piece(0x0800_0080, 32))
    let first =
      [UInt8](repeating: 0xFF, count: 3) + [UInt8](repeating: 0xA5, count: 5)
      + [UInt8](repeating: 0xFF, count: 24)
    #expect(
      work[0].widened.runs == [
        ImageElement(address: 0x0800_0000, bytes: first), piece(0x0800_0080, 32),
      ])
    #expect(work[0].image.ranges == [0x0800_0003..<0x0800_0008, 0x0800_0080..<0x0800_00A0])
  }

  @Test func `an L0 is widened with zeros`() throws {
    let work = try FlashBench.l072.work(piece(0x0800_0002, 1))
    #expect(
      work[0].widened.runs == [
        ImageElement(address: 0x0800_0000, bytes: [0, 0, 0xA5, 0, 0, 0, 0, 0])
      ])
    #expect(work[0].sectors == [0x0800_0000..<0x0800_0080])
    #expect(work[0].memory.map.allows([.readable, .erasable, .writable], in: work[0].sectors[0]))
    #expect(!work[0].isCovered(work[0].sectors[0]))
  }

  @Test func `runs that meet in one unit become one`() throws {
    let bench = try FlashBench.h743
    let expected: (Int, Int) -> [UInt8] = { first, gap in
      let bytes =
        [UInt8](repeating: 1, count: first) + [UInt8](repeating: 0xFF, count: gap)
        + [UInt8](repeating: 2, count: 4)
      return bytes + [UInt8](repeating: 0xFF, count: (32 - bytes.count % 32) % 32)
    }
    for (first, gap) in [(4, 4), (4, 24), (40, 8), (28, 4), (31, 1)] {
      let work = try bench.work(
        piece(0x0800_0000, first, 1), piece(0x0800_0000 + UInt32(first + gap), 4, 2))
      #expect(work[0].widened.runs.count == 1)
      #expect(work[0].widened.runs[0].bytes == expected(first, gap))
    }
  }

  @Test func `three runs in one unit become one`() throws {
    let work = try FlashBench.h743.work(
      piece(0x0800_0001, 1, 1), piece(0x0800_0005, 1, 2), piece(0x0800_001F, 1, 3))
    var bytes = [UInt8](repeating: 0xFF, count: 32)
    bytes[1] = 1
    bytes[5] = 2
    bytes[31] = 3
    #expect(work[0].widened.runs == [ImageElement(address: 0x0800_0000, bytes: bytes)])
  }

  @Test func `a unit never reaches into another sector or segment`() throws {
    // No real map has such sectors; a host must not erase what the image does not touch.
    var bench = try FlashBench("@Internal Flash /0x08000000/2*40g,2*100g")
    bench.board.chip.programmingUnit = 32
    let work = try bench.work(
      piece(0x0800_0000 + 39, 1), piece(0x0800_0000 + 80, 1), piece(0x0800_0000 + 279, 1))
    #expect(
      work[0].widened.runs.map(\.range).map {
        ($0.lowerBound - 0x0800_0000)..<($0.upperBound - 0x0800_0000)
      }
        == [32..<40, 80..<96, 256..<280])
    #expect(
      work[0].sectors.map { $0.lowerBound - 0x0800_0000 } == [0, 80, 180])
  }

  @Test func `the unit at the end of the flash ends there`() throws {
    let work = try FlashBench.h743.work(piece(0x081F_FFFE, 2))
    #expect(work[0].widened.runs.map(\.range) == [0x081F_FFE0..<0x0820_0000])
  }

  @Test func `only flash is widened`() throws {
    var bench = try FlashBench.f405
    bench.options.allowOTP = true
    #expect(try bench.work(piece(0x1FFF_7801, 1))[0].widened.runs == [piece(0x1FFF_7801, 1)])
  }

  // MARK: Sectors

  @Test func `sectors are those of the map, once each, and covered when wholly replaced`() throws {
    let work = try FlashBench.f405.work(
      piece(0x0800_0000, 4), piece(0x0800_2000, 4), piece(0x0800_4000, 0x4000),
      piece(0x0800_FFFC, 8))
    #expect(
      work[0].sectors == [
        0x0800_0000..<0x0800_4000, 0x0800_4000..<0x0800_8000, 0x0800_C000..<0x0801_0000,
        0x0801_0000..<0x0802_0000,
      ])
    #expect(work[0].sectors.map(work[0].isCovered) == [false, true, false, false])
  }

  @Test func `a sector covered by two runs is covered`() throws {
    let bench = try FlashBench.l072
    let work = try bench.work(
      targets: (0, [piece(0x0800_0040, 64)]), (0, [piece(0x0800_0000, 64, 3)]))
    #expect(work[0].sectors.map(work[0].isCovered) == [true])
  }
}
