/// Misbehaviours of single devices, as data.
package struct Quirks: Hashable, Sendable {
  /// Erases at or above this address are done but never reported as done (H743 revision V, bank 2;
  /// betaflight-configurator#1861, dfu-util ticket 88).
  package var staysBusyErasingFrom: UInt32?
  /// Erases at or above this address are reported as done but not done (F42x V9.0 and V9.1 in
  /// dual-bank mode, AN2606).
  package var ignoresEraseFrom: UInt32?
  /// Erases at or above this address are reported as done at once and go on (H74x V9.1, AN2606);
  /// until they are, what is written there is lost.
  package var reportsEraseEarlyFrom: UInt32?
  /// A write of more than 256 bytes that is no multiple of 8 is corrupted (L47x V10.1 to V10.3,
  /// L43x V9.1; AN2606).
  package var corruptsLongOddWrites = false
  /// The functional descriptor is that of DFU 1.0, 7 bytes without a version (clones;
  /// flashfloppy#462).
  package var hasShortFunctionalDescriptor = false
  /// A DFU_GETSTATUS before the reported time makes the chip drop the work and say it is done
  /// (F070/F072; dfu-util ticket 78).
  package var skipsWorkWhenPolledEarly = false
  /// A mass erase is reported as done and nothing happens (ST's USB device library).
  package var ignoresMassErase = false
  /// Set Address takes any address; the next read or write fails instead (ST's USB device library).
  package var acceptsAnyAddress = false
  /// Under read protection already Set Address fails (seen by betaflight-configurator).
  package var refusesAddressWhenProtected = false
  /// A write of option bytes is reported as done and nothing happens.
  package var ignoresOptionBytes = false
  /// The request for the list of commands is never answered.
  package var answersNoCommandList = false
  /// Every upload of memory is refused, whatever `bmAttributes` says.
  package var refusesUploads = false
  /// GET_DESCRIPTOR for the DFU functional descriptor is never answered (STM32C5,
  /// betaflight-configurator#5300).
  package var ignoresFunctionalDescriptorRequest = false
  /// Leaving without a Set Address before fails (C071, LibUsbDfu#13).
  package var leaveNeedsAddress = false
  /// `bLength` of the alternate settings' strings, when it lies (F42x/F43x: 166 for 112 bytes).
  package var statedStringLength: UInt8?
  /// The serial number is 8-bit text instead of UTF-16 (GD32).
  package var eightBitSerial = false
  /// Every media failure is reported with this status, if set.
  package var mediaFailure: UInt8?
  /// Texts of failures by `iString` (MicroPython's mboot: errADDRESS with string 0x11).
  package var failureTexts: [UInt8: String] = [:]
  /// State and status right after power-on instead of dfuIDLE (F407 V2.1: dfuERROR, errFIRMWARE).
  package var powerOnError: UInt8?

  /// What the firmware holds in its buffer and counts its blocks by, where its descriptor says
  /// something else: a descriptor of 0 or 0xFFFF says nothing.
  package var countsBlocksBy: UInt16?

  /// No quirk at all.
  package init() {}
}
