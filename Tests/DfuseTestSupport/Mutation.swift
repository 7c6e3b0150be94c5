/// Damages a file the way transfers, editors and attackers do.
public enum Mutation {
  /// Changes one to four places of a file.
  ///
  /// A place is changed by flipping a bit, writing a byte that often matters, copying a byte from
  /// elsewhere in the file, or leaving out, inserting or repeating a stretch.
  ///
  /// - Parameters:
  ///   - bytes: A file.
  ///   - generator: Decides what happens.
  /// - Returns: The damaged file, possibly empty.
  public static func of(
    _ bytes: [UInt8], using generator: inout SplitMix64
  ) -> [UInt8] {
    var result = bytes
    for _ in 0..<Int.random(in: 1...4, using: &generator) {
      change(&result, using: &generator)
    }
    return result
  }

  private static func change(_ bytes: inout [UInt8], using generator: inout SplitMix64) {
    guard let place = bytes.indices.randomElement(using: &generator),
      let other = bytes.indices.randomElement(using: &generator)
    else { return }
    let telling: [UInt8] = [
      0, 1, 2, 4, 8, 0x0A, 0x0D, 0x20, 0x30, 0x3A, 0x46, 0x53, 0x7F, 0x80, 0xFF,
    ]
    let length = Int.random(in: 1...8, using: &generator)
    let stretch = place..<min(bytes.count, place + length)
    switch Int.random(in: 0..<6, using: &generator) {
    case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
    case 1: bytes[place] = telling.randomElement(using: &generator) ?? 0
    case 2: bytes[place] = bytes[other]
    case 3: bytes.removeSubrange(stretch)
    case 4: bytes.insert(contentsOf: generator.bytes(length), at: place)
    default: bytes.insert(contentsOf: bytes[stretch], at: other)
    }
  }
}
