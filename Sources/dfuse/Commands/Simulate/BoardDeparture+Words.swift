import DfuseDevice
import DfuseSimulator

extension BoardDeparture {
  /// What became of a board, and what is there when it is attached again; goes behind its bus id.
  ///
  /// A bootloader does not come back by itself over USB/IP: clients attach, servers do not.
  func words(afterLeave: AfterLeave) -> String {
    let replug = "attach it again (a replug with BOOT0 set) to have the bootloader"
    return switch self {
    case .unplugged: "detached"
    case .firmwareUnplugged: "detached, and its firmware ended; \(replug)"
    case .left(.application):
      switch afterLeave {
      case .application:
        "left its bootloader: the firmware runs; attach it again to have the firmware's device, "
          + USBID(
            vendorID: ApplicationModel.vendorID, productID: ApplicationModel.productID
          ).description
      case .nothing: "left its bootloader: the firmware runs, without USB; \(replug)"
      }
    case .left(.bootloaderAgain): "reset itself; attach it again to have the bootloader"
    case .left(.nothing): "went off the bus, and no firmware runs; \(replug)"
    }
  }
}
