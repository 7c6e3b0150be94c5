import DfuseDevice
import DfuseSimulator
import Flashing
import Foundation

let arguments = CommandLine.arguments
guard arguments.count == 2 || arguments.count == 3 else {
  print("usage: flash-board FIRMWARE [SIMULATED-CHIP]     such as stm32f405")
  exit(64)
}
do {
  let file = [UInt8](try Data(contentsOf: URL(fileURLWithPath: arguments[1])))
  let result: FlashResult
  if let chip = arguments.dropFirst(2).first.map(SimulatedChip.named) {
    guard let chip else {
      print("error: there is no such chip")
      exit(64)
    }
    result = try flash(file, on: SimulatedBus([SimulatedBoard(chip)]), tell: { print($0) })
  } else {
    result = try flash(file, on: LibUSBBus(), tell: { print($0) })
  }
  print("\(result.bytesWritten) bytes written, verified: \(result.isVerified)")
} catch {
  print("error: \(error)")
  exit(74)
}
