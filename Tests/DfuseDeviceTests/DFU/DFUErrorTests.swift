import Testing

@testable import DfuseDevice

@Suite struct DFUErrorTests {
  @Test(arguments: [
    (
      DFUError.usb(.stall, during: .erasing(address: 0x0801_0000, size: 65_536)),
      "erasing 0x0801_0000 (64 KiB) failed: the device refused the request"
    ),
    (
      .usb(.timedOut, during: .gettingCommands),
      "asking for the commands failed: the device did not answer in time"
    ),
    (
      .usb(.disconnected, during: .leaving), "starting the firmware failed: the device left the bus"
    ),
    (
      .usb(.accessDenied, during: .entering),
      "bringing the device to dfuIDLE failed: this user may not open the device"
    ),
    (
      .usb(.busy, during: .selecting(alternateSetting: 1)),
      "selecting alternate setting 1 failed: another program or driver holds the interface"
    ),
    (
      .usb(.noDriver, during: .entering),
      "bringing the device to dfuIDLE failed: no driver that can be used is bound to the device"
    ),
    (
      .usb(.noNode, during: .entering),
      "bringing the device to dfuIDLE failed: the device has no node in /dev/bus/usb"
    ),
    (
      .usb(.overflow, during: .reading(address: 0x1FFF_7800, count: 40)),
      "reading 40 bytes at 0x1fff_7800 failed: the device sent more than was asked for"
    ),
    (
      .usb(.noBus, during: .aborting),
      "ending the transfer failed: there is no USB on this machine"
    ),
    (
      .usb(.badDescriptor(reason: "cut short"), during: .massErasing),
      "erasing the whole flash failed: the device's descriptors cannot be understood: cut short"
    ),
    (
      .usb(
        .other(call: "libusb_control_transfer", code: -1, name: "LIBUSB_ERROR_IO"),
        during: .unprotecting),
      "removing the read protection failed: libusb_control_transfer returned LIBUSB_ERROR_IO (-1)"
    ),
    (
      .device(
        .errWRITE, state: .dfuERROR, text: nil,
        during: .writing(address: 0x0800_0800, count: 2048)),
      "writing 2048 bytes at 0x0800_0800 failed: the device reports errWRITE in dfuERROR"
    ),
    (
      .device(
        .errADDRESS, state: .dfuERROR, text: "Address out of range",
        during: .settingAddress(0x2000_0000)),
      "setting the address 0x2000_0000 failed: the device reports errADDRESS in dfuERROR "
        + "(\"Address out of range\")"
    ),
    (
      .unexpectedState(
        found: .dfuIDLE, expected: [.dfuDNBUSY, .dfuDNLOADIDLE],
        during: .erasing(address: 0x0800_0000, size: 128)),
      "erasing 0x0800_0000 (128 bytes) failed: the device is in dfuIDLE, expected was dfuDNBUSY "
        + "or dfuDNLOAD-IDLE"
    ),
    (
      .unknownState(15, during: .reading(address: 0x0800_0000, count: 2)),
      "reading 2 bytes at 0x0800_0000 failed: the device reports state 15, which does not exist"
    ),
    (
      .malformedReply([0x00, 0x0A], during: .leaving),
      "starting the firmware failed: the status reply is not 6 bytes long: 00 0A"
    ),
    (
      .malformedReply([], during: .leaving),
      "starting the firmware failed: the status reply is not 6 bytes long: no bytes"
    ),
    (
      .stillBusy(
        after: .milliseconds(30_200), during: .erasing(address: 0x0802_0000, size: 131_072)),
      "erasing 0x0802_0000 (128 KiB) failed: the device is still busy after 30.2 s"
    ),
    (
      .stillBusy(after: .milliseconds(250), during: .massErasing),
      "erasing the whole flash failed: the device is still busy after 250 ms"
    ),
    (
      .stillBusy(after: .seconds(120), during: .massErasing),
      "erasing the whole flash failed: the device is still busy after 120 s"
    ),
    (
      .illegalRequest(.upload, state: .dfuDNBUSY, during: .gettingCommands),
      "asking for the commands failed: DFU_UPLOAD must not be sent in dfuDNBUSY"
    ),
    (
      .illegalRequest(.dnloadEmpty, state: nil, during: .leaving),
      "starting the firmware failed: DFU_DNLOAD without data must not be sent in an unknown state"
    ),
    (
      .illegalBlock(1, count: 4096, transferSize: 2048),
      "block 1 of 4096 bytes cannot be transferred (transfer size 2048)"
    ),
    (
      .notOffered(listed: [0x00, 0x21, 0x41], during: .unprotecting),
      "removing the read protection failed: the device offers only the commands 00 21 41"
    ),
    (
      .notOffered(listed: nil, during: .massErasing),
      "erasing the whole flash failed: the device does not list its commands"
    ),
    (
      .cannotRecover(bState: 7, status: .ok),
      "the device stays in dfuMANIFEST with OK and does not come to dfuIDLE"
    ),
    (
      .cannotRecover(bState: 15, status: .errSTALLEDPKT),
      "the device stays in the unknown state 15 with errSTALLEDPKT and does not come to dfuIDLE"
    ),
  ])
  func `an error says what and why in one sentence`(error: DFUError, sentence: String) {
    #expect(error.description == sentence)
  }

  @Test(arguments: [
    (
      EntryStep.cleared(.errFIRMWARE, text: nil),
      "an earlier session left it in dfuERROR with errFIRMWARE; cleared"
    ),
    (
      .cleared(.errADDRESS, text: "Address out of range"),
      "an earlier session left it in dfuERROR with errADDRESS (\"Address out of range\"); cleared"
    ),
    (.aborted(.dfuUPLOADIDLE), "an earlier session left it in dfuUPLOAD-IDLE; aborted"),
    (.waited(.milliseconds(1500)), "it was busy for 1.5 s"),
    (.freed, "it stayed in dfuDNBUSY; freed"),
    (.foundUnknownState(15), "it was in state 15, which does not exist"),
    (.reset, "it was reset over USB"),
  ])
  func `a step of entering is a clause about the device`(
    step: EntryStep, clause: String
  ) {
    #expect(step.description == clause)
  }
}
