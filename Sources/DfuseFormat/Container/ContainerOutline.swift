/// What a container holds, but for the data: enough to lay the file out before any data are read.
///
/// - SeeAlso: ST UM0391, DfuSe File Format Specification.
public struct ContainerOutline: Hashable, Sendable {
  /// Where a piece of data belongs, and how much it is.
  public struct Element: Hashable, Sendable {
    /// Address of the first byte (`dwElementAddress`).
    public var address: UInt32
    /// Bytes of data (`dwElementSize`); an element has at least one.
    public var size: Int

    /// Makes an element.
    public init(address: UInt32, size: Int) {
      self.address = address
      self.size = size
    }

    /// The addresses of the data.
    ///
    /// 64 bits wide, because it may end at 0x1_0000_0000.
    public var range: Range<UInt64> {
      UInt64(address)..<(UInt64(address) + UInt64(max(size, 0)))
    }
  }

  /// What belongs into the memory behind one alternate setting.
  public struct Target: Hashable, Sendable {
    /// The memory's alternate setting (`bAlternateSetting`).
    public var alternateSetting: UInt8
    /// Name for people (`szTargetName`), at most 255 bytes of UTF-8; nil when `bTargetNamed` is 0.
    public var name: String?
    /// The pieces of data, in the order of the file.
    public var elements: [Element]

    /// Makes a target.
    public init(alternateSetting: UInt8, name: String? = nil, elements: [Element]) {
      self.alternateSetting = alternateSetting
      self.name = name
      self.elements = elements
    }

    /// Bytes that the target takes behind its prefix (`dwTargetSize`).
    var size: UInt64 {
      elements.reduce(0) {
        $0 + UInt64(DfuseLayout.elementHeaderSize) + UInt64($1.range.count)
      }
    }
  }

  /// Release of the firmware (`bcdDevice`); 0xFFFF: not said.
  public var deviceVersion: UInt16
  /// Product that the container is for (`idProduct`); 0xFFFF: any.
  public var productID: UInt16
  /// Vendor that the container is for (`idVendor`); 0xFFFF: any.
  public var vendorID: UInt16
  /// The targets, in the order of the file; several may name the same alternate setting.
  public var targets: [Target]

  /// Makes an outline; the ids are by default those of ST's bootloaders, 0483:DF11.
  public init(
    deviceVersion: UInt16 = 0xFFFF, productID: UInt16 = 0xDF11, vendorID: UInt16 = 0x0483,
    targets: [Target]
  ) {
    self.deviceVersion = deviceVersion
    self.productID = productID
    self.vendorID = vendorID
    self.targets = targets
  }

  /// Length of the container as a file, in bytes.
  public var encodedSize: UInt64 {
    targets.reduce(UInt64(DfuseLayout.prefixSize + DFUSuffix.size)) {
      $0 + UInt64(DfuseLayout.targetPrefixSize) + $1.size
    }
  }
}

extension ContainerOutline {
  /// Checks what the format can hold, but not whether elements share addresses.
  func checkLimits() throws(FormatError) {
    guard (1...255).contains(targets.count) else { throw .notPackable(.targetCount(targets.count)) }
    guard encodedSize <= UInt64(UInt32.max) else { throw .notPackable(.tooLarge(encodedSize)) }
    for (index, target) in targets.enumerated() {
      try target.checkLimits(index: index)
    }
  }

  /// Checks that no address of a memory is claimed twice.
  ///
  /// Targets may share an alternate setting, but not memory: the later one would erase or overwrite
  /// what the earlier one brought.
  func checkAddresses() throws(FormatError) {
    for alternateSetting in Set(targets.map(\.alternateSetting)).sorted() {
      let ranges = targets.filter { $0.alternateSetting == alternateSetting }
        .flatMap(\.elements).map(\.range)
      let order = ranges.indices.sorted {
        (ranges[$0].lowerBound, $0) < (ranges[$1].lowerBound, $1)
      }
      for (one, other) in zip(order, order.dropFirst())
      where ranges[other].lowerBound < ranges[one].upperBound {
        throw .repeatedData(new: ranges[max(one, other)], existing: ranges[min(one, other)])
      }
    }
  }
}

extension ContainerOutline.Target {
  fileprivate func checkLimits(index: Int) throws(FormatError) {
    if let text = name?.utf8 {
      guard text.count <= DfuseLayout.targetNameSize else {
        throw .notPackable(.nameTooLong(bytes: text.count))
      }
      guard !text.contains(0) else { throw .notPackable(.nameHoldsNUL) }
    }
    guard !elements.isEmpty else { throw .notPackable(.noElements(target: index)) }
    for (number, element) in elements.enumerated() {
      guard element.size > 0 else {
        throw .notPackable(.emptyElement(target: index, element: number))
      }
      guard element.range.upperBound <= 1 << 32 else {
        throw .outsideAddressSpace(address: UInt64(element.address), size: UInt64(element.size))
      }
    }
  }
}
