import DfuseDevice
import DfuseFormat
import DfuseTestSupport
import Testing

@testable import DfuseSimulator

/// In which order a flash does its work, seen on the wire.
@Suite struct FlashOrderTests {
  /// Chips with large and small sectors, blocks larger and smaller than a sector, and flash that
  /// does not begin at 0x0800_0000.
  static let names = ["stm32f405", "stm32f042", "stm32l072", "stm32g431", "stm32h723", "st-usbd"]

  private struct Capture {
    var steps: [FlashStep]
    var image: MemoryImage
    var chip: SimulatedChip
    var plan: FlashPlan

    var writes: [(index: Int, range: Range<UInt64>)] {
      steps.enumerated().compactMap { index, step in
        guard case .write(let range) = step else { return nil }
        return (index, range)
      }
    }
  }

  /// A flash of a used board, from the plan to leaving.
  private func capture(_ name: String, preserve: Bool = false) throws -> Capture {
    let chip = try TestProgram.chip(name)
    let image = try TestProgram.image(for: chip, first: 9001)
    let rig = FlashRig(TestProgram.usedBoard(chip))
    rig.record()
    var options = FlashOptions()
    options.preserve = preserve
    var flasher = try rig.flasher()
    let plan = try flasher.plan(Firmware(image), options: options)
    #expect(try flasher.run(plan).isVerified)
    guard case .left = try flasher.leave(to: plan.programStart) else {
      Issue.record("the board stayed")
      throw FlashError.noMemoryMap
    }
    return Capture(steps: try rig.steps, image: image, chip: chip, plan: plan)
  }

  @Test(arguments: names, [false, true])
  func `each sector is erased once, before anything is written into it`(
    name: String, preserve: Bool
  ) throws {
    let capture = try capture(name, preserve: preserve)
    let flash = try #require(capture.chip.profile.memory(.flash))
    var erased: [UInt64: Int] = [:]
    for (index, step) in capture.steps.enumerated() {
      guard case .erase(let address) = step else { continue }
      #expect(erased[UInt64(address)] == nil)
      erased[UInt64(address)] = index
    }
    #expect(
      Set(erased.keys) == Set(capture.plan.memories[0].sectors.map(\.range.lowerBound)))
    for write in capture.writes {
      var address = write.range.lowerBound
      while address < write.range.upperBound {
        let sector = try #require(flash.sector(at: address))
        #expect(try #require(erased[sector.lowerBound]) < write.index)
        address = sector.upperBound
      }
    }
  }

  @Test(arguments: names)
  func `the sector with the vector table is erased first`(name: String) throws {
    let capture = try capture(name)
    let start = try #require(capture.plan.programStart)
    let first = capture.steps.first { $0.changesTheBoard }
    #expect(first == .erase(start))
  }

  @Test(arguments: names)
  func `the block with the vector table is written when all else has been read back`(
    name: String
  ) throws {
    let capture = try capture(name)
    let start = UInt64(try #require(capture.plan.programStart))
    let last = try #require(capture.writes.last)
    #expect(last.range.contains(start))
    #expect(capture.writes.filter { $0.range.contains(start) }.count == 1)
    let lastOther = try #require(capture.writes.dropLast().last)
    var readBack: Set<UInt64> = []
    for step in capture.steps[lastOther.index..<last.index] {
      if case .read(let range) = step { readBack.formUnion(range) }
    }
    for run in capture.image.runs {
      #expect(run.range.allSatisfy { readBack.contains($0) || last.range.contains($0) })
    }
  }

  @Test(arguments: names)
  func `the vector table is read back before the board is left to its start`(name: String) throws {
    let capture = try capture(name)
    let start = try #require(capture.plan.programStart)
    let last = try #require(capture.writes.last)
    let behind = capture.steps[(last.index + 1)...]
    #expect(behind.last == .leave(from: start))
    #expect(behind.contains(.read(last.range)))
    #expect(behind.dropLast().last == .setAddress(start))
  }

  @Test(arguments: names)
  func `an address is set once a run, once more for its short end, and for the vector table`(
    name: String
  ) throws {
    let capture = try capture(name)
    let first = try #require(
      capture.steps.firstIndex { if case .write = $0 { true } else { false } })
    let last = try #require(capture.writes.dropLast().last)
    let addresses = capture.steps[first..<last.index].filter {
      if case .setAddress = $0 { true } else { false }
    }
    // Two runs, each with a short end; the first address stands before the first write.
    #expect(addresses.count == 3)
  }

  @Test(arguments: names)
  func `nothing outside the touched sectors is written`(name: String) throws {
    let capture = try capture(name)
    let sectors = capture.plan.memories[0].sectors.map(\.range)
    for write in capture.writes {
      #expect(
        write.range.allSatisfy { address in sectors.contains { $0.contains(address) } })
    }
  }

  @Test func `two elements in one sector share its erase, whatever their order`() throws {
    // dfu-util and pydfu erase element by element, and so destroy the first one.
    let rig = try FlashRig("stm32f405") { board in
      board.load([UInt8](repeating: 0, count: 16 << 10), at: 0x0800_0000)
    }
    let container = Firmware(targets: [
      .init(
        alternateSetting: 0,
        elements: [
          ImageElement(address: 0x0800_2000, bytes: pattern(100)),
          ImageElement(address: 0x0800_4000, bytes: pattern(100, seed: 3)),
          ImageElement(address: 0x0800_0000, bytes: pattern(100, seed: 5)),
        ]),
      .init(
        alternateSetting: 0, name: "again",
        elements: [ImageElement(address: 0x0800_1000, bytes: pattern(100, seed: 7))]),
    ])
    let result = try rig.flash(container)
    #expect(result.isVerified)
    #expect(result.sectorsErased == 1)
    #expect(try rig.board.counters.erases == [0x0800_0000: 1])
    for element in container.targets.flatMap(\.elements) {
      #expect(try rig.memory(element.range) == element.bytes)
    }
  }
}
