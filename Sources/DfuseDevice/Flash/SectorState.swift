/// What a look at the board has told about one sector.
enum SectorState: Hashable {
  /// Nothing: it was not looked at.
  case unread
  /// It holds the image's bytes.
  case same
  /// It is erased wherever the image has bytes.
  case blank
  /// It holds something else.
  case different
}
