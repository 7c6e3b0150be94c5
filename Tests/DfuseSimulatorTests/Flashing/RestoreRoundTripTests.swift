import DfuseSimulator
import Testing

@testable import RestoreWalk

/// Snapshot, other bytes and option fields, restore, snapshot: the two containers are the same bytes, also
/// when the restore was cut.
///
/// `Scripts/walk` cuts it on whole chips as well.
@Suite struct RestoreRoundTripTests {
  @Test(arguments: SimulatedChip.all.map(\.name))
  func `on four sectors of every chip, cut at each request`(_ name: String) throws {
    let found = WalkedRestore(try TestProgram.chip(name), isWhole: false).run()
    #expect(found.problems == [])
    #expect(found.cuts > 20)
    #expect(found.runs > 5)
    if OptionSettingTests.names.contains(name) { #expect(found.fields > 3) }
  }

  @Test(arguments: RestoreWalk.families)
  func `on a whole chip of each family`(_ name: String) throws {
    let found = WalkedRestore(try TestProgram.chip(name), isWhole: true, isCut: false).run()
    #expect(found.problems == [])
  }
}
