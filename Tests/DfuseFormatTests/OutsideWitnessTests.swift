import DfuseTestSupport
import Testing

@testable import DfuseFormat

/// Files written by other programs, where they are installed.
@Suite struct OutsideWitnessTests {
  private static let seeds = [UInt64(11), 12, 13, 14]

  /// A random image below 4 MiB, so that formats with short addresses can hold it.
  private func image(seed: UInt64) throws -> MemoryImage {
    var random = SplitMix64(seed: seed)
    var pieces: [ImageElement] = []
    var address = UInt32.random(in: 0..<0x1_0000, using: &random)
    for _ in 0..<Int.random(in: 2...6, using: &random) {
      let bytes = random.bytes(Int.random(in: 1...3000, using: &random))
      pieces.append(ImageElement(address: address, bytes: bytes))
      address += UInt32(bytes.count) + UInt32.random(in: 1...0x1_0000, using: &random)
    }
    return try MemoryImage(merging: pieces)
  }

  /// The arguments that give srec_cat an image as one raw file a run.
  private func sources(
    of image: MemoryImage
  ) -> (arguments: [String], files: [String: [UInt8]]) {
    var arguments: [String] = []
    var files: [String: [UInt8]] = [:]
    for (index, run) in image.runs.enumerated() {
      files["\(index).raw"] = run.bytes
      arguments += ["\(index).raw", "-binary", "-offset", "\(run.address)"]
    }
    return (arguments, files)
  }

  @Test(.enabled(if: OutsideWitness.srecCat.isInstalled), arguments: seeds, [2, 3, 4])
  func `Intel HEX of srec_cat is read`(seed: UInt64, addressSize: Int) throws {
    var image = try image(seed: seed)
    // Without base records, which come with 3 (type 02) and 4 (type 04), 64 KiB can be addressed.
    if addressSize == 2 {
      let low = image.runs.filter { $0.address < 0x1_0000 }.map {
        ImageElement(
          address: $0.address, bytes: Array($0.bytes.prefix(0x1_0000 - Int($0.address))))
      }
      image = try MemoryImage(merging: low)
    }
    let (arguments, files) = sources(of: image)
    let bytes = try OutsideWitness.srecCat.run(
      arguments + ["-o", "out.hex", "-intel", "-address-length=\(addressSize)"],
      input: files, output: "out.hex")
    #expect(try Firmware(reading: bytes, as: .hex).image == image)
    #expect(FileContent(bytes) == .firmware(.hex))
  }

  @Test(.enabled(if: OutsideWitness.srecCat.isInstalled), arguments: seeds, [3, 4])
  func `S-records of srec_cat are read`(seed: UInt64, addressSize: Int) throws {
    let image = try image(seed: seed)
    let (arguments, files) = sources(of: image)
    let bytes = try OutsideWitness.srecCat.run(
      arguments + [
        "-o", "out.srec", "-motorola", "-address-length=\(addressSize)", "-header", "dfuse",
        "-execution-start-address", "0x1234",
      ],
      input: files, output: "out.srec")
    let firmware = try Firmware(reading: bytes, as: .srec)
    #expect(
      firmware
        == Firmware(.srec, image, entryPoint: 0x1234, header: "dfuse"))
    #expect(FileContent(bytes) == .firmware(.srec))
  }

  @Test(
    .enabled(if: OutsideWitness.objcopy.isInstalled),
    arguments: ["ihex", "srec"], [UInt32(0), 0x0800_0000, 0x0800_FFF1, 0x1_0000])
  func `records of objcopy are read`(format: String, address: UInt32) throws {
    var random = SplitMix64(seed: UInt64(address))
    let content = random.bytes(70_000)
    let bytes = try OutsideWitness.objcopy.run(
      ["-I", "binary", "-O", format, "--change-addresses", "\(address)", "in.raw", "out.txt"],
      input: ["in.raw": content], output: "out.txt")
    let firmware =
      format == "ihex"
      ? try Firmware(reading: bytes, as: .hex) : try Firmware(reading: bytes, as: .srec)
    #expect(try firmware.image.runs == [ImageElement(address: address, bytes: content)])
  }

  @Test(
    .enabled(if: OutsideWitness.objcopy.isInstalled), arguments: [UInt32(0), 1, 3, 4, 0x123])
  func `ELF is laid out as objcopy does, which fills all gaps`(gap: UInt32) throws {
    var builder = ELFBuilder(
      segments: [
        .init(
          offset: 0, virtualAddress: 0x07FF_FF00, physicalAddress: 0x07FF_FF00, fileSize: 0x108),
        .init(
          offset: 0x108, virtualAddress: 0x2000_0000, physicalAddress: 0x0800_0008 + gap,
          fileSize: 4, memorySize: 0x40),
      ],
      sections: [
        .init(flags: 6, address: 0x0800_0000, offset: 0x100, size: 8),
        .init(flags: 3, address: 0x2000_0000, offset: 0x108, size: 4),
        .init(type: 8, flags: 3, address: 0x2000_0004, offset: 0x10C, size: 0x3C),
        .init(type: 3, flags: 0, address: 0, offset: 0x10C, size: 1),
      ],
      content: [UInt8](1...12) + [0])
    builder.sectionNamesIndex = 4
    try expectLayoutOfObjcopy(builder.bytes)
  }

  @Test(
    .enabled(
      if: OutsideWitness.objcopy.isInstalled && OutsideWitness.linker.isInstalled
        && OutsideWitness.assembler.isInstalled),
    arguments: ["-N", "-n", "-z max-page-size=4096", "-z max-page-size=65536"])
  func `a program of GNU ld is laid out as objcopy does`(pages: String) throws {
    let source = """
      .section .vectors, "a"
      .word 0x20001000, start + 1
      .text
      .thumb
      .global start
      start: b start
      .section .rodata, "a"
      .byte 1, 2, 3, 4, 5
      .data
      .word 0x11223344, 0x55667788
      .bss
      .space 64

      """
    let script = """
      ENTRY(start)
      MEMORY { FLASH (rx) : ORIGIN = 0x08000000, LENGTH = 64K
               RAM (rwx) : ORIGIN = 0x20000000, LENGTH = 16K }
      SECTIONS {
        .vectors : { KEEP(*(.vectors)) } > FLASH
        .text : { *(.text) } > FLASH
        .rodata : { *(.rodata) } > FLASH
        .data : ALIGN(8) { *(.data) } > RAM AT > FLASH
        .bss : { *(.bss) } > RAM
      }

      """
    let object = try OutsideWitness.assembler.run(
      ["-mcpu=cortex-m3", "in.s", "-o", "out.o"], input: ["in.s": Array(source.utf8)],
      output: "out.o")
    let program = try OutsideWitness.linker.run(
      pages.split(separator: " ").map(String.init) + ["-T", "in.ld", "in.o", "-o", "out.elf"],
      input: ["in.o": object, "in.ld": Array(script.utf8)], output: "out.elf")
    try expectLayoutOfObjcopy(program)
    #expect(throws: FormatError.badELF(offset: 16, problem: .relocatable)) {
      try Firmware(reading: object, as: .elf)
    }
    let firmware = try Firmware(reading: program, as: .elf)
    #expect(firmware.entryPoint == 0x0800_0008 || firmware.entryPoint == 0x0800_0009)
    #expect(firmware.warnings == [])
    let image = try firmware.image
    #expect(
      VectorTable.implausibility(of: image, at: image.ranges.first?.lowerBound ?? 0) == nil)
  }

  /// Compares what is loaded with the flat file that objcopy makes of a program at 0x0800_0000.
  private func expectLayoutOfObjcopy(
    _ file: [UInt8], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let flat = try OutsideWitness.objcopy.run(
      ["-O", "binary", "in.elf", "out.bin"], input: ["in.elf": file], output: "out.bin")
    let image = try Firmware(reading: file, as: .elf).image
    try #require(image.runs.first?.address == 0x0800_0000, sourceLocation: sourceLocation)
    var mine: [UInt8] = []
    for run in image.runs {
      mine += [UInt8](repeating: 0, count: Int(run.address) - 0x0800_0000 - mine.count)
      mine += run.bytes
    }
    #expect(mine == flat, sourceLocation: sourceLocation)
  }
}
