import Testing

@testable import DfuseDevice

@Suite struct MemoryMapTests {
  @Test(
    arguments: MemoryMapCase.roms + MemoryMapCase.microprocessors + MemoryMapCase.clones
      + MemoryMapCase.products + MemoryMapCase.examples)
  func `a string from the field says its name and segments`(sample: MemoryMapCase) throws {
    let map = try #require(MemoryMap.parse(sample.text))
    #expect(map.name == sample.name)
    #expect(map.text == sample.text)
    #expect(map.kind == sample.kind)
    #expect(map.segments == sample.segments)
    #expect(map.notes == sample.notes)
  }

  @Test(
    arguments: [
      "Internal Flash", "UNKNOWN", "UNDEFINED", "", " @Internal Flash/0x08000000/1*1Kg",
      "STM32duino bootloader v1.0  Upload to Flash 0x8002000",
    ])
  func `a name without an at sign has no map`(text: String) {
    #expect(MemoryMap.parse(text) == nil)
  }

  @Test(
    arguments: [
      ("1*16Ka", "r"), ("1*16Kb", "e"), ("1*16Kc", "re"), ("1*16Kd", "w"), ("1*16Ke", "rw"),
      ("1*16Kf", "ew"), ("1*16Kg", "rew"), ("1*16KG", "rew"), ("1*16kg", "rew"),
      ("1 * 16 K g ", "rew"),
    ])
  func `the type letter's low three bits are the access`(text: String, access: String) {
    let map = MemoryMap.parse("@X/0x100/" + text)
    #expect(map?.segments == [run(0x100, 1, 16 * kibi, access)])
    #expect(map?.notes == [])
  }

  @Test(
    arguments: [
      // The run, bytes a sector, access, notes
      ("1*16", 16, "r", [.typeMissing("1*16")]),
      ("1*16K", 16384, "r", [.typeMissing("1*16K")]),
      ("1*16B", 16, "r", [.typeMissing("1*16B")]),
      ("1*16h", 16, "r", [.typeMissing("1*16h"), .unknownMultiplier("1*16h")]),
      ("1*16Xg", 16, "rew", [.unknownMultiplier("1*16Xg")]),
      ("1*16Kgg", 16384, "rew", [.junkAfterRun("1*16Kgg")]),
      ("1*2Mg", 2_097_152, "rew", []),
      ("1*0016 g", 16, "rew", []),
      ("00001*99999Bg", 99_999, "rew", []),
    ] as [(String, UInt64, String, [MemoryMapNote])])
  func `a run with oddities is read as far as it makes sense`(
    text: String, size: UInt64, access: String, notes: [MemoryMapNote]
  ) {
    let map = MemoryMap.parse("@X/0x100/" + text)
    #expect(map?.segments == [run(0x100, 1, size, access)])
    #expect(map?.notes == notes)
  }

  @Test(
    arguments: [
      "", "*", "1*", "*1Kg", "-1*1Kg", "+1*1Kg", "1*-1Kg", "1x1Kg", "100000*1Kg", "1*100000Kg",
      "99999999999999999999999*1Kg", "0x10*1Kg", "1 2*1Kg",
    ])
  func `a run that cannot be read ends its group and no other`(text: String) {
    let map = MemoryMap.parse("@X/0x100/1*16 g,\(text),1*16 g/0x1000/2*16 g")
    #expect(map?.segments == [run(0x100, 1, 16, "rew"), run(0x1000, 2, 16, "rew")])
    #expect(map?.notes == [.malformedRun(text)])
  }

  @Test(arguments: ["00*16 g", "1*000 g"])
  func `a run of nothing is left out, and the next one stands in its place`(text: String) {
    let map = MemoryMap.parse("@X/0x100/\(text),1*16 g")
    #expect(map?.segments == [run(0x100, 1, 16, "rew")])
    #expect(map?.notes == [.emptyRun(text)])
  }

  @Test(arguments: ["", "0x", "0x123456789", "12G4", "-100", "0x 100"])
  func `a group without a sound address is left out`(address: String) {
    let map = MemoryMap.parse("@X/\(address)/1*16 g/0x1000/2*16 g")
    #expect(map?.segments == [run(0x1000, 2, 16, "rew")])
    #expect(map?.notes == [.malformedGroup(address)])
  }

  @Test(arguments: ["0x8000000", " 0x08000000 ", "08000000", "0X08000000", "8000000"])
  func `an address may have blanks around it and no prefix`(address: String) {
    let map = MemoryMap.parse("@X/\(address)/1*16 g")
    #expect(map?.segments == [run(0x0800_0000, 1, 16, "rew")])
    #expect(map?.notes == [])
  }

  @Test func `a slash at the end opens no group`() {
    let map = MemoryMap.parse("@X/0x100/1*16 g/")
    #expect(map?.segments == [run(0x100, 1, 16, "rew")])
    #expect(map?.notes == [])
  }

  @Test func `NULs inside the string are left out`() {
    let map = MemoryMap.parse("@Internal Flash/0x08000000/4*032\0g\0\0")
    #expect(map?.segments == [run(0x0800_0000, 4, 32, "rew")])
    #expect(map?.notes == [.charactersDropped(count: 3)])
  }

  @Test func `a segment may end where the address space ends`() {
    let map = MemoryMap.parse("@X/0xFFFF0000/64*1Kg")
    #expect(map?.segments == [run(0xFFFF_0000, 64, 1024, "rew")])
    #expect(map?.segments.first?.end == 0x1_0000_0000)
    #expect(map?.notes == [])
  }

  @Test func `sectors beyond the address space are left out`() {
    let map = MemoryMap.parse("@X/0xFFFF0000/65*1Kg,1*1Kg/0x0/1*1Kg")
    #expect(map?.segments == [run(0xFFFF_0000, 64, 1024, "rew"), run(0, 1, 1024, "rew")])
    #expect(map?.notes == [.beyondAddressSpace("65*1Kg")])
  }

  @Test func `the largest run there can be costs one segment`() {
    let map = MemoryMap.parse("@X/0x0/99999*99999Mg")
    #expect(map?.segments == [])
    #expect(map?.notes == [.beyondAddressSpace("99999*99999Mg")])
    let small = MemoryMap.parse("@X/0x0/99999*42949Bg")
    #expect(small?.segments == [run(0, 99_999, 42_949, "rew")])
    #expect(small?.notes == [])
  }

  @Test func `more runs than a descriptor can hold are left out`() {
    let runs = Array(repeating: "1*1 g", count: 1000).joined(separator: ",")
    let map = MemoryMap.parse("@X/0x0/" + runs)
    #expect(map?.segments.count == 64)
    #expect(map?.notes == [.tooManyRuns(limit: 64)])
  }

  @Test func `a segment is found by address, up to its end`() throws {
    let map = try #require(MemoryMap.parse("@Internal Flash/0x08000000/04*016Kg,01*064Kg"))
    #expect(map.segment(at: 0x07FF_FFFF) == nil)
    #expect(map.segment(at: 0x0800_FFFF) == map.segments[0])
    #expect(map.segment(at: 0x0801_0000) == map.segments[1])
    #expect(map.segment(at: 0x0802_0000) == nil)
  }

  @Test(
    arguments: [
      (0x1000..<0x1400, true), (0x13FF..<0x1401, true), (0x1000..<0x1800, true),
      (0x1000..<0x1801, false), (0x0FFF..<0x1001, false), (0x17FF..<0x2001, false),
      (0x2000..<0x2400, true), (0x1000..<0x1000, true), (0x1800..<0x1800, false),
    ] as [(Range<UInt64>, Bool)])
  func `a range is contained when segments cover all of it`(range: Range<UInt64>, inside: Bool) {
    let map = MemoryMap.parse("@X/0x1000/1*1Kg,1*1Ka/0x2000/1*1Kg")
    #expect(map?.contains(range) == inside)
  }

  @Test func `every prefix of a map gives a map whose segments lie apart`() throws {
    let text = "@X : Y  /0x08000000/04*016Kg,01*064 g,07*128Kg/0x1FFF7800/01*512.e,01*016 e"
    for length in 1...text.count {
      let map = try #require(MemoryMap.parse(String(text.prefix(length))))
      let ranges = map.segments.map(\.range).sorted { $0.lowerBound < $1.lowerBound }
      #expect(zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound <= $1.lowerBound })
    }
  }
}
