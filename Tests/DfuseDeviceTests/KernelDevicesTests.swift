import Foundation
import Testing

@testable import DfuseDevice

/// The kernel's own files of USB devices, in a folder made like them.
@Suite struct KernelDevicesTests {
  let root: URL

  init() throws {
    root = FileManager.default.temporaryDirectory
      .appendingPathComponent("dfuse-sysfs-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
  }

  private func device(_ name: String, bus: String, address: String, product: String? = nil) throws {
    let folder = root.appendingPathComponent(name)
    try? FileManager.default.removeItem(at: folder)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Data((bus + "\n").utf8).write(to: folder.appendingPathComponent("busnum"))
    try Data((address + "\n").utf8).write(to: folder.appendingPathComponent("devnum"))
    if let product {
      try Data((product + "\n").utf8).write(to: folder.appendingPathComponent("product"))
    }
  }

  @Test func `devices are found by their folders, interfaces are left out`() throws {
    try device("usb1", bus: "1", address: "1")
    try device("1-1.3", bus: "1", address: "17", product: "STM32  BOOTLOADER")
    try device("1-1.3:1.0", bus: "1", address: "99")
    try FileManager.default.createDirectory(
      at: root.appendingPathComponent("1-9"), withIntermediateDirectories: true)
    let kernel = try #require(KernelDevices(sysfs: root.path))
    #expect(Set(kernel.devices.map(\.address)) == [1, 17])
    #expect(kernel.device(bus: 1, address: 17) != nil)
    #expect(kernel.device(bus: 2, address: 17) == nil)
    let strings = KernelDevices.strings(at: "1-1.3", sysfs: root.path)
    #expect(strings.product == "STM32  BOOTLOADER")
    #expect(strings.serialNumber == nil)
    #expect(KernelDevices.strings(at: "../1-1.3", sysfs: root.path).product == nil)
  }

  @Test func `the same address of another plug-in is another device`() throws {
    try device("1-1", bus: "1", address: "5")
    let before = try #require(KernelDevices(sysfs: root.path))
    #expect(KernelDevices(sysfs: root.path) == before)
    let old = root.appendingPathComponent("1-1")
    try FileManager.default.moveItem(at: old, to: root.appendingPathComponent("gone:"))
    try device("1-1", bus: "1", address: "5")
    #expect(KernelDevices(sysfs: root.path) != before)
  }

  @Test func `a device that came after the kernel was looked at is numbered all the same`() throws {
    try device("usb1", bus: "1", address: "1")
    let before = try #require(KernelDevices(sysfs: root.path))
    try device("1-1", bus: "1", address: "5")
    let after = try #require(KernelDevices(sysfs: root.path))
    let numbers = [1, 5].map { after.device(bus: 1, address: $0)?.file ?? 0 }
    #expect(!numbers.contains(0))
    let list: [(bus: UInt8, address: UInt8)] = [(1, 1), (1, 5)]
    #expect(before.plugIns(of: list, orNewer: { after }) == numbers)
    // What has left meanwhile is not a plug-in; where nothing newer is to be had, nobody knows.
    #expect(after.plugIns(of: [(1, 1), (1, 6)], orNewer: { after }) == [numbers[0], nil])
    #expect(before.plugIns(of: list, orNewer: { nil }) == [numbers[0], 0])
    // Nothing newer is asked for where nothing is missing.
    var isAsked = false
    let known = before.plugIns(of: [(1, 1)]) {
      isAsked = true
      return after
    }
    #expect(known == [numbers[0]] && !isAsked)
  }

  @Test(arguments: ["", "x", "300", "-1"])
  func `a number that is none leaves its device out`(text: String) throws {
    try device("usb1", bus: "1", address: "1")
    try device("1-1", bus: "1", address: text)
    #expect(try #require(KernelDevices(sysfs: root.path)).devices.count == 1)
  }

  @Test func `where the kernel shows nothing, nothing is said`() {
    #expect(KernelDevices(sysfs: root.path) == nil)
    #expect(KernelDevices(sysfs: root.path + "/missing") == nil)
    #expect(KernelDevices(usbfs: root.path) == nil)
  }

  @Test func `a device without a node is found out`() throws {
    try device("1-1", bus: "1", address: "5")
    try device("1-2", bus: "1", address: "12")
    let nodes = root.appendingPathComponent("nodes/001")
    func lacksNode(_ address: UInt8) -> Bool {
      KernelDevices.lacksNode(
        bus: 1, address: address, sysfs: root.path, usbfs: root.path + "/nodes")
    }
    #expect(lacksNode(5))
    try FileManager.default.createDirectory(at: nodes, withIntermediateDirectories: true)
    try Data().write(to: nodes.appendingPathComponent("012"))
    #expect(lacksNode(5))
    #expect(!lacksNode(12))
    // What the kernel does not have has left.
    #expect(!lacksNode(6))
  }

  @Test func `nodes of devices do as well`() throws {
    for (bus, address) in [("001", "001"), ("001", "012"), ("002", "001")] {
      let folder = root.appendingPathComponent(bus)
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try Data().write(to: folder.appendingPathComponent(address))
    }
    try Data().write(to: root.appendingPathComponent("001/no-number"))
    let kernel = try #require(KernelDevices(usbfs: root.path))
    #expect(kernel.devices.count == 3)
    #expect(kernel.device(bus: 1, address: 12) != nil)
  }
}
