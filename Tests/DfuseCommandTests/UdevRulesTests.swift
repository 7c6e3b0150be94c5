import DfuseDevice
import SystemPackage
import Testing

@testable import dfuse

@Suite struct UdevRulesTests {
  @Test func `the file for packagers is the text in the program`() throws {
    let root = FilePath(#filePath).removingLastComponent().removingLastComponent()
      .removingLastComponent()
    let path = root.appending("udev").appending(UdevRules.fileName)
    let file = try FileDescriptor.open(path, .readOnly)
    var bytes: [UInt8] = Array(repeating: 0, count: 65_536)
    let count = try file.closeAfter {
      try unsafe bytes.withUnsafeMutableBytes { try unsafe file.read(into: $0) }
    }
    #expect(String(decoding: bytes.prefix(count), as: UTF8.self) == UdevRules.text)
  }

  @Test func `the rule for STM32 bootloaders matches the whole device and no interface of it`() {
    let rules = UdevRules.text.split(separator: "\n").filter { !$0.hasPrefix("#") }
    #expect(
      rules.first == """
        SUBSYSTEM=="usb", ENV{DEVTYPE}=="usb_device", \
        ATTR{idVendor}=="0483", ATTR{idProduct}=="df11", \
        MODE="0660", GROUP="plugdev", TAG+="uaccess"
        """)
    #expect(rules.count == KnownDevice.all.count)
  }

  @Test(arguments: ["28e9:0189", "2e3c:df11", "314b:0106", "3997:df11", "1d50:607f"])
  func `a clone has its rule, in lower case as sysfs writes ids`(id: String) {
    let parts = id.split(separator: ":")
    let match = #"ATTR{idVendor}=="\#(parts[0])", ATTR{idProduct}=="\#(parts[1])""#
    #expect(UdevRules.text.contains(match))
  }

  @Test func `the file sorts before the rules that hand devices to the seated user`() {
    #expect(UdevRules.fileName < "73-seat-late.rules")
  }
}
