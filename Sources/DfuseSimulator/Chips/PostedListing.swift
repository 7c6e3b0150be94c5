/// What one device says of itself, as somebody posted it.
package struct PostedListing: Hashable, Sendable {
  /// Its name here.
  package let key: String
  /// The line of parts as AN2606 has it without `STM32`, or the board.
  package let chip: String
  /// Whether that is the poster's word.
  package let isNamed: Bool
  package let vendorID: UInt16?
  package let productID: UInt16?
  package let bcdDevice: UInt16?
  package let manufacturer: String?
  package let product: String?
  package let serial: String?
  package let transferSize: UInt16?
  package let bcdDFUVersion: UInt16?
  /// `bmAttributes` of the functional descriptor.
  package let attributes: UInt8?
  /// Where it was posted.
  package let source: String
  /// The names of its alternate settings, in their order.
  package let strings: [String]

  /// Whether it is the source of a bootloader that tells, and nobody who saw a device.
  package var isFromSource: Bool { key.hasSuffix("-src") }

  /// One of a listing's strings; empty where there is none, which a test finds.
  static func string(_ key: String, _ number: Int = 0) -> String {
    let strings = all[key]?.strings ?? []
    return strings.indices.contains(number) ? strings[number] : ""
  }

  /// A listing's serial number; empty where there is none, which a test finds.
  static func serial(_ key: String) -> String { all[key]?.serial ?? "" }

  /// Reads a line of the list; nil for one that lacks columns.
  init?(_ line: Substring) {
    let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    guard fields.count > 11 else { return nil }
    let known = fields.map { $0 == "-" ? nil : $0 }
    key = fields[0]
    isNamed = !fields[1].hasSuffix("?")
    chip = isNamed ? fields[1] : String(fields[1].dropLast())
    let ids = (known[2] ?? "").split(separator: ":").map { UInt16($0, radix: 16) }
    (vendorID, productID) = ids.count == 2 ? (ids[0], ids[1]) : (nil, nil)
    bcdDevice = known[3].flatMap { UInt16($0, radix: 16) }
    (manufacturer, product, serial) = (known[4], known[5], known[6])
    transferSize = known[7].flatMap { UInt16($0) }
    bcdDFUVersion = known[8].flatMap { UInt16($0, radix: 16) }
    attributes = known[9].flatMap { UInt8($0, radix: 16) }
    source = fields[10]
    strings = Array(fields[11...])
  }
}

extension USBFacts {
  /// What the listing with a key has, and these facts where it has nothing.
  ///
  /// Where several listings show one device, each adds to those before, and the last has the maps. A
  /// test looks up every key that is used.
  ///
  /// - Parameters:
  ///   - key: The listing's key.
  ///   - others: Strings behind those of the listing, whose poster left them out: those of a relative.
  /// - Returns: The facts of both.
  func posted(_ key: String, others: [String] = []) -> USBFacts {
    var facts = self
    facts.listings.append(key)
    guard let posted = PostedListing.all[key] else { return facts }
    facts.vendorID = posted.vendorID ?? vendorID
    facts.productID = posted.productID ?? productID
    facts.bcdDevice = posted.bcdDevice ?? bcdDevice
    facts.manufacturer = posted.manufacturer ?? manufacturer
    facts.product = posted.product ?? product
    facts.serial = posted.serial ?? serial
    facts.transferSize = posted.transferSize ?? transferSize
    facts.bcdDFUVersion = posted.bcdDFUVersion ?? bcdDFUVersion
    facts.attributes = posted.attributes ?? attributes
    facts.maps = posted.strings + others
    return facts
  }

  /// Whether every map is in one of its own listings.
  var mapsArePosted: Bool {
    let strings = listings.flatMap { PostedListing.all[$0]?.strings ?? [] }
    return maps.allSatisfy(strings.contains)
  }
}
