import DfuseDevice
import DfuseFormat

/// Flashes a file to the one board that is there, and starts it.
///
/// `bus` is USB, or a simulated bus.
public func flash(
  _ file: [UInt8], on bus: some USBBus, tell: @escaping (String) -> Void
) throws -> FlashResult {
  let firmware = try Firmware(reading: file)
  let board = try DeviceFilter().select(from: bus.devices())
  var flasher = Flasher(
    transport: try bus.open(board),
    report: { event in
      switch event {
      case .started(let phase, let total): tell("\(phase): \(total) bytes")
      case .note(let note): tell("note: \(note)")
      case .planned, .advanced, .finished, .repeating: break
      }
    })
  let plan = try flasher.plan(firmware, options: FlashOptions())  // changes nothing
  let result = try flasher.run(plan)  // erases, writes, verifies
  switch try flasher.leave(to: plan.programStart) {
  case .left(.returned(let device)): tell("the board came back as \(device.usbID)")
  case .left(.gone): tell("the board left the bus")
  case .left(.stillThere), .stayed: tell("the board stays in its bootloader")
  }
  return result
}
