/// The pieces of an image as an input gives them, in any order.
///
/// A piece is a stretch of a common pool of bytes: pieces are cheap, also a million of them. The
/// image is made at the end, in order of address, so that no order of records is slow.
struct PieceTable {
  /// Some bytes of the pool and where they belong.
  struct Piece {
    /// Where the bytes begin in the pool.
    var offset: Int
    /// Their number, never 0.
    var count: Int
    /// Where the input says it: the offset in the input to point at.
    var source: Int
    /// The address of the first byte.
    var address: UInt32

    /// The addresses of the bytes.
    var range: Range<UInt64> { UInt64(address)..<(UInt64(address) + UInt64(count)) }
  }

  /// Two pieces that differ in the byte of one address.
  struct Conflict: Error {
    /// The piece that came later.
    var new: Piece
    /// The first piece that has the address.
    var existing: Piece
    /// The lowest address where any two pieces differ.
    var firstDifference: UInt64
  }

  /// The pieces, in the order of the input.
  private(set) var pieces: [Piece] = []
  /// Whether the pieces came in rising order of address so far.
  private var isInOrder = true

  /// Notes a piece; the caller has checked that it ends at or below 0x1_0000_0000.
  mutating func append(_ piece: Piece) {
    guard piece.count > 0 else { return }
    if let last = pieces.last, piece.address < last.address { isInOrder = false }
    pieces.append(piece)
  }

  /// Unites the pieces.
  ///
  /// - Parameter pool: The bytes that the pieces' offsets mean.
  /// - Returns: The image.
  /// - Throws: ``Conflict`` if two pieces differ in the byte of an address.
  func image(pool: [UInt8]) throws(Conflict) -> MemoryImage {
    let sorted =
      isInOrder
      ? pieces
      : pieces.sorted { ($0.address, $0.source) < ($1.address, $1.source) }
    var image = MemoryImage()
    for piece in sorted {
      do {
        try image.insert(
          pool[piece.offset..<(piece.offset + piece.count)], at: UInt64(piece.address))
      } catch {
        throw conflict(after: error, piece, pool: pool)
      }
    }
    return image
  }

  /// Finds the two pieces behind an error, which knows of merged runs only.
  private func conflict(after error: FormatError, _ piece: Piece, pool: [UInt8]) -> Conflict {
    var conflict = Conflict(
      new: piece, existing: piece, firstDifference: piece.range.lowerBound)
    guard case .overlap(_, _, let address) = error else { return conflict }
    conflict.firstDifference = address
    func byte(_ piece: Piece) -> UInt8 {
      pool[piece.offset + Int(address - UInt64(piece.address))]
    }
    let claims = pieces.filter { $0.range.contains(address) }
    guard let first = claims.first else { return conflict }
    conflict.existing = first
    if let second = claims.first(where: { byte($0) != byte(first) }) { conflict.new = second }
    return conflict
  }
}
